"""The record of a run survives being written, cut off and damaged."""

from pathlib import Path
from typing import get_args

import pytest
from stormproof import history as h
from stormproof.errors import RunFolderError

EVENTS: tuple[h.AnyEvent, ...] = (
    h.Phase(t=0.0, name="start"),
    h.Invoked(t=0.1, op=1, kind="submit", key="storm-00ab-0001", client=2, task_id="", purpose="recovery"),
    h.Returned(
        t=0.2,
        op=1,
        outcome="info",
        http_status=503,
        task_id="a",
        state="PENDING",
        terminal=True,
        success=True,
        value='{"ü": 1}',
        retry_after=True,
        retry_after_s=2.0,
        error="HTTP 503",
    ),
    h.Probe(t=0.3, component="worker", pid=2, parent=1, word="started", task_id="a", task="send", key="k", detail="d"),
    h.Effect(t=0.4, key="k", message_id="<a@b>", recipient="a@b", others=("l",), compared=True, lacks=("x",)),
    h.Refusal(t=0.45, key="k", code=451, recipient="a@b"),
    h.Counts(t=0.46, success=5, failure=1, error="why"),
    h.Sample(t=0.5, store="broker", up=True, queued=1, unacked=2, connections=3, memory_bytes=4, keys=5),
    h.Pressure(t=0.55, cpu_waited_s=0.5),
    h.ProcessSample(t=0.6, component="api", rss_bytes=7, processes=1),
    h.Process(t=0.7, component="api", role="api", pid=9, word="exited", code=-9, expected=True),
    h.Fault(t=0.8, fault="0.0", name="kill", stage="bit", target="api", detail="process 9 is gone"),
    h.Wire(
        t=0.85,
        link="worker.results",
        component="worker",
        store="results",
        connection=3,
        direction="reply",
        command="BRPOP",
        key="celery",
        meaning="deliver",
        waits=True,
        size_bytes=9,
        ids=("a", "b"),
        fate="reset",
        fault="0",
    ),
    h.CeleryEvent(t=0.9, word="sent", task_id="a", hostname="celery@host"),
    h.Settings(
        t=0.95, component="worker", pid=2, pool="prefork", processes=4, fewest=2, steps=(0, 5), queues=("celery",)
    ),
    h.FastForward(t=1.0, store="broker", task_ids=("a", "b"), waited_s=3600.0),
    h.Quiescence(t=1.1, proved=True, queued=1, unacked=2, executing=3, backlog=4, detail="why"),
    h.Closed(t=1.1, events=15, checksum=5),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"".join(map(h.encode, EVENTS)))
    return path


def test_each_type_of_event_is_read_as_it_was_written(path: Path) -> None:
    loaded = h.History.load(path)
    assert tuple(loaded) == EVENTS
    assert not loaded.cut_off
    assert {type(event) for event in EVENTS} == set(get_args(h.AnyEvent))


def test_an_event_is_one_line(path: Path) -> None:
    assert path.read_bytes().count(b"\n") == len(EVENTS)


@pytest.mark.parametrize("cut", [1, 2, 30])
def test_a_last_line_that_was_cut_off_is_left_out(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:-cut])
    loaded = h.History.load(path)
    assert tuple(loaded) == EVENTS[:-1]
    assert loaded.cut_off


def test_an_empty_file_is_an_empty_history(tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").touch()
    loaded = h.History.load(tmp_path / "history.jsonl")
    assert (len(loaded), loaded.cut_off) == (0, False)


@pytest.mark.parametrize(
    "damaged", [b"{", b"", b'{"t":1}', b'{"type":"phase","t":"x","name":""}', b'{"type":"phase","t":1,"name":"\xff"}']
)
def test_a_damaged_line_is_one_clear_error_that_names_it(path: Path, damaged: bytes) -> None:
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:4], damaged, *lines[5:]]))
    with pytest.raises(RunFolderError, match=r"history\.jsonl: line 5 is not an event: ") as caught:
        h.History.load(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot read the history: No such file or directory"):
        h.History.load(tmp_path / "history.jsonl")


def test_events_are_found_by_type_each_behind_its_index() -> None:
    history = h.History(EVENTS)
    assert history.of(h.Effect) == [(4, EVENTS[4])]
    assert h.History([]).of(h.Effect) == []
    assert history.returns == {1: (2, EVENTS[2])}
    assert (history[0], history[-1], list(history[:2])) == (EVENTS[0], EVENTS[-1], list(EVENTS[:2]))


def test_what_is_derived_is_made_once() -> None:
    history, made = h.History(EVENTS), []

    def count(of: h.History) -> int:
        made.append(of)
        return len(of)

    assert (history.derive(count), history.derive(count)) == (len(EVENTS), len(EVENTS))
    assert made == [history]
