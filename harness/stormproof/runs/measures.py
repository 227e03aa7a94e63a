"""The figures of one run: one number each, so that runs can be compared. A pure function of the history."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence

from stormproof.checks.facts import Facts, Op, Task
from stormproof.history import Fault, History, ProcessSample, Sample

MORE_IS_BETTER = frozenset({"throughput"})
"""The figures of which more is better. Of every other figure, less is better."""

_MIB = 1024 * 1024
_AT_ONCE_S = 3.0
"""As in `checks/recovers_within.py`: a task that is submitted later than this after the last heal is timed from its submission."""


def measure(history: History) -> dict[str, float]:
    """Name of a figure -> its value. A figure that could not be measured is absent. `unit_of` returns the units."""
    facts = Facts.of(history)
    return dict([*_submissions(facts), *_tasks(facts), *_recovery(history, facts), *_sizes(history)])


def unit_of(name: str) -> str:
    """Return `s`, `MiB`, `tasks/s`, or "" for a count."""
    if name.startswith("memory of"):
        return "MiB"
    return {"throughput": "tasks/s", "queued at most": ""}.get(name, "s")


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a quantile of one or more values, interpolated between neighbours."""
    return values[0] if len(values) == 1 else statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _submissions(facts: Facts) -> Iterator[tuple[str, float]]:
    """Return how long each of the workload's submissions waited for its answer, whatever the answer was."""
    took_s = [
        op.returned.t - op.invoked.t
        for op in facts.ops
        if op.invoked.kind == "submit" and op.invoked.purpose == "workload" and op.returned is not None
    ]
    for percent in (50, 95, 99) if took_s else ():
        yield f"submission p{percent}", percentile(took_s, percent)


def _tasks(facts: Facts) -> Iterator[tuple[str, float]]:
    """Return the times from the acceptance of a task of the workload to its first end."""
    accepted = [(op, _first_end_t(task)) for task, op in facts.promised if op.invoked.purpose == "workload"]
    ended = [(op, end_t) for op, end_t in accepted if end_t is not None]
    if not ended:
        return
    took_s = [max(0.0, end_t - _accepted_t(op)) for op, end_t in ended]
    yield "accepted to ended p50", percentile(took_s, 50)
    yield "accepted to ended p95", percentile(took_s, 95)
    whole_s = max(end_t for _, end_t in ended) - min(op.invoked.t for op, _ in ended)
    if whole_s > 0:
        yield "throughput", len(ended) / whole_s


def _accepted_t(op: Op) -> float:
    return op.invoked.t if op.returned is None else op.returned.t


def _first_end_t(task: Task) -> float | None:
    told = [end.t for _, end in task.ends] + [answer.t for _, answer in task.terminal_answers]
    return min(told, default=None)


def _recovery(history: History, facts: Facts) -> Iterator[tuple[str, float]]:
    """Return the time from the last heal to the first end of a task that was submitted to measure the recovery."""
    healed_t = max((event.t for _, event in history.of(Fault) if event.stage in ("injected", "healed")), default=None)
    ops = [op for op in facts.ops if op.invoked.purpose == "recovery" and op.invoked.kind == "submit"]
    tasks = [facts.tasks.get(op.returned.task_id) for op in ops if op.returned is not None]
    ends = [end_t for task in tasks if task is not None and (end_t := _first_end_t(task)) is not None]
    if healed_t is None or not ends:
        return
    first_t = ops[0].invoked.t
    yield "recovery", max(0.0, min(ends) - (first_t if first_t > healed_t + _AT_ONCE_S else healed_t))


def _sizes(history: History) -> Iterator[tuple[str, float]]:
    """Return the largest number of messages in one server, and the largest memory of each component's processes and each server."""
    samples = [sample for _, sample in history.of(Sample) if sample.up]
    if samples:
        yield "queued at most", float(max(sample.queued for sample in samples))
    peaks: dict[str, int] = defaultdict(int)
    for _, process in history.of(ProcessSample):
        peaks[process.component] = max(peaks[process.component], process.rss_bytes)
    for sample in samples:
        server = history.server(sample.store)
        peaks[server] = max(peaks[server], sample.memory_bytes)
    for component, size_bytes in sorted(peaks.items()):
        yield f"memory of {component}", size_bytes / _MIB
