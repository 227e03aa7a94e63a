"""The stage lies beside the plays."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
