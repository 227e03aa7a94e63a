"""The smallest schedule that still fails: fewer faults first, then fewer tasks, then simpler timings.

Fewer faults: delta debugging, as in Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
A run may fail by chance, so a candidate is kept only if it fails repeatedly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from stormproof.errors import ScenarioError
from stormproof.spec.scenario import Injection, Scenario
from stormproof.spec.workload import Workload

Fails = Callable[[Scenario], Awaitable[bool]]
"""Makes one real run and returns whether it shows the failure."""


class Shrunk(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest scenario that was found. It failed in `failed` of `runs` runs. `made`: how many runs the search took."""

    scenario: Scenario
    failed: int
    runs: int
    made: int


class _Tries:
    """Runs candidates and counts their failures. At most `lanes` runs are made at a time, and at most `of` of one candidate."""

    def __init__(self, fails: Fails, of: int, wanted: int, lanes: int) -> None:
        self._fails, self.of, self.wanted = fails, of, wanted
        self._lane = asyncio.Semaphore(lanes)
        self._known: dict[bytes, list[bool]] = {}
        self.made = 0

    def known(self, scenario: Scenario) -> list[bool]:
        """Return the results of a candidate's runs so far."""
        return self._known.setdefault(msgspec.json.encode(scenario), [])

    async def once(self, scenario: Scenario) -> bool:
        """Whether a candidate fails in one run. A known result is not repeated."""
        known = self.known(scenario)
        if not known:
            await self._run(scenario)
        return known[0]

    async def confirmed(self, scenario: Scenario) -> bool:
        """Whether a candidate fails at least `wanted` times out of `of`. Stops as soon as that is decided."""
        known = self.known(scenario)
        while known.count(True) < self.wanted and known.count(False) <= self.of - self.wanted:
            missing = min(self.wanted - known.count(True), self.of - len(known))
            await asyncio.gather(*(self._run(scenario) for _ in range(missing)))
        return known.count(True) >= self.wanted

    async def _run(self, scenario: Scenario) -> None:
        async with self._lane:
            self.made += 1
            failed = await self._fails(scenario)
        self.known(scenario).append(failed)


async def shrink(
    scenario: Scenario, fails: Fails, say: Callable[[str], None], *, of: int = 5, wanted: int = 4, lanes: int = 3
) -> Shrunk:
    """Shrink a scenario that has failed. Raises ScenarioError if it does not fail again."""
    tries = _Tries(fails, of, wanted, lanes)
    if not await tries.once(scenario) and not await tries.confirmed(scenario):
        raise ScenarioError(
            f"{scenario.name}: does not fail again ({_told(tries, scenario)}); there is nothing to shrink"
        )
    accepted = [scenario]
    for stage in (_fewer_faults, _fewer_tasks, _simpler_timings):
        small = await stage(accepted[-1], tries)
        if small != accepted[-1]:
            accepted.append(small)
        say(f"{len(small.storm)} faults, {small.workload.tasks} tasks after {tries.made} runs")
    while len(accepted) > 1 and not await tries.confirmed(accepted[-1]):
        say(f"failed only in {_told(tries, accepted[-1])}: back to the one before")
        accepted.pop()
    await tries.confirmed(accepted[-1])
    results = tries.known(accepted[-1])
    return Shrunk(scenario=accepted[-1], failed=results.count(True), runs=len(results), made=tries.made)


def _told(tries: _Tries, scenario: Scenario) -> str:
    results = tries.known(scenario)
    return f"{results.count(True)} of {len(results)} runs"


async def _first(candidates: Sequence[Scenario], tries: _Tries) -> Scenario | None:
    """Return the first of these scenarios, in order, that fails. All are run in parallel."""
    results = await asyncio.gather(*(tries.once(candidate) for candidate in candidates))
    return next((candidate for candidate, failed in zip(candidates, results, strict=True) if failed), None)


# Fewer faults


async def _fewer_faults(scenario: Scenario, tries: _Tries) -> Scenario:
    parts = 2
    while len(scenario.storm) > 1:
        pieces = list(_split(scenario.storm, parts))
        candidates = [_with(scenario, storm=piece) for piece in pieces]
        smaller = await _first(candidates, tries)
        if smaller is not None:
            scenario, parts = smaller, 2
            continue
        rests = [tuple(i for i in scenario.storm if i not in piece) for piece in pieces] if parts > 2 else []
        smaller = await _first([_with(scenario, storm=rest) for rest in rests if rest], tries)
        if smaller is not None:
            scenario, parts = smaller, max(parts - 1, 2)
        elif parts >= len(scenario.storm):
            break
        else:
            parts = min(parts * 2, len(scenario.storm))
    return scenario


def _split(storm: tuple[Injection, ...], parts: int) -> Iterator[tuple[Injection, ...]]:
    edges = [round(number * len(storm) / parts) for number in range(parts + 1)]
    for begin, end in pairwise(edges):
        if end > begin:
            yield storm[begin:end]


def _with(scenario: Scenario, **changes: Any) -> Scenario:
    return msgspec.structs.replace(scenario, **changes)


# Fewer tasks


async def _fewer_tasks(scenario: Scenario, tries: _Tries) -> Scenario:
    """Move the places that faults refer to to the front, then keep as few tasks as still fail."""
    places = sorted({place for injection in scenario.storm for place in _places(injection)})
    moved = _with(scenario, storm=tuple(_move(injection, places) for injection in scenario.storm))
    least = max(len(places), 1)
    sizes = [size for size in (least, least + 1, least + 2, 2 * least + 4) if size < scenario.workload.tasks]
    candidates = [_with(moved, workload=_with_tasks(scenario.workload, size)) for size in sizes]
    needed = max(places, default=0) + 1
    unmoved = (
        [_with(scenario, workload=_with_tasks(scenario.workload, needed))] if needed < scenario.workload.tasks else []
    )
    return await _first([*candidates, *unmoved], tries) or scenario


def _with_tasks(workload: Workload, tasks: int) -> Workload:
    return msgspec.structs.replace(workload, tasks=tasks)


def _places(injection: Injection) -> set[int]:
    """Return the places of the workload that an injection refers to."""
    named = (
        injection.started,
        *(getattr(part, "place", None) for part in (injection.fault, injection.when, injection.until)),
    )
    return {place for place in named if place is not None}


def _move(injection: Injection, places: list[int]) -> Injection:
    """The same injection, its places those of the list's order. One that waits for its place anyway waits from the beginning."""

    def moved(part: Any) -> Any:
        place = getattr(part, "place", None)
        return part if place is None else msgspec.structs.replace(part, place=places.index(place))

    started = None if injection.started is None else places.index(injection.started)
    return msgspec.structs.replace(
        injection,
        at_s=0.0 if _places(injection) else injection.at_s,
        fault=moved(injection.fault),
        when=moved(injection.when),
        until=moved(injection.until),
        started=started,
    )


# Simpler timings


async def _simpler_timings(scenario: Scenario, tries: _Tries) -> Scenario:
    """Find the simplest schedule that still fails: at once, at whole seconds, at half seconds; and try the default workload."""
    usual = Workload()
    workload = msgspec.structs.replace(usual, tasks=scenario.workload.tasks)
    plain = _with(scenario, workload=workload)
    candidates = [
        *(_timed(plain, how) for how in _HOW),
        *(_timed(scenario, how) for how in _HOW),
    ]
    return (
        await _first([candidate for candidate in dict.fromkeys(candidates) if candidate != scenario], tries) or scenario
    )


_HOW: tuple[Callable[[float], float], ...] = (lambda s: 0.0, round, lambda s: round(s * 2) / 2)


def _timed(scenario: Scenario, how: Callable[[float], float]) -> Scenario:
    first = min((injection.at_s for injection in scenario.storm), default=0.0)
    storm = tuple(
        msgspec.structs.replace(
            i, at_s=float(how(i.at_s - first)), for_s=float(max(round(i.for_s * 2) / 2, 0.5)) if i.for_s else 0.0
        )
        for i in scenario.storm
    )
    return _with(scenario, storm=storm)
