"""The kit can be used in whichever way its user runs tests."""

from __future__ import annotations

import subprocess
import sys


def test_the_kit_is_imported_without_pytest() -> None:
    program = "import sys; sys.modules['pytest'] = None; import stormproof.testing as kit; print(*kit.__all__)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "check_codec" in run.stdout
