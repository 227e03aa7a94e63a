"""What all of these tests need of the process that they run in."""

import signal
import sys
from pathlib import Path

# A shell starts its background jobs with SIGINT ignored, and every child would inherit that: none could be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
# The tests of this folder share `watching.py`, in whichever import mode pytest runs.
sys.path.insert(0, str(Path(__file__).parent))
