"""What all of these tests need of the process that they run in."""

import signal

# A shell starts its background jobs with SIGINT ignored, and every child would inherit that: none could be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
