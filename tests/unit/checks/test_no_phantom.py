"""Literal histories for `no_phantom`."""

import pytest
from literals import KEY, OTHER, Case, accepted, asked, history, lost, probe, process, published, refused
from stormproof.checks import NoPhantom
from stormproof.history import Returned

BEAT = process(0, "beat", "started", pid=7)

CASES = (
    Case(
        "what was submitted may run",
        history(accepted(1), probe(2, "started"), probe(2.5, "started", "b", "", task="system.tidy_up")),
        avoids="phantom",
    ),
    Case(
        "a submission that nobody answered may run under any id",
        history(asked(1, 1), probe(2, "started", "b")),
        avoids="phantom",
    ),
    Case(
        "what the harness itself submits may run",
        history(accepted(1, -9000, purpose="state"), probe(2, "started")),
        avoids="phantom",
    ),
    Case(
        "a key that nobody submitted must not run",
        history(accepted(1), probe(2, "started", "b", OTHER)),
        {"phantom": (2,)},
    ),
    Case(
        "a submitted task of unknown id and without a key must not run",
        history(
            accepted(1),
            probe(2, "started"),
            published(2.9, "b", "reply-to"),
            probe(3, "started", "b", ""),
            probe(4, "started", "b", ""),
        ),
        {"phantom": (3, 4, 5)},
    ),
    Case(
        "a scheduler may publish a task that is also submitted, and that task may publish others",
        history(
            BEAT,
            accepted(1),
            probe(2, "started"),
            published(2.9, "b", "reply-to", link="beat"),
            probe(3, "started", "b", ""),
            published(3.1, "c", "b", link="worker"),
            probe(4, "started", "c", ""),
        ),
        avoids="phantom",
    ),
    Case(
        "a component that is no scheduler must not publish what nobody submitted",
        history(
            BEAT,
            accepted(1),
            probe(2, "started"),
            published(2.9, "b", link="worker"),
            probe(3, "started", "b", ""),
        ),
        {"phantom": (4, 5)},
    ),
    Case(
        "a task that a scheduler published does not use up a lost answer",
        history(
            BEAT,
            accepted(1),
            probe(2, "started"),
            lost(2.5, 2),
            published(2.9, "b", link="beat"),
            probe(3, "started", "b", ""),
            published(3.1, "c"),
            probe(4, "started", "c", ""),
        ),
        avoids="phantom",
    ),
    Case(
        "whose a task without a key is cannot be known where its message was not seen",
        history(accepted(1), probe(2, "started"), probe(3, "started", "b", ""), probe(4, "started", "b", "")),
        {"phantom": (3, 4)},
        unknown=True,
    ),
    Case(
        "a task without a key may be that of a submission whose answer was lost",
        history(
            accepted(1), probe(2, "started", key=""), lost(3, 2), published(3.05, "b"), probe(4, "started", "b", "")
        ),
        avoids="phantom",
    ),
    Case(
        "a task without a key may be that of a submission that was never answered, however late it runs",
        history(accepted(1), probe(2, "started", key=""), asked(3, 2, OTHER), probe(60, "started", "b", "")),
        avoids="phantom",
    ),
    Case(
        "two tasks without a key may be those of two submissions whose answers were lost",
        history(
            accepted(1),
            probe(2, "started", key=""),
            lost(3, 2),
            lost(3.5, 3),
            probe(4, "started", "b", ""),
            probe(5, "started", "c", ""),
        ),
        avoids="phantom",
    ),
    Case(
        "one lost answer explains one task without a key, and no second one",
        history(
            accepted(1),
            probe(2, "started", key=""),
            lost(3, 2),
            published(3.05, "b"),
            probe(4, "started", "b", ""),
            published(4.5, "c"),
            probe(5, "started", "c", ""),
        ),
        {"phantom": (7, 8)},
    ),
    Case(
        "a task that was published before the answer was lost is not explained by it",
        history(
            accepted(1), probe(2, "started", key=""), published(2.5, "b"), lost(3, 2), probe(4, "started", "b", "")
        ),
        {"phantom": (3, 6)},
    ),
    Case(
        "a lost answer whose task is known by its key explains no other one",
        history(
            accepted(1, key=OTHER),
            lost(2, 2, KEY),
            probe(3, "started"),
            probe(3.1, "started", "x", KEY),
            published(3.5, "b"),
            probe(4, "started", "b", ""),
        ),
        {"phantom": (6, 7)},
    ),
    Case(
        "a step of a workflow without a key may run: its message names the task that was submitted",
        history(
            accepted(1, task_id="last"),
            published(1.05, "first", "reply-to"),
            probe(2, "started", "first", ""),
            published(2.1, "last", "first", "reply-to", link="worker"),
            probe(3, "started", "last", ""),
        ),
        avoids="phantom",
    ),
    Case(
        "one lost answer explains all steps of one workflow",
        history(
            accepted(1),
            probe(2, "started", key=""),
            lost(3, 2),
            published(3.05, "first"),
            probe(4, "started", "first", ""),
            published(4.1, "last", "first", link="worker"),
            probe(5, "started", "last", ""),
        ),
        avoids="phantom",
    ),
    Case(
        "the system's own tasks use up no lost answer",
        history(
            accepted(1),
            probe(2, "started", key=""),
            lost(3, 2),
            probe(3.5, "started", "tidy", "", task="system.tidy_up"),
            probe(4, "started", "b", ""),
        ),
        avoids="phantom",
    ),
    Case(
        "a submission that certainly failed must not run",
        history(refused(1), probe(2, "started", "b")),
        {"ran_after_fail": (0, 1, 2)},
    ),
    Case(
        "a submission that certainly failed must not run under the id that it names",
        history(asked(1, 1), Returned(t=1.1, op=1, outcome="fail", http_status=503, task_id="a"), probe(2, "started")),
        {"ran_after_fail": (0, 1, 2)},
    ),
    Case(
        "no copy may run where all have failed",
        history(refused(1), refused(1, 2), probe(2, "started", "b")),
        {"ran_after_fail": (0, 1, 2, 3, 4)},
    ),
    Case(
        "a submission that failed may run where a second one was taken",
        history(refused(1), accepted(2, 2), probe(3, "started")),
        avoids="ran_after_fail",
    ),
    Case(
        "a refused submission and a lost one: the task without a key is that of the lost one",
        history(accepted(1), probe(2, "started", key=""), refused(3, 2), lost(3.5, 3), probe(4, "started", "b", "")),
        avoids="ran_after_fail",
    ),
    Case(
        "a submission that failed may run where nobody knows what became of a second one",
        history(refused(1), asked(2, 2, KEY), probe(3, "started", "b")),
        avoids="ran_after_fail",
    ),
)

CHECK = NoPhantom()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_a_phantom_without_a_key_is_told_with_who_published_it_or_with_what_was_not_seen() -> None:
    seen, unseen = ([published(2.9, "b")], [])
    start = probe(3, "started", "b", "")
    said = [
        CHECK(history(accepted(1), probe(2, "started"), *frames, start)).findings[0].message
        for frames in (seen, unseen)
    ]
    assert said == [
        "no key (task b): ran as send at 3.0 s, published by api at 2.9 s, and nobody submitted it",
        "no key (task b): ran as send at 3.0 s; no submission returned its id, no key is in its arguments, and its message "
        "was not seen, so nobody knows who submitted it; let {key} of `submit` reach the task's arguments",
    ]
