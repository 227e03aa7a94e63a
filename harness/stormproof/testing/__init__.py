"""A conformance kit for other people's brokers, frameworks, drivers and sources of effects.

Call these functions in tests of your own. Each one proves your implementation against real parts, and raises AssertionError with one
sentence that names the first thing that does not hold. None of them needs pytest.
"""

from __future__ import annotations

from stormproof.testing.codec import check_codec
from stormproof.testing.driver import TASK_ID, Behaviour, check_driver
from stormproof.testing.effects import check_effects
from stormproof.testing.framework import check_framework
from stormproof.testing.server import check_server

__all__ = [
    "TASK_ID",
    "Behaviour",
    "check_codec",
    "check_driver",
    "check_effects",
    "check_framework",
    "check_server",
]
