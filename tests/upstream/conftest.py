"""These tests share the modules, the profiles and the fixture of `tests/serialization`."""

import sys
from pathlib import Path

# The tests of this folder share modules, in whichever import mode pytest runs; the reference systems are applications and not installed.
TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "upstream"), str(TESTS / "serialization"), str(TESTS.parent / "system_under_test")]

from profiles import results_may_be_waited_for  # noqa: E402, F401
