"""Does the system leave behind more, the more work it does?"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.checks.workers import Workers
from stormproof.history import History, ProcessSample, Sample

_MIB = 2**20
_PARTS = 3


@dataclass(frozen=True, slots=True)
class NoResidue:
    """Once all is quiet again, a store or component is back to what it had before the `storm`, within a slack, or does not leak.

    A leak grows with the work. A pool that fills up to its limit looks the same at the end, but grows differently. So the
    executions that ended after the last measurement before the storm are divided into three equal parts, with a measurement
    in each. A number that grew by more than its slack is a leak if, in each part, it grew per execution by at least two
    thirds of its overall growth per execution. Growth that later disappeared does not count. With fewer than `least_work`
    executions, or too few measurements, a leak cannot be told from a filling pool, and the growth is a remark. Processes
    that a worker's autoscale allows are not growth. Observes the stores and components that were measured before the storm
    and after `settle` began. Findings:

    keys_left: the number of keys that never expire grows with the work (a remark if there was too little work to tell)
    connections_left: the number of connections grows with the work (a remark if there was too little work to tell)
    processes_left: the number of processes grows with the work (a remark if there was too little work to tell)
    memory_left: memory grows with the work (a remark if there was too little work to tell)
    """

    keys_slack: int = 10
    connections_slack: int = 25
    processes_slack: int = 2
    store_memory_slack_bytes: int = 64 * _MIB
    process_memory_slack_bytes: int = 256 * _MIB
    least_work: int = 200

    name: ClassVar[str] = "no_residue"
    kinds: ClassVar[Kinds] = {
        "keys_left": Category.LEAK,
        "connections_left": Category.LEAK,
        "processes_left": Category.LEAK,
        "memory_left": Category.LEAK,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        if "storm" not in facts.phases or "settle" not in facts.phases:
            return Verdict.of(self.name, (), observed=0)
        storm, settle = facts.phases["storm"][0], facts.phases["settle"][0]
        stop = facts.phases["stop"][0] if "stop" in facts.phases else len(history)
        ended = sorted(span.end for span in Workers.of(history).executions)
        series: dict[tuple[str, str], list[_Look]] = {}
        for look in self._looks(history):
            if look.at < stop:
                series.setdefault((look.what, look.kind), []).append(look)
        findings: list[Finding] = []
        seen = set()
        for looks in series.values():
            before = [look for look in looks if look.at < storm][-1:]
            after = [look for look in looks if look.at > storm]
            if before and after and after[-1].at > settle:
                seen.add(looks[0].what)
                findings += self._judge(before[0], after, ended)
        return Verdict.of(self.name, findings, observed=len(seen))

    def _judge(self, before: _Look, after: list[_Look], ended: list[int]) -> Iterator[Finding]:
        last = after[-1]
        grown = last.number - before.number
        if grown <= before.slack:
            return
        done, work = bisect_right(ended, before.at), bisect_right(ended, last.at) - bisect_right(ended, before.at)
        way = _way(before, after, ended, work)
        status, why = (
            Status.VALID,
            f"{work} executions, as they were looked at, are too few to tell a leak from a pool that fills",
        )
        if work >= self.least_work and len(way) > 2:
            steps = [(bisect_right(ended, look.at) - done, look.number) for look in way]
            if any(3 * (y - y0) * work < 2 * grown * (x - x0) for (x0, y0), (x, y) in itertools.pairwise(steps)):
                return
            status, why = Status.INVALID, f"it grew with each third of {work} executions"
        unit, size = ("MiB of memory", _MIB) if last.kind == "memory_left" else (last.kind.removesuffix("_left"), 1)
        was, now = before.number // size, last.number // size
        message = f"{last.what}: {now:,} {unit} when all was quiet again, {was:,} before the storm; {why}"
        yield Finding(kind=last.kind, message=message, evidence=tuple(look.at for look in way), status=status)

    def _looks(self, history: History) -> Iterator[_Look]:
        for index, sample in history.of(Sample):
            if sample.up:
                store = f"store {sample.store}"
                yield _Look(index, store, "keys_left", sample.keys, self.keys_slack)
                yield _Look(index, store, "connections_left", sample.connections, self.connections_slack)
                yield _Look(index, store, "memory_left", sample.memory_bytes, self.store_memory_slack_bytes)
        workers = Workers.of(history)
        for index, process in history.of(ProcessSample):
            component = f"component {process.component}"
            settings = workers.settings(process.component, index)
            may_grow = max(0, settings.processes - settings.fewest) if settings is not None else 0
            yield _Look(index, component, "processes_left", process.processes, self.processes_slack + may_grow)
            yield _Look(index, component, "memory_left", process.rss_bytes, self.process_memory_slack_bytes)


class _Look(NamedTuple):
    """One measurement of one store or component, and by how much the number may grow."""

    at: int
    what: str
    kind: str
    number: int
    slack: int


def _way(before: _Look, after: list[_Look], ended: list[int], work: int) -> list[_Look]:
    """Return the measurements to judge: the one before, one after each third of the work except the last, and the last one.

    The one after a third is the smallest from the end of that third on. If two neighbours are less than half of a third of
    the work apart, only the first and the last are returned.
    """
    done = bisect_right(ended, before.at)
    way = [before]
    for part in range(1, _PARTS):
        later = [look for look in after if (bisect_right(ended, look.at) - done) * _PARTS >= part * work]
        way.append(min(later, key=lambda look: look.number))
    way.append(after[-1])
    counts = [bisect_right(ended, look.at) for look in way]
    told = all(2 * _PARTS * (later - earlier) >= work for earlier, later in itertools.pairwise(counts))
    return way if told else [before, after[-1]]
