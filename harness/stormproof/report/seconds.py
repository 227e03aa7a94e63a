"""What happened in each second of a system's life, and during which faults: for plots of a finished or a running system."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from stormproof.checks.facts import ENDS, PROMISED
from stormproof.history import AnyEvent, Fault, Invoked, Probe, Process, Returned, Sample

COLUMNS = ("t", "submitted", "done", "p50_ms", "p95_ms", "under_way", "queued", "unacked", "workers")
"""The columns of a row. `t` is the end of the second, so no effect shows before its cause. Latencies run from submission to end."""

_REMEMBERED = 10_000

Row = dict[str, float | None]


@dataclass
class Window:
    """A fault, from its injection until it was healed (NaN until then). `bit`: the proof that it bit."""

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
    """Collects rows from a system's events, given in order. `rows`: the last `kept_s` whole seconds; None: all of them."""

    def __init__(self, kept_s: int | None = None) -> None:
        self.rows: deque[Row] = deque(maxlen=kept_s)
        self.windows: dict[str, Window] = {}
        self.now = 0.0
        self._second = _Second()
        self._open: dict[str, float] = {}
        self._ended: dict[str, float | None] = {}
        self._submissions: dict[int, str] = {}
        self._waiting: dict[str, tuple[int, int]] = {}
        self._workers: set[str] = set()

    def take(self, event: AnyEvent) -> None:
        """Process one event. Events that are not in `KINDS` only advance the time."""
        if math.floor(event.t) > math.floor(self.now):
            self.close()
        self.now = max(self.now, event.t)
        if (take := self.KINDS.get(type(event))) is not None:
            take(self, event)

    def close(self) -> None:
        """End the current second."""
        second, self._second = self._second, _Second()
        ms = sorted(1000 * latency for latency in second.latencies_s)
        queued, unacked = (sum(each) for each in zip(*self._waiting.values(), strict=True)) if self._waiting else (0, 0)
        figures = [math.floor(self.now) + 1, second.submitted, len(ms), quantile(ms, 0.5), quantile(ms, 0.95)]
        figures += [len(self._open), queued, unacked, len(self._workers)]
        self.rows.append(dict(zip(COLUMNS, figures, strict=True)))

    def _invoked(self, event: Invoked) -> None:
        if event.kind == "submit" and event.purpose in PROMISED:
            self._second.submitted += 1
            self._submissions[event.op] = event.key
            self._begin(event.key, event.t)

    def _returned(self, event: Returned) -> None:
        key = self._submissions.pop(event.op, "")
        if key and event.outcome != "ok":
            self._open.pop(key, None)

    def _begin(self, key: str, t: float) -> None:
        """A worker may finish before the client's event is recorded, and the same key may be submitted again long after it is done."""
        if key not in self._ended:
            self._open.setdefault(key, t)
        elif (ended := self._ended[key]) is not None:
            self._ended[key] = None
            self._second.latencies_s.append(ended - t)

    def _probe(self, event: Probe) -> None:
        key = event.key
        if event.word not in ENDS or key in self._ended:
            return
        since = self._open.pop(key, None)
        self._ended[key] = event.t if since is None else None
        if since is not None:
            self._second.latencies_s.append(event.t - since)
        if len(self._ended) > _REMEMBERED:
            self._ended.pop(next(iter(self._ended)))

    def _sample(self, event: Sample) -> None:
        self._waiting[event.store] = event.queued, event.unacked

    def _process(self, event: Process) -> None:
        if event.role == "worker":
            (self._workers.add if event.word == "ready" else self._workers.discard)(event.component)

    def _fault(self, event: Fault) -> None:
        if event.stage == "injected":
            self.windows[event.fault] = Window(event.name, event.target, event.t)
        elif (window := self.windows.get(event.fault)) is not None:
            if event.stage == "bit":
                window.bit = event.detail
                return
            window.ended = event.t
            window.failed = event.detail if event.stage == "failed" else ""

    KINDS: ClassVar[dict[type[AnyEvent], Callable[[Seconds, Any], None]]] = {
        Invoked: _invoked,
        Returned: _returned,
        Probe: _probe,
        Sample: _sample,
        Process: _process,
        Fault: _fault,
    }

    @property
    def lanes(self) -> dict[str, list[Any]]:
        """Return the windows of all faults by column, with a lane for each kind of fault and target. Those in force end now."""
        windows = list(self.windows.values())
        return {
            "lane": [f"{window.fault} {window.target}".replace("_", " ") for window in windows],
            "left": [window.began for window in windows],
            "right": [self.now if math.isnan(window.ended) else window.ended for window in windows],
            "state": [window.failed or window.bit or "nothing proves that it bit" for window in windows],
            "in_force": [math.isnan(window.ended) for window in windows],
        }


def quantile(values: list[float], q: float) -> float | None:
    """Return the smallest of sorted values with a share of at least `q` at or below it; None if there are no values."""
    return values[max(0, math.ceil(q * len(values)) - 1)] if values else None


def columns(rows: list[Row]) -> dict[str, list[float | None]]:
    """Return the rows by column."""
    return {name: [row[name] for row in rows] for name in COLUMNS}
