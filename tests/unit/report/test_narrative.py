"""The verdict in words, and the lines of logs beside it."""

from __future__ import annotations

from pathlib import Path

from stormproof import Scenario, State
from stormproof.checks.verdict import Finding, Status, Verdict, merge
from stormproof.history import AnyEvent, Fault, History, Invoked, Probe, Process, Returned
from stormproof.report.excerpts import excerpts
from stormproof.report.narrative import tell
from stormproof.runs.store import Judged, Run
from stormproof.spec.choices import Choices


def told(events: list[AnyEvent], *findings: Finding) -> list[str]:
    verdicts = (Verdict.of("no_task_lost", findings, 5),)
    judged = Judged(status=merge(verdicts), verdicts=verdicts, seconds=1.0, events=len(events))
    scenario = Scenario(name="storm", title="a storm")
    return tell(
        Run(
            folder=Path("runs/one"),
            scenario=scenario,
            system=None,  # type: ignore[arg-type] # Nothing of it is told.
            state=State.IDLE,
            choices=Choices.draw(scenario, 1),
            history=History(events),
            judged=judged,
        )
    )


def accepted(key: str, pid: int) -> list[AnyEvent]:
    number = ord(key)
    return [
        Invoked(t=1.0, op=number, kind="submit", key=key),
        Returned(t=1.1, op=number, outcome="ok", task_id=f"task-{key}"),
        Probe(t=1.2, component="worker-1", pid=pid, parent=7, word="started", task_id=f"task-{key}", key=key),
    ]


KILLED = Process(t=12.4, component="worker-1", role="worker", pid=7, word="exited", code=-9)


def lost(key: str) -> Finding:
    return Finding(kind="lost", message=f"{key} is gone", key=key)


def test_who_had_what_was_lost_is_named_and_how_that_ended() -> None:
    events = [*accepted("a", 8), *accepted("b", 9), *accepted("c", 10), KILLED]
    assert told(events, lost("a"), lost("b")) == [
        "2 of 3 accepted submissions were never done; both were in the hands of worker-1 when it was killed (signal 9) at 12.4 s."
    ]
    assert told(events, lost("a"))[0].startswith(
        "1 of 3 accepted submissions was never done; it was in the hands of worker-1"
    )


def test_of_several_who_had_it_the_last_one_is_named() -> None:
    again = Probe(t=5.0, component="worker-2", pid=20, parent=19, word="started", task_id="task-a", key="a")
    exited = Process(t=13.0, component="worker-2", role="worker", pid=20, word="exited", code=1)
    (said,) = told([*accepted("a", 8), KILLED, again, exited], lost("a"))
    assert said.endswith("it was in the hands of worker-2 when it exited (1) at 13.0 s.")


def test_what_was_lost_by_nobody_who_died_names_nobody() -> None:
    assert told(accepted("a", 8), lost("a")) == ["1 of 1 accepted submissions was never done."]


def test_each_way_of_going_wrong_has_a_sentence_and_other_findings_their_own_words() -> None:
    twice = Finding(kind="effect_doubled", message="two", key="a")
    other = Finding(kind="no_retry_after", message="503 without")
    assert told([*accepted("a", 8)], twice, other, other) == [
        "1 of 1 accepted submissions was sent more than once.",
        "no retry after: 503 without (and 1 more)",
    ]


def test_where_nothing_is_wrong_it_is_said_what_was_withstood() -> None:
    bit = Fault(t=1.0, fault="0", name="kill", stage="bit", target="worker")
    assert told([*accepted("a", 8), bit]) == [
        "1 submissions were accepted while 1 fault bit. None was lost, doubled, stuck, slow or wrong."
    ]
    doubt = Finding(kind="did_not_bite", message="m", status=Status.UNKNOWN)
    assert "Nothing proves that anything was lost" in told([*accepted("a", 8)], doubt)[0]


def test_lines_that_name_a_task_come_with_those_around_them(tmp_path: Path) -> None:
    (tmp_path / "worker.log").write_text("\n".join([*"abcdef", "got task-1 now", *"ghijkl", "task-1 died", "m"]))
    (tmp_path / "api.log").write_text("nothing of it\n")
    assert excerpts(tmp_path, ["task-1", ""]) == {
        "worker.log": ["e", "f", "got task-1 now", "g", "h", "...", "k", "l", "task-1 died", "m"]
    }
    assert excerpts(tmp_path / "none", ["task-1"]) == {}
    assert excerpts(tmp_path, [""]) == {}
