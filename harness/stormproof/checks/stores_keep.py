"""Does a durable server keep its data?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History, Indexed, Process, Sample


@dataclass(frozen=True, slots=True)
class StoresKeep:
    """A `durable` server still has data after a restart, and evicts nothing.

    Data that the harness itself removed or caused to be evicted is not held against the system. Observes the samples of
    the durable stores. Findings:

    forgot: a server had keys before it was killed, and none when it was back
    evicts: a server evicted keys before any fault
    """

    durable: tuple[str, ...]

    name: ClassVar[str] = "stores_keep"
    kinds: ClassVar[Kinds] = {
        "forgot": Category.WRONG,
        "evicts": Category.WRONG,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        samples = [line for line in history.of(Sample) if line[1].up and line[1].store in self.durable]
        return Verdict.of(self.name, self._findings(history, samples), observed=len(samples))

    def _findings(self, history: History, samples: list[Indexed[Sample]]) -> Iterator[Finding]:
        calm_until_t = Facts.of(history).calm_until_t
        for store in self.durable:
            mine = [line for line in samples if line[1].store == store]
            yield from _forgot(history, history.server(store), mine)
            evicting = next((line for line in mine if line[1].evicted and line[1].t < calm_until_t), None)
            if evicting is not None:
                message = f"{history.server(store)} had thrown out {evicting[1].evicted} keys by {evicting[1].t:.1f} s"
                yield Finding(kind="evicts", message=message, evidence=(evicting[0],))


def _forgot(history: History, component: str, samples: list[Indexed[Sample]]) -> Iterator[Finding]:
    process = [line for line in history.of(Process) if line[1].component == component]
    for gone_at, gone in process:
        if gone.word != "exited" or any(event.word == "wiped" and event.pid == gone.pid for _, event in process):
            continue
        before = [line for line in samples if line[0] < gone_at]
        after = next((line for line in samples if line[0] > gone_at), None)
        if before and after is not None and before[-1][1].all_keys and not after[1].all_keys:
            had, t = before[-1][1].all_keys, after[1].t
            message = f"{component} had {had} keys before it was killed at {gone.t:.1f} s, and none when it was back at {t:.1f} s"
            yield Finding(kind="forgot", message=message, evidence=(before[-1][0], gone_at, after[0]))
