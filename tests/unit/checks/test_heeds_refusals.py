"""Literal histories for `heeds_refusals`."""

import pytest
from literals import KEY, OTHER, Case, accepted, history, probe
from stormproof.checks import HeedsRefusals
from stormproof.history import Effect, History, Refusal

TO = f"{KEY}@example.org"


def no(t: float, code: int = 451, key: str = KEY, to: str = TO) -> Refusal:
    return Refusal(t=t, key=key, code=code, recipient=to)


def tried(t: float, word: str = "retried", code: int = 451, pid: int = 11) -> tuple[object, ...]:
    """An execution that is refused: three events."""
    return probe(t, "started", pid=pid), no(t + 0.1, code), probe(t + 0.2, word, pid=pid)  # type: ignore[arg-type]


def of(*parts: object) -> History:
    return history(accepted(1), *parts)  # type: ignore[arg-type]


CASES = (
    Case(
        "what is refused for now may fail when it was tried for long enough",
        of(tried(2), tried(5), tried(7, "failed")),
        avoids="gave_up_early",
    ),
    Case(
        "what is refused for now may succeed",
        of(tried(2), probe(3, "started"), Effect(t=3.1, key=KEY, recipient=TO), probe(3.2, "succeeded")),
        avoids="gave_up_early",
    ),
    Case("a first refusal for now is no reason to fail", of(tried(2, "failed")), {"gave_up_early": (3, 4)}),
    Case(
        "all attempts in a second are none",
        of(tried(2), tried(2.5), tried(3, "failed")),
        {"gave_up_early": (3, 10)},
    ),
    Case(
        "an execution that was not refused failed of something else",
        of(tried(2), probe(3, "started"), probe(3.2, "failed")),
        avoids="gave_up_early",
    ),
    Case(
        "a failure that the main process tells is of a death",
        of(probe(2, "started"), no(2.1), probe(2.2, "failed", pid=10)),
        avoids="gave_up_early",
    ),
    Case(
        "an execution that died makes all others doubtful",
        of(probe(1.5, "started", pid=9), tried(2, "failed")),
        avoids="gave_up_early",
    ),
    Case(
        "what was submitted twice may be refused to each",
        of(accepted(1.2, 2), tried(2, code=550, word="failed"), tried(3, code=550, word="failed")),
        avoids="asked_again",
    ),
    Case("what is refused for ever fails at once", of(tried(2, "failed", 550)), avoids="asked_again"),
    Case(
        "another recipient is another question",
        of(probe(2, "started"), no(2.1, 550), no(2.2, 550, to="second@example.org"), probe(2.3, "failed")),
        avoids="asked_again",
    ),
    Case(
        "refused for now, and then for ever, fails",
        of(tried(2), tried(3, "failed", 550)),
        avoids="asked_again",
    ),
    Case(
        "what is refused for ever is not asked again",
        of(tried(2, code=550), tried(3, "failed", 550)),
        {"asked_again": (3, 6)},
    ),
    Case(
        "not even where the server has changed its mind",
        of(tried(2, code=550), probe(3, "started"), Effect(t=3.1, key=KEY, recipient=TO), probe(3.2, "succeeded")),
        {"asked_again": (3, 6)},
    ),
    Case(
        "refusals of what nobody submitted are not judged",
        of(no(2, 550, OTHER, f"{OTHER}@example.org"), no(3, 550, OTHER, f"{OTHER}@example.org")),
        avoids="asked_again",
    ),
)

CHECK = HeedsRefusals(endures_s=5, final=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


@pytest.mark.parametrize("case", [case for case in CASES if case.finds], ids=str)
def test_what_is_not_promised_is_not_judged(case: Case) -> None:
    Case("not promised", case.history).must_hold(HeedsRefusals())


def test_the_messages_say_what_was_refused_and_how_long_it_was_tried() -> None:
    [gave_up] = CHECK(of(tried(2, "failed"))).findings
    assert gave_up.message == (
        f"{KEY} (task a): refused for now only (451, first at 2.1 s), and failed 0.1 s later; 5 s of trying again are promised"
    )
    [again] = CHECK(of(tried(2, code=550), tried(3, "failed", 550))).findings
    assert again.message == f"{KEY} (task a): refused for ever (550 for {TO} at 2.1 s), and asked again 1 times"
