"""How hard the suites look: `HYPOTHESIS_PROFILE=ci` (the default: the same examples each time, minutes) or `deep` (hours)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery._state import _set_task_join_will_block
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

_SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
_KEPT = DirectoryBasedExampleDatabase(Path(__file__).parents[2] / ".hypothesis" / "examples")

settings.register_profile("ci", derandomize=True, max_examples=100, print_blob=True, **_SLOW)
# What it finds is kept, and tried first in its next run.
settings.register_profile("deep", max_examples=20_000, database=_KEPT, print_blob=True, **_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
if settings.get_current_profile_name() == "deep":
    os.environ["PYTEST_TIMEOUT"] = "0"  # Hours are what it is for.


@pytest.fixture(autouse=True)
def results_may_be_waited_for() -> Iterator[None]:
    """A worker in this process forbids that, to all that runs there and from then on; each test begins without."""
    _set_task_join_will_block(False)
    yield
    _set_task_join_will_block(False)
