"""What happened in each second of a system's life, and while which faults: for plots that are drawn while it lives."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from stormproof.remote import Document
from task_rows import ENDS

KINDS = ("invoked", "returned", "probe", "sample", "process", "fault")
"""The events that are to be taken."""

# `t` is the second's end: nothing is to be seen before what it came of.
COLUMNS = ("t", "submitted", "done", "p50_ms", "p95_ms", "under_way", "queued", "unacked", "workers")
_KEPT_S = 1800
_REMEMBERED = 10_000


@dataclass
class Window:
    """A fault, from when it was injected until it was healed: NaN as long as it is not. `bit`: the proof of it."""

    fault: str
    target: str
    began: float
    ended: float = math.nan
    bit: str = ""
    failed: str = ""


@dataclass
class _Second:
    submitted: int = 0
    latencies_s: list[float] = field(default_factory=list)


class Seconds:
    """Fed with the events of a system in their order. `rows`: by column, the last half hour of whole seconds."""

    def __init__(self) -> None:
        self.rows: deque[dict[str, float | None]] = deque(maxlen=_KEPT_S)
        self.windows: dict[str, Window] = {}
        self.now = 0.0
        self._second = _Second()
        self._open: dict[str, float] = {}
        self._ended: dict[str, float | None] = {}
        self._submissions: dict[int, str] = {}
        self._waiting: dict[str, tuple[int, int]] = {}
        self._workers: set[str] = set()

    def take(self, event: Document) -> None:
        """Take one event into account."""
        if math.floor(event["t"]) > math.floor(self.now):
            self._close()
        self.now = max(self.now, event["t"])
        getattr(self, f"_{event['type']}")(event)

    def _close(self) -> None:
        second, self._second = self._second, _Second()
        ms = sorted(1000 * latency for latency in second.latencies_s)
        queued, unacked = (sum(each) for each in zip(*self._waiting.values(), strict=True)) if self._waiting else (0, 0)
        figures = [math.floor(self.now) + 1, second.submitted, len(ms), _quantile(ms, 0.5), _quantile(ms, 0.95)]
        figures += [len(self._open), queued, unacked, len(self._workers)]
        self.rows.append(dict(zip(COLUMNS, figures, strict=True)))

    def _invoked(self, event: Document) -> None:
        if event["kind"] == "submit":
            self._second.submitted += 1
            self._submissions[event["op"]] = event["key"]
            self._begin(event["key"], event["t"])

    def _returned(self, event: Document) -> None:
        key = self._submissions.pop(event["op"], "")
        if key and event["outcome"] != "ok":
            self._open.pop(key, None)

    def _begin(self, key: str, t: float) -> None:
        """A worker may be faster than the note of the client; and the same may be submitted once more, long after it is done."""
        if key not in self._ended:
            self._open.setdefault(key, t)
        elif (ended := self._ended[key]) is not None:
            self._ended[key] = None
            self._second.latencies_s.append(ended - t)

    def _probe(self, event: Document) -> None:
        key = event.get("key", "")
        if event["word"] not in ENDS or key in self._ended:
            return
        since = self._open.pop(key, None)
        self._ended[key] = event["t"] if since is None else None
        if since is not None:
            self._second.latencies_s.append(event["t"] - since)
        if len(self._ended) > _REMEMBERED:
            self._ended.pop(next(iter(self._ended)))

    def _sample(self, event: Document) -> None:
        self._waiting[event["store"]] = event.get("queued", 0), event.get("unacked", 0)

    def _process(self, event: Document) -> None:
        if event["role"] == "worker":
            (self._workers.add if event["word"] == "ready" else self._workers.discard)(event["component"])

    def _fault(self, event: Document) -> None:
        number, stage, detail = event["fault"], event["stage"], event.get("detail", "")
        if stage == "injected":
            self.windows[number] = Window(event["name"], event.get("target", ""), event["t"])
        elif (window := self.windows.get(number)) is not None:
            if stage == "bit":
                window.bit = detail
                return
            window.ended = event["t"]
            window.failed = detail if stage == "failed" else ""


def _quantile(values: list[float], q: float) -> float | None:
    """Of sorted values, the smallest with a share of at least `q` at or below it; None of nothing."""
    return values[max(0, math.ceil(q * len(values)) - 1)] if values else None


def lanes(seconds: Seconds) -> list[dict[str, Any]]:
    """The windows of all faults, a lane for each kind of fault and target; those in force end now."""
    return [
        {
            "lane": f"{window.fault} {window.target}".replace("_", " "),
            "left": window.began,
            "right": seconds.now if math.isnan(window.ended) else window.ended,
            "state": window.failed or (window.bit or "no proof yet that it bit"),
            "in_force": math.isnan(window.ended),
        }
        for window in seconds.windows.values()
    ]
