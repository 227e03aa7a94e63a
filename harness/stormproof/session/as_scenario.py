"""Turns faults that were injected by hand into a scenario that repeats them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from stormproof.errors import UsageError
from stormproof.history import AnyEvent, Fault, Invoked
from stormproof.spec.scenario import Injection, Scenario
from stormproof.spec.workload import Workload

_BEFORE_S, _AFTER_S = 2.0, 5.0
_FEWEST_TASKS = 8


@dataclass
class _Window:
    injected: float
    healed: float = math.inf


def retold(
    name: str, events: Iterable[AnyEvent], injections: Mapping[str, Injection], now: float, last_s: float
) -> Scenario:
    """Return a scenario of the faults that were injected in the `last_s` seconds before `now`, at the same intervals.

    Its submissions come at the same rate as in that time. `injections`: the injections by their number in the history.
    Raises UsageError if there are none.
    """
    windows: dict[str, _Window] = {}
    submitted: list[float] = []
    for event in events:
        if isinstance(event, Fault) and event.stage == "injected" and event.t >= now - last_s:
            windows[event.fault] = _Window(event.t)
        elif isinstance(event, Fault) and event.stage == "healed" and event.fault in windows:
            windows[event.fault].healed = event.t
        elif isinstance(event, Invoked) and event.kind == "submit" and event.purpose == "workload":
            submitted.append(event.t)
    if not windows:
        raise UsageError(f"nothing was struck in the last {last_s:g} s; strike first, and save then")
    first = min(window.injected for window in windows.values()) - _BEFORE_S
    last = max(min(window.healed, now) for window in windows.values()) + _AFTER_S
    came = sum(first <= t <= last for t in submitted)
    lasted_s = min(last, now) - first
    rate = round(came / lasted_s, 1)
    tasks = max(_FEWEST_TASKS, round(rate * (last - first)))
    storm = tuple(_again(injections[number], window, first, now) for number, window in windows.items())
    return Scenario(
        name=name,
        title=f"{len(storm)} fault{'s' if len(storm) > 1 else ''} within {last - first:.0f} s, as struck by hand",
        workload=Workload(tasks=tasks, rate_per_s=rate) if rate else Workload(),
        storm=tuple(sorted(storm, key=lambda injection: injection.at_s)),
    )


def _again(injection: Injection, window: _Window, first: float, now: float) -> Injection:
    """Make an injection that waited for a frame or a task wait for it again, from the moment at which it came."""
    lasted_s = round(min(window.healed, now) - window.injected, 1)
    return msgspec.structs.replace(
        injection,
        at_s=round(window.injected - first, 1),
        for_s=lasted_s if injection.until is None else injection.for_s,
    )
