"""What fills the plots of a report, and what is left out of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stormproof.history import (
    AnyEvent,
    Fault,
    History,
    Invoked,
    Probe,
    ProbeWord,
    Process,
    ProcessSample,
    Returned,
    Sample,
)
from stormproof.report import board, picture
from stormproof.report.looks import SOURCES


def op(number: int, t: float, took_s: float | None, outcome: str = "ok", key: str = "a") -> list[AnyEvent]:
    invoked: list[AnyEvent] = [Invoked(t=t, op=number, kind="submit", key=key)]
    ended = Returned(t=t + (took_s or 0), op=number, outcome=outcome, task_id=f"task-{key}")  # type: ignore[arg-type]
    return invoked if took_s is None else [*invoked, ended]


def probe(t: float, word: ProbeWord, pid: int, key: str = "a") -> Probe:
    return Probe(t=t, component="worker", pid=pid, parent=7, word=word, task_id=f"task-{key}", key=key)


def of(*events: AnyEvent) -> picture.Picture:
    return picture.of(History(sorted(events, key=lambda event: event.t)))


def test_each_answer_is_a_point_and_one_that_never_came_stands_at_the_end() -> None:
    answers = of(
        *op(1, 1.0, 0.25), *op(2, 2.0, 0.5, "fail"), *op(3, 3.0, None), Sample(t=5.0, store="b", up=True)
    ).data["answers"]
    found = list(zip(answers["t"], answers["ms"], answers["outcome"], answers["marker"], strict=True))
    assert found == [(1.0, 250.0, "ok", "circle"), (2.0, 500.0, "fail", "triangle"), (3.0, 2000.0, "info", "x")]


def test_points_that_would_cover_the_same_pixel_are_drawn_once_and_that_is_said() -> None:
    same = [event for number in range(500) for event in op(number, 10.0 + number / 1e6, 0.1)]
    shown = of(*same, *op(1000, 10.0, 0.1, "fail"), Sample(t=100.0, store="b", up=True))
    assert sorted(shown.data["answers"]["outcome"]) == ["fail", "ok"]
    assert shown.left_out == ("of 501 answers, 2 are drawn: the others would cover the same pixels, or be too many",)


def test_however_many_answers_there_are_no_more_are_drawn_than_a_page_bears() -> None:
    many = [event for number in range(40_000) for event in op(number, number / 10, 0.001 * (1 + number % 97))]
    shown = of(*many)
    assert 5_000 < len(shown.data["answers"]["t"]) <= 15_000


def test_a_task_is_drawn_on_the_process_that_had_it_waiting_running_dying_and_again() -> None:
    tasks = of(
        *op(1, 1.0, 0.1),
        probe(1.5, "received", 7),
        probe(2.0, "started", 8),
        Process(t=3.0, component="worker", role="worker", pid=8, word="exited", code=-9),
        probe(4.0, "started", 9),
        probe(5.0, "succeeded", 9),
        *op(2, 1.0, 0.1, key="b"),
        probe(5.5, "started", 9, "b"),
        probe(6.0, "succeeded", 9, "b"),
    ).data["tasks"]
    found = set(zip(*(tasks[name] for name in ("lane", "state", "left", "right")), strict=True))
    assert found == {
        ("worker 8", "waiting", 1.5, 2.0),
        ("worker 8", "died", 2.0, 3.0),
        ("worker 9", "waiting", 1.5, 4.0),
        ("worker 9", "redelivered", 4.0, 5.0),
        ("worker 9", "running", 5.5, 6.0),
    }


def test_memory_is_that_of_process_trees_and_of_stores_that_were_up() -> None:
    memory = of(
        ProcessSample(t=1.0, component="api", rss_bytes=3 << 20, processes=2),
        Sample(t=1.0, store="broker", up=True, memory_bytes=1 << 20),
        Sample(t=2.0, store="broker", up=False),
    ).data["memory"]
    assert (memory["name"], memory["ts"], memory["mib"]) == (["api", "redis.broker"], [[1.0], [1.0]], [[3.0], [1.0]])


def test_the_plots_of_a_run_are_filled_and_those_of_the_next_are_not_touched_by_it() -> None:
    fault = Fault(t=1.0, fault="0", name="kill", stage="injected", target="worker")
    first, empty = of(*op(1, 1.0, 0.25), fault), of()
    filled = [json.dumps(board.whole(each.data, each.until)) for each in (first, empty, first)]
    assert "kill worker" in filled[0]
    assert "kill worker" not in filled[1]
    assert filled[0] == filled[2]
    unknown = json.dumps(["p50_ms", [{"type": "number", "value": "nan"}]])
    assert unknown in json.dumps(
        board.whole(of(Sample(t=0.5, store="b", up=True)).data, 1.0)
    )  # Null would be drawn as nought.
    assert all({*source} == {*SOURCES[name]} for name, source in first.data.items())


def test_what_bokeh_has_made_is_kept_and_what_cannot_be_kept_or_read_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = of()

    def made() -> str:
        board._empty.cache_clear()
        return json.dumps(board.whole(empty.data, empty.until))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none" / "yet"))
    first = made()
    (kept,) = (tmp_path / "none" / "yet" / "stormproof").iterdir()
    monkeypatch.setattr(board, "_PLOTS", "nothing.of.this.name")
    assert made() == first
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none" / "yet"))
    kept.write_text("{")
    assert "ColumnDataSource" in made()
    assert json.loads(kept.read_text())
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "ColumnDataSource" in made()
    board._empty.cache_clear()
