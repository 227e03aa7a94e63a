"""What all of these tests need of the process that they run in."""

import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# A shell starts its background jobs with SIGINT ignored, and every child would inherit that: none could be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
# The tests of this folder share `watching.py`, in whichever import mode pytest runs.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def browser() -> Iterator[object]:
    """A real browser: the machine's own chromium, without a window."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on PATH; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()
