"""The data of the plots of a whole run, thinned where no difference would be visible."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stormproof.checks.facts import Facts, Task
from stormproof.history import History, Process, ProcessSample, Sample
from stormproof.report.looks import OUTCOMES, SOURCES, STATES, TRACKS
from stormproof.report.seconds import Seconds, columns
from stormproof.report.words import printable

_WIDE, _DECADE = 1400, 60
"""The largest width of a plot and the height of a decade, in pixels."""
_MOST_POINTS, _MOST_BARS, _MOST_LANES, _MOST_ROWS = 15_000, 4_000, 40, 3_600

Data = dict[str, dict[str, list[Any]]]
"""Data by source and column, as named in `looks.SOURCES`."""


@dataclass(frozen=True)
class Picture:
    """`data` fills the plots. `left_out`: a sentence for each plot in which not everything is drawn. `until`: when the run ends."""

    data: Data
    left_out: tuple[str, ...]
    until: float


def of(history: History) -> Picture:
    """Build the picture of one run: answers, submitted and finished tasks, queues, workers, memory, tasks by process, faults."""
    seconds = Seconds()
    for event in history:
        seconds.take(event)
    seconds.close()
    rows = list(seconds.rows)
    step = math.ceil(len(rows) / _MOST_ROWS)
    facts = Facts.of(history)
    answers, answers_left = _answers(facts)
    tasks, tasks_left = _tasks(history, facts)
    lanes = {name: values for name, values in seconds.lanes.items() if name in SOURCES["windows"]}
    data = {
        "seconds": columns(rows[::step]),
        "windows": lanes,
        "answers": answers,
        "memory": _memory(history),
        "tasks": tasks,
    }
    left = (answers_left, f"of the seconds, one in {step} is drawn" if step > 1 else "", tasks_left)
    return Picture(_shown(data), tuple(line for line in left if line), max(seconds.now, 1.0))


def _shown(value: Any) -> Any:
    """Return the data with printable texts, and with no more digits than a plot shows."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list) else value


def _columns(source: str, rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    rows = list(rows)
    return {name: [row[number] for row in rows] for number, name in enumerate(SOURCES[source])}


def _answers(facts: Facts) -> tuple[dict[str, list[Any]], str]:
    """Return a point for each operation: when it was invoked, and how long the answer took. Without an answer, that is until the run's end."""
    points = []
    for op in facts.ops:
        ms = max(0.1, 1000 * ((op.returned.t if op.returned else facts.last_t) - op.invoked.t))
        outcome = op.returned.outcome if op.returned else "info"
        points.append((op.invoked.t, ms, op.invoked.kind, outcome, *OUTCOMES[outcome]))
    for coarse in (1, 2, 4, 8, 16):
        across, upwards = _WIDE / coarse / max(facts.last_t, 1e-9), _DECADE / coarse
        cells = {(int(point[0] * across), int(math.log10(point[1]) * upwards), point[3]): point for point in points}
        if len(cells) <= _MOST_POINTS:
            break
    return _columns("answers", cells.values()), _left_out("answers", len(cells), len(points))


def _memory(history: History) -> dict[str, list[Any]]:
    """Return the memory of each component's process tree, and of each server as it reports it."""
    tracks: dict[str, list[tuple[float, float]]] = {}
    for _, tree in history.of(ProcessSample):
        tracks.setdefault(tree.component, []).append((tree.t, tree.rss_bytes / 2**20))
    for _, store in history.of(Sample):
        if store.up:
            tracks.setdefault(history.server(store.store), []).append((store.t, store.memory_bytes / 2**20))
    rows = []
    for (name, track), look in zip(sorted(tracks.items()), TRACKS, strict=False):
        some = track[:: math.ceil(len(track) / _WIDE)]
        rows.append(([t for t, _ in some], [mib for _, mib in some], name, *look))
    return _columns("memory", rows)


@dataclass(frozen=True)
class _Bar:
    lane: str
    left: float
    right: float
    state: str
    task: Task


def _tasks(history: History, facts: Facts) -> tuple[dict[str, list[Any]], str]:
    """Return each task on the process that had it, for as long as it did."""
    exits = {event.pid: event.t for _, event in history.of(Process) if event.word == "exited"}
    bars = [bar for task in facts.tasks.values() for bar in _bars(task, exits, facts.last_t)]
    lanes = sorted({bar.lane for bar in bars})
    shown = set(lanes[:_MOST_LANES])
    kept = _one_a_pixel([bar for bar in bars if bar.lane in shown], facts.last_t)
    rows = [
        (bar.lane, bar.left, bar.right, bar.state, bar.task.key, bar.task.task_id, *STATES[bar.state]) for bar in kept
    ]
    where = f" of the first {_MOST_LANES} of {len(lanes)} processes" if len(lanes) > _MOST_LANES else ""
    return _columns("tasks", rows), _left_out(f"stretches of tasks{where}", len(kept), len(bars))


def _bars(task: Task, exits: dict[int, float], last_t: float) -> Iterator[_Bar]:
    """Return the stretches of tasks: waiting from receipt to start, and running from start to its end or that of its process."""
    received = [event for _, event in task.others if event.word == "received"]
    for number, (_, start) in enumerate(task.starts):
        lane = f"{start.component} {start.pid}"
        came = [event.t for event in received if event.parent == start.parent and event.t <= start.t]
        if came:
            yield _Bar(lane, came[-1], start.t, "waiting", task)
        end = next((event.t for _, event in task.ends if event.pid == start.pid and event.t >= start.t), None)
        died = min((exits[pid] for pid in (start.pid, start.parent) if exits.get(pid, -1.0) >= start.t), default=last_t)
        state = "died" if end is None else "redelivered" if number else "running"
        yield _Bar(lane, start.t, died if end is None else end, state, task)


def _one_a_pixel(bars: Sequence[_Bar], last_t: float) -> list[_Bar]:
    """Return the longest stretches first, and none that would cover the same pixels as another in its state."""
    seen: set[tuple[str, str, int, int]] = set()
    kept = []
    for bar in sorted(bars, key=lambda bar: (bar.state in ("waiting", "running"), bar.left - bar.right)):
        pixels = (bar.lane, bar.state, int(bar.left / last_t * _WIDE), int(bar.right / last_t * _WIDE))
        if pixels not in seen:
            seen.add(pixels)
            kept.append(bar)
    return kept[:_MOST_BARS]


def _left_out(what: str, drawn: int, there: int) -> str:
    return (
        f"of {there:,} {what}, {drawn:,} are drawn: the others would cover the same pixels, or be too many"
        if drawn < there
        else ""
    )
