"""Waiting as pytest_docker_tools does, but asking often: it would ask once a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from pytest_docker_tools.exceptions import TimeoutError  # noqa: A004 - the one that its callers expect.

_ASK_EVERY_S = 0.02


def wait_for_callable(message: str, func: Callable[[], object], timeout: int = 30) -> None:
    """Until `func` answers with something true. Raises pytest_docker_tools' TimeoutError after `timeout` seconds."""
    sys.stdout.write(f"{message}\n")
    deadline = time.monotonic() + timeout
    while not func():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"Timeout of {timeout}s exceeded")
        time.sleep(_ASK_EVERY_S)
