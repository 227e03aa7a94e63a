"""Is everything tidied up after the storm?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from stormproof.checks.facts import Facts
from stormproof.history import History, ProcessSample, Sample
from stormproof.verdict import Category, Finding, Kinds, Verdict

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class NoResidue:
    """The last look after the phase `settle` finds each store and component as the last look before the `storm` did.

    The slack is generous: pools fill up and caches warm while a system works. Observes the stores and components that
    were seen at both times. Findings:

    keys_left: more keys that never expire
    connections_left: more connections
    processes_left: more processes
    memory_left: more memory
    """

    keys_slack: int = 10
    connections_slack: int = 25
    processes_slack: int = 2
    store_memory_slack_bytes: int = 64 * _MIB
    process_memory_slack_bytes: int = 256 * _MIB

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
        before: dict[str, _Look] = {}
        after: dict[str, _Look] = {}
        for look in self._looks(history):
            if look.at < storm:
                before[look.what] = look
            elif settle < look.at < stop:
                after[look.what] = look
        both = [(before[what], after[what]) for what in before if what in after]
        findings = [finding for pair in both for finding in _compare(*pair)]
        return Verdict.of(self.name, findings, observed=len(both))

    def _looks(self, history: History) -> Iterator[_Look]:
        for index, sample in history.of(Sample):
            if sample.up:
                yield _Look(
                    index,
                    f"store {sample.store}",
                    (
                        ("keys_left", sample.keys, self.keys_slack),
                        ("connections_left", sample.connections, self.connections_slack),
                        ("memory_left", sample.memory_bytes, self.store_memory_slack_bytes),
                    ),
                )
        for index, process in history.of(ProcessSample):
            yield _Look(
                index,
                f"component {process.component}",
                (
                    ("processes_left", process.processes, self.processes_slack),
                    ("memory_left", process.rss_bytes, self.process_memory_slack_bytes),
                ),
            )


class _Look(NamedTuple):
    """What was counted of one store or component at one moment: kind of finding, number, slack."""

    at: int
    what: str
    counts: tuple[tuple[str, int, int], ...]


def _compare(before: _Look, after: _Look) -> Iterator[Finding]:
    for (kind, was, slack), (_, now, _) in zip(before.counts, after.counts, strict=True):
        if now > was + slack:
            unit, size = ("MiB of memory", _MIB) if kind == "memory_left" else (kind.removesuffix("_left"), 1)
            message = f"{after.what}: {now // size:,} {unit} when all was quiet again, {was // size:,} before the storm"
            yield Finding(kind=kind, message=message, evidence=(before.at, after.at))
