"""The load tests' own modules are a folder of scripts, as Locust loads them."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What is tested in this process needs no greenlets; whole runs of Locust are processes of their own.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
# They share modules with each other, and `watching.py` with the other tests of real processes.
sys.path[:0] = [str(ROOT / "loadtests"), str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "load")]
