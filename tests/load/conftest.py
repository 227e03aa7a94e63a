"""The load tests' own modules are a folder of scripts, as Locust loads them."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "loadtests"))
