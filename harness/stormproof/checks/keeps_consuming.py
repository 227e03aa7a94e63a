"""Does a live worker take the messages in its queue?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.checks.workers import Workers
from stormproof.history import Event, Fault, History, Indexed, Probe, Process, Sample

_CONSUMING = frozenset({"received", "started"})


@dataclass(frozen=True, slots=True)
class KeepsConsuming:
    """No worker is silently wedged: with messages queued, no fault active and room for more, it receives or starts tasks.

    A worker has room once it has reported that it is ready, as long as it runs fewer tasks than it has processes (threads,
    greenlets), holds fewer messages than its prefetch, and is not stopping. If only some of several workers have room, only
    those count that read every queue. While a queue has no reader, none counts. A rate limit adds the longest pause that it
    puts between two starts to `stall_s`. Nothing counts while the harness's own tasks may occupy the worker (before the
    phase `recover`). Observes the samples of stores that are up. Findings:

    wedged: a worker with room received and started nothing for more than `stall_s`
    held_back: for more than `stall_s` nothing was queued, unacknowledged or executing, and the system itself held back accepted work
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
        workers = Workers.of(history)
        for first, last, free in _stalls(history, workers):
            stalled_s = last[1].t - first[1].t
            settings = [workers.settings(component, last[0]) for component in free]
            slowest_s = max((told.slowest_s for told in settings if told is not None), default=0.0)
            if stalled_s > self.stall_s + slowest_s:
                message = (
                    f"{last[1].queued} messages in {last[1].store} at {last[1].t:.1f} s, a live worker with room for more "
                    f"({_books(workers, free, last[0])}), no fault, and nothing received or started for {stalled_s:.1f} s"
                )
                yield Finding(kind="wedged", message=message, evidence=(*free.values(), first[0], last[0]))


Free = dict[str, int]
"""The workers that could take a message, each with the index of the event that proves that it is alive."""

Stall = tuple[Indexed[Sample], Indexed[Sample], Free]
"""The first and the last sample of a stretch in which nothing moved."""


def _stalls(history: History, workers: Workers) -> Iterator[Stall]:
    alive: dict[str, int] = {}
    active: set[str] = set()
    open_stalls: dict[str, Stall] = {}
    counted_from = _held_until(history)
    for index, event in _relevant(history):
        if isinstance(event, Sample):
            waiting = event.up and event.queued and not active and index >= counted_from
            free = (
                workers.free(alive, index, partial(workers.has_room, index=index, unacked=event.unacked))
                if waiting
                else []
            )
            if free:
                first = open_stalls[event.store][0] if event.store in open_stalls else (index, event)
                open_stalls[event.store] = (first, (index, event), {component: alive[component] for component in free})
            elif event.store in open_stalls:
                yield open_stalls.pop(event.store)
            continue
        if isinstance(event, Fault):
            (active.add if event.stage in ("injected", "bit") else active.discard)(event.fault)
        elif isinstance(event, Process):
            if event.word == "ready":
                alive.setdefault(event.component, index)
            if event.word in ("started", "ready"):
                continue
            alive.pop(event.component, None)
        yield from open_stalls.values()
        open_stalls.clear()
    yield from open_stalls.values()


def _books(workers: Workers, free: Free, index: int) -> str:
    said = []
    for component in free:
        settings = workers.settings(component, index)
        executing = workers.executing(component, index)
        said.append(
            f"{component}: {executing} of {settings.processes} busy" if settings else f"{component}: nothing in hand"
        )
    return ", ".join(said)


def _relevant(history: History) -> list[Indexed[Any]]:
    """Return the events that can begin, continue or end a stall, in order."""
    found: list[Indexed[Event]] = [*history.of(Sample), *history.of(Fault)]
    found += [(index, event) for index, event in history.of(Process) if event.role == "worker"]
    found += [line for line in history.of(Probe) if line[1].word in _CONSUMING]
    found.sort(key=lambda line: line[0])
    return found


def _held_until(history: History) -> int:
    """Return the index from which none of the harness's own tasks occupies a worker."""
    facts = Facts.of(history)
    if not any(op.invoked.purpose == "state" for op in facts.ops):
        return 0
    return facts.phases["recover"][0] if "recover" in facts.phases else len(history)
