"""The reference systems are applications and not installed: their folder goes on the path, as their working directory
does."""

import sys
from pathlib import Path

SYSTEM_UNDER_TEST = Path(__file__).parents[3] / "system_under_test"
sys.path.insert(0, str(SYSTEM_UNDER_TEST))
