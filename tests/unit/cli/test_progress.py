"""How a command with many runs says how far it is."""

from __future__ import annotations

import pytest
from stormproof.cli.progress import time_left


@pytest.mark.parametrize(
    ("took_s", "finished", "total", "said"),
    [
        (30.0, 2, 100, ""),
        (60.0, 60, 100, ", about 40 s left"),
        (300.0, 50, 100, ", about 5 min left"),
        (300.0, 100, 100, ""),
        (5.0, 0, 2, ""),
        (5.0, 2, 2, ""),
    ],
)
def test_the_time_that_is_left_goes_by_what_the_finished_runs_took(
    took_s: float, finished: int, total: int, said: str
) -> None:
    assert time_left(took_s, finished, total) == said
