"""What was submitted is what is executed: a message carries a digest of it.

A flipped bit in a message's body may well leave a message, of a task with other arguments. The digest is no signature: it tells of accidents, and
not of somebody who may write to the broker and computes one of their own.
"""

from __future__ import annotations

import hashlib
from typing import Any

from hardened.journal import canonical


def digest_of(task_id: str, arguments: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(f"{task_id}\n{canonical(arguments)}".encode()).hexdigest()
