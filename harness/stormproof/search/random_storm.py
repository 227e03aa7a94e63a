"""Random storms: Hypothesis draws a schedule of faults for a system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from stormproof.brokers.redis.faults import ErrorReply
from stormproof.effects.smtp.faults import Mail
from stormproof.frameworks.faults import Misbehave
from stormproof.processes.faults import Kill, Pause
from stormproof.spec.fault import Fault
from stormproof.spec.scenario import Injection, Scenario
from stormproof.spec.system import System
from stormproof.spec.trigger import receives, sends
from stormproof.spec.workload import Workload
from stormproof.wire.faults import BlackHole, Delay, Garble, Refuse, Reset

_EVERY_S = 1.0
_MOST = 40
_TASKS_PER_S = 2.0
_LASTS_S = (0.5, 1.0, 2.0, 3.0)
_EXAMPLES = 12
_FAR = 2**70
"""An offset, far from any constant in code. Hypothesis mixes constants of loaded modules into the integers that it draws, so without
this the same number would give a different storm whenever a file of the project changes.
"""

T = TypeVar("T")


def draw(system: System, seconds: float, number: int) -> Scenario:
    """Return a storm of about one fault per second, with tasks throughout. The same `number` gives the same storm."""
    drawn: list[tuple[Injection, ...]] = []
    tasks = max(round(seconds * _TASKS_PER_S), 8)

    @seed(number)
    @settings(
        database=None,
        deadline=None,
        phases=[Phase.generate],
        max_examples=_EXAMPLES,
        suppress_health_check=list(HealthCheck),
    )
    @given(_storms(system, seconds, tasks))
    def collect(storm: tuple[Injection, ...]) -> None:
        drawn.append(storm)

    collect()
    storm = max(drawn, key=len)
    return Scenario(
        name=f"storm_{number}",
        title=f"{len(storm)} faults in {seconds:g} s, drawn with seed {number}",
        workload=Workload(tasks=tasks, rate_per_s=_TASKS_PER_S),
        storm=storm,
        settle_s=60.0,
    )


def _integer(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(_FAR + least, _FAR + most).map(lambda far: far - _FAR)


def _pick(choices: Sequence[T]) -> st.SearchStrategy[T]:
    return _integer(0, len(choices) - 1).map(choices.__getitem__)


def _any(*strategies: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    return _integer(0, len(strategies) - 1).flatmap(strategies.__getitem__)


def _storms(system: System, seconds: float, tasks: int) -> st.SearchStrategy[tuple[Injection, ...]]:
    count = min(max(int(seconds / _EVERY_S), 1), _MOST)
    times = _integer(0, max(int((seconds - 1) * 10), 0)).map(lambda tenths: tenths / 10)
    injections = st.builds(
        Injection,
        fault=_faults(system, tasks),
        at_s=times,
        for_s=_pick([s for s in _LASTS_S if s < seconds] or [0.5]),
    )
    aimed = _aimed(system, tasks, times)
    drawn = st.lists(_any(injections, aimed), min_size=count, max_size=count)
    return drawn.map(_apart)


def _faults(system: System, tasks: int) -> st.SearchStrategy[Fault]:
    workers, apis, servers = system.in_storms("worker"), system.in_storms("api"), system.server_names
    linked = [*workers, *apis]
    places = _integer(0, tasks - 1)
    return _any(
        st.builds(Kill, component=_pick(workers), how=_pick(["tree", "parent", "child"])),
        st.builds(Kill, component=_pick([*servers, *apis])),
        st.builds(Pause, component=_pick([*linked, *servers])),
        st.builds(Misbehave, do=_pick(["hold", "exit"]), place=places),
        st.builds(Mail, mode=_pick(["silent", "refuse"])),
        st.builds(Reset, component=_pick(linked), new=_pick([False, True])),
        st.builds(Refuse, component=_pick(linked)),
        st.builds(BlackHole, component=_pick(linked)),
        st.builds(Delay, component=_pick(linked), delay_ms=_pick([50.0, 150.0])),
        st.builds(ErrorReply, component=_pick(linked), error=_pick(["LOADING", "READONLY", "OOM"])),
    )


def _aimed(system: System, tasks: int, times: st.SearchStrategy[float]) -> st.SearchStrategy[Injection]:
    """Faults that wait for one frame of one task."""
    workers, apis, places = system.in_storms("worker"), system.in_storms("api"), _integer(0, tasks - 1)
    worker, api = _pick(workers), _pick(apis or workers)
    requests = _any(
        st.builds(sends, worker, meaning=st.just("hold"), place=places),
        st.builds(sends, worker, meaning=st.just("acknowledge"), place=places),
    )
    replies = _any(
        st.builds(receives, worker, meaning=st.just("deliver"), place=places),
        st.builds(receives, api, meaning=st.just("publish"), place=places),
    )
    return _any(
        st.builds(Injection, fault=st.just(Reset()), when=_any(requests, replies), at_s=times),
        st.builds(Injection, fault=st.just(Garble()), when=replies, at_s=times),
    )


def _apart(drawn: Sequence[Injection]) -> tuple[Injection, ...]:
    """Return the faults in order of time. Of two that would strike the same target at the same time, the later is left out."""
    kept: list[Injection] = []
    for injection in sorted(drawn, key=lambda i: i.at_s):
        if not any(_meet(other, injection) for other in kept):
            kept.append(injection)
    return tuple(kept)


def _meet(first: Injection, second: Injection) -> bool:
    if first.when is not None or second.when is not None:
        return first.when == second.when
    same = _struck(first.fault) == _struck(second.fault)
    return same and second.at_s < first.at_s + first.for_s + 0.5


def _struck(fault: Fault) -> str:
    return fault.target.partition(".")[0] if not isinstance(fault, Misbehave | Mail) else fault.name
