"""These tests have a process of their own: schemathesis changes Hypothesis for all that runs beside it."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# The lists of planted bugs are those of the serialization suites; the reference systems are applications and not installed.
sys.path[:0] = [str(Path(__file__).parents[1] / "serialization"), str(Path(__file__).parents[2] / "system_under_test")]

settings.register_profile(
    "contract", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("contract")
