"""Whose task is it? By the key in its arguments, by the answer, by its messages, and else by who was being answered."""

from __future__ import annotations

from typing import Any

import pytest
from frames import frame
from stormproof.history import AnyEvent, Invoked, Outcome, Probe, ProbeWord, Returned, Wire
from stormproof.history.submissions import Submissions

ONE, TWO = "storm-00ab-0001", "storm-00ab-0002"


def submissions(*events: AnyEvent) -> Submissions:
    made = Submissions()
    made.front = "api"
    for event in events:
        made.add(event)
    return made


def asked(op: int, key: str = ONE, t: float = 1.0) -> Invoked:
    return Invoked(t=t, op=op, kind="submit", key=key)


def answered(op: int, task_id: str = "a", outcome: Outcome = "ok", t: float = 1.2) -> Returned:
    return Returned(t=t, op=op, outcome=outcome, task_id=task_id)


def published(*ids: str, t: float = 1.1, **more: Any) -> Wire:
    return frame(t, ids=ids, **{"command": "LPUSH", "link": "api", "key": "celery", **more})


def line(word: ProbeWord = "started", task_id: str = "a", key: str = "", t: float = 2.0, task: str = "square") -> Probe:
    return Probe(t=t, component="worker", pid=11, parent=10, word=word, task_id=task_id, key=key, task=task)


def test_a_task_is_known_by_the_key_in_its_arguments() -> None:
    found = submissions(asked(1), line(key=ONE), line(key=TWO, task_id="b"))
    assert found.tasks(ONE) == {"a"}
    assert [start.task_id for start in found.starts_of(ONE)] == ["a"]
    assert not found.ended(ONE)
    found.add(line("succeeded", key=ONE))
    assert found.ended(ONE)
    assert not found.ended(TWO)


def test_a_task_is_known_by_the_answer_though_its_arguments_hold_no_key() -> None:
    found = submissions(asked(1), line(), answered(1), line("succeeded"))
    assert found.tasks(ONE) == {"a"}
    assert found.starts_of(ONE) == [line()]
    assert found.ended(ONE)


def test_a_message_that_holds_the_key_names_the_task_and_then_its_delivery_tag() -> None:
    held = published("tag", "a", ONE, "reply-to", command="HSET", key="unacked", link="worker")
    found = submissions(published("a", ONE, "reply-to", link="relay"), held)
    assert found.tasks(ONE) == {"a"}
    assert found.names(ONE) == {ONE, "a", "tag"}


def test_what_the_api_publishes_belongs_to_the_submission_that_it_answers_and_its_delivery_tag_too() -> None:
    held = published("tag", "a", "reply-to", command="HSET", key="unacked", link="worker")
    found = submissions(asked(1), published("a", "reply-to"), held)
    assert found.names(ONE) == {ONE, "a", "tag"}
    assert found.tasks(ONE) == {"a"}


@pytest.mark.parametrize(
    "frame",
    [
        published("b", link="worker"),
        published("b", command="HSET"),
        published("b", direction="reply"),
        published(TWO, "b"),
    ],
    ids=["by another component", "no publish", "no request", "no task"],
)
def test_no_other_frame_is_a_publish_of_the_api(frame: Wire) -> None:
    assert not submissions(asked(1), frame).tasks(ONE)


def test_a_frame_that_asks_for_two_tasks_at_once_does_not_join_them() -> None:
    both = published("b", "a", command="SUBSCRIBE", key="celery-task-meta-*")
    assert submissions(asked(1), answered(1), both).names(ONE) == {ONE, "a"}


def test_a_message_that_nobody_was_seen_to_publish_is_known_when_it_is_handed_over() -> None:
    popped = published("a", ONE, command="BRPOP", direction="reply", link="worker")
    assert submissions(asked(1), popped).tasks(ONE) == {"a"}


def test_whoever_only_asks_for_a_status_makes_no_task() -> None:
    status = Invoked(t=1.0, op=1, kind="status", key=ONE, task_id="a")
    assert not submissions(status, published("b")).tasks(ONE)
    assert not submissions(status, answered(1)).tasks(ONE)


def test_a_refusal_that_names_the_task_of_another_submission_makes_no_task() -> None:
    assert not submissions(asked(1), answered(1, "a", outcome="fail")).tasks(ONE)


def test_two_submissions_may_be_given_the_same_task() -> None:
    found = submissions(asked(1, ONE), answered(1), asked(2, TWO), published("a", t=1.3), answered(2, t=1.4))
    assert (found.tasks(ONE), found.tasks(TWO)) == ({"a"}, {"a"})


def test_a_line_of_a_message_without_an_id_names_no_task() -> None:
    assert not submissions(line("rejected", task_id="", key=ONE)).tasks(ONE)


def test_a_publish_while_nobody_submits_belongs_to_the_submission_whose_answer_was_lost() -> None:
    lost = answered(1, "", outcome="info")
    assert submissions(asked(1), lost, published("a", t=1.5)).tasks(ONE) == {"a"}
    assert not submissions(asked(1), answered(1, "", outcome="fail"), published("a", t=1.5)).tasks(ONE)
    both = submissions(
        asked(1), lost, asked(2, TWO, t=1.3), answered(2, "", outcome="info", t=1.4), published("a", t=1.5)
    )
    assert (both.tasks(ONE), both.tasks(TWO)) == (frozenset(), {"a"}), (
        "the last one that was lost is the most likely one"
    )


def test_of_two_that_are_answered_at_once_the_longer_one_comes_first_and_an_answer_corrects_it() -> None:
    found = submissions(asked(1, ONE), asked(2, TWO), published("b"), published("a"))
    assert (found.tasks(ONE), found.tasks(TWO)) == ({"b"}, {"a"})
    found.add(answered(1, "a"))
    found.add(answered(2, "b"))
    assert (found.tasks(ONE), found.tasks(TWO)) == ({"a"}, {"b"})


def test_a_second_publish_belongs_to_the_only_submission_that_is_answered() -> None:
    assert submissions(asked(1), published("a"), published("b")).tasks(ONE) == {"a", "b"}


def test_a_task_that_is_published_again_stays_with_its_submission() -> None:
    again = (asked(1), published("a"), answered(1, "", outcome="info"), asked(2, TWO), published("a", t=1.5))
    found = submissions(*again, published("tag", "a", command="HSET", key="unacked", link="worker"))
    assert (found.names(ONE), found.names(TWO)) == ({ONE, "a", "tag"}, {TWO})


def test_who_is_not_waited_for_any_more_gets_no_task_while_another_one_is_answered() -> None:
    found = submissions(asked(1, ONE))
    found.give_up(ONE, 3.5)
    for event in (asked(2, TWO, t=4.0), published("b", t=4.1)):
        found.add(event)
    assert (found.tasks(ONE), found.tasks(TWO)) == (frozenset(), {"b"})


def test_a_later_step_of_a_workflow_belongs_to_the_submission_of_the_first() -> None:
    found = submissions(asked(1), published("a"), published("b", "a", link="worker"))
    assert found.tasks(ONE) == {"a", "b"}


def test_the_answer_counts_more_than_a_guess_and_the_key_more_than_both() -> None:
    found = submissions(asked(1), published("step"), answered(1, "last"))
    assert found.tasks(ONE) == {"last"}
    assert found.names(ONE) == {ONE, "step", "last"}
    found = submissions(asked(1, ONE), published("a"), line(key=TWO))
    assert (found.tasks(ONE), found.tasks(TWO)) == (frozenset(), {"a"})


def test_where_nothing_tells_any_task_that_starts_when_the_submission_is_over_will_do() -> None:
    over = submissions(asked(1), answered(1, "", outcome="info", t=1.2))
    assert over.start(ONE) is None
    for event in (line(t=1.1, task_id="before"), line(t=1.5, task_id="x"), line(t=1.6, task="stormproof.hold_late")):
        over.add(event)
    assert over.start(ONE) == line(t=1.5, task_id="x")
    assert submissions(line(t=1.1), asked(1), answered(1, "", outcome="info")).start(ONE) is None, "it was before"
    assert submissions(asked(1), answered(1), line(t=1.5, task_id="x")).start(ONE) is None, "its own is still to come"
    assert submissions(asked(1), line(t=1.5)).start(ONE) is None
    assert submissions(line(t=1.5)).start(ONE) is None


def test_faults_mean_the_same_stand_in_and_wait_until_it_is_chosen() -> None:
    found = submissions(asked(1), answered(1), line(t=2.0), line(t=2.1, task_id="b"))
    chosen = ""
    found.stand_ins[ONE] = lambda: chosen
    assert found.start(ONE) is None
    chosen = "b"
    assert found.start(ONE) == line(t=2.1, task_id="b")
    assert found.starts_of(ONE) == [line(t=2.0)]


def test_the_latest_start_of_its_own_task_counts_more_than_any_other() -> None:
    found = submissions(asked(1), answered(1), line(t=2.0), line(t=3.0), line(t=4.0, task_id="b"))
    assert found.start(ONE) == line(t=3.0)


def test_the_starts_of_several_tasks_are_told_in_their_order() -> None:
    starts = [line(t=2.0 + place / 10, task_id=task_id, key=ONE) for place, task_id in enumerate("gfedcbaabcdefg")]
    assert submissions(*starts).starts_of(ONE) == starts


def test_keys_do_not_reach_tasks_where_a_task_of_a_submission_starts_without_one() -> None:
    found = submissions(asked(1), answered(1))
    assert found.keys_reach_tasks
    found.add(line(key=ONE, task="stormproof.hold_late", task_id="ours"))
    found.add(line(task_id="periodic"))
    assert found.keys_reach_tasks
    found.add(line())
    assert not found.keys_reach_tasks
    found.add(line(key=TWO, task_id="b"))
    assert found.keys_reach_tasks


def test_what_was_submitted_is_known_before_it_is_answered() -> None:
    found = submissions(asked(1))
    assert (found.has(ONE), found.has(TWO)) == (True, False)
    found.add(answered(1))
    assert found.has(ONE)
