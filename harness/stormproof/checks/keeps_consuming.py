"""Does a live worker take what is in its queue?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from stormproof.checks.facts import Facts
from stormproof.history import Event, Fault, History, Indexed, Probe, Process, Sample
from stormproof.verdict import Category, Finding, Kinds, Verdict

_CONSUMING = frozenset({"received", "started"})


@dataclass(frozen=True, slots=True)
class KeepsConsuming:
    """The silent wedge: messages are queued, a worker lives, no fault is active, and nothing is received or started.

    A worker lives from when it has said that it is ready: one that is still starting can take nothing yet. While tasks of the harness's own
    may hold the worker (before the phase `recover`), nothing counts. Observes the samples of stores that are up. Findings:

    wedged: that was so for more than `stall_s`
    held_back: for more than `stall_s` nothing was queued, unacknowledged or executing, and the system itself held accepted work back
    """

    stall_s: float

    name: ClassVar[str] = "keeps_consuming"
    kinds: ClassVar[Kinds] = {
        "wedged": Category.WEDGED,
        "held_back": Category.WEDGED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        observed = sum(sample.up for _, sample in history.of(Sample))
        return Verdict.of(self.name, [*self._findings(history), *self._held_back(history)], observed=observed)

    def _held_back(self, history: History) -> Iterator[Finding]:
        quiescence = Facts.of(history).quiescence
        if quiescence is None:
            return
        index, end = quiescence
        elsewhere = end.queued or end.unacked or end.executing
        if end.backlog and not elsewhere and not end.proved and end.unchanged_s > self.stall_s:
            message = (
                f"the system holds {end.backlog} accepted tasks at {end.t:.1f} s, nothing is queued, unacknowledged or executing, "
                f"and nothing changed for {end.unchanged_s:.1f} s"
            )
            yield Finding(kind="held_back", message=message, evidence=(index,))

    def _findings(self, history: History) -> Iterator[Finding]:
        for first, last, workers in _stalls(history):
            stalled_s = last[1].t - first[1].t
            if stalled_s > self.stall_s:
                message = (
                    f"{last[1].queued} messages in {last[1].store} at {last[1].t:.1f} s, a live worker, no fault, "
                    f"and nothing received or started for {stalled_s:.1f} s"
                )
                yield Finding(kind="wedged", message=message, evidence=(*workers, first[0], last[0]))


Stall = tuple[Indexed[Sample], Indexed[Sample], tuple[int, ...]]
"""The first and the last sample of a stretch in which nothing moved, and the indexes that prove that workers lived."""


def _stalls(history: History) -> Iterator[Stall]:
    workers: dict[str, int] = {}
    active: set[str] = set()
    open_stalls: dict[str, Stall] = {}
    counted_from = _held_until(history)
    for index, event in _relevant(history):
        if isinstance(event, Sample):
            if event.up and event.queued and workers and not active and index >= counted_from:
                first = open_stalls[event.store][0] if event.store in open_stalls else (index, event)
                open_stalls[event.store] = (first, (index, event), tuple(workers.values()))
            elif event.store in open_stalls:
                yield open_stalls.pop(event.store)
            continue
        if isinstance(event, Fault):
            (active.add if event.stage in ("injected", "bit") else active.discard)(event.fault)
        elif isinstance(event, Process):
            if event.word == "ready":
                workers.setdefault(event.component, index)
            if event.word in ("started", "ready"):
                continue
            workers.pop(event.component, None)
        yield from open_stalls.values()
        open_stalls.clear()
    yield from open_stalls.values()


def _relevant(history: History) -> list[Indexed[Any]]:
    """The events that can begin, go on with or end a stall, in their order."""
    found: list[Indexed[Event]] = [*history.of(Sample), *history.of(Fault)]
    found += [(index, event) for index, event in history.of(Process) if event.role == "worker"]
    found += [line for line in history.of(Probe) if line[1].word in _CONSUMING]
    found.sort(key=lambda line: line[0])
    return found


def _held_until(history: History) -> int:
    """The index from which no task of the harness's own holds a worker on purpose."""
    facts = Facts.of(history)
    if not any(op.invoked.purpose == "state" for op in facts.ops):
        return 0
    return facts.phases["recover"][0] if "recover" in facts.phases else len(history)
