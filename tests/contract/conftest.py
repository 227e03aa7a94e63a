"""These tests have a process of their own: schemathesis changes Hypothesis for all that runs beside it."""

import sys
from pathlib import Path

# The tests of this folder share `contract.py`; the lists of planted bugs are those of the serialization suites; the reference systems are
# applications and not installed.
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "serialization"), str(HERE.parents[1] / "system_under_test")]
