"""An answer over HTTP, as far as it was read. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

MOST_MIB = 16
MOST_BYTES = MOST_MIB << 20
"""A longer answer is not read to its end. That is a limit of ours, and proves nothing against a system."""


class Answer(msgspec.Struct, frozen=True):
    """What came back, as far as it was read; `document`: its JSON, None where it is none."""

    status_code: int
    retry_after: str | None
    body: bytes

    @property
    def retry_after_s(self) -> float:
        """In how many seconds it says to come again; -1 where it does not say so, or in words that no client understands."""
        if self.retry_after is None:
            return -1.0
        if self.retry_after.strip().isascii() and self.retry_after.strip().isdigit():
            return float(self.retry_after[:15])
        try:
            when = parsedate_to_datetime(self.retry_after)
        except ValueError:
            return -1.0
        return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())

    @property
    def too_long(self) -> bool:
        """Whether there was more than anybody wants to read."""
        return len(self.body) > MOST_BYTES

    @property
    def document(self) -> Any:
        """Its JSON, or None."""
        try:
            return None if self.too_long else json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def said(self) -> str:
        """Its beginning, for people."""
        start = self.body[:120].decode("utf-8", "replace")
        more = f" (longer than the {MOST_MIB} MiB that Stormproof reads)" if self.too_long else ""
        return f"HTTP {self.status_code}: {start!r}{more}"
