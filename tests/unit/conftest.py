"""The tests of this folder share `stored.py`, in whichever import mode pytest runs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
