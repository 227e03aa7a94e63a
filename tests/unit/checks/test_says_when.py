"""Literal histories for `says_when`."""

from typing import Any

import pytest
from literals import Case, accepted, asked, broken, history
from stormproof.checks import SaysWhen
from stormproof.history import Event, Returned


def refused(t: float, op: int = 1, **more: Any) -> tuple[Event, ...]:
    return asked(t, op), Returned(t=t + 0.1, op=op, outcome="info", http_status=503, **more)


CASES = (
    Case(
        "both ends of what is promised are within it",
        history(refused(1, retry_after=True, retry_after_s=1), refused(2, 2, retry_after=True, retry_after_s=10)),  # type: ignore[arg-type]
        avoids="retry_after_wrong",
    ),
    Case("a 503 without the header is for another check", history(refused(1)), avoids="retry_after_wrong"),  # type: ignore[arg-type]
    Case(
        "other answers may say what they like",
        history(accepted(1), broken(2, 2, 429, retry_after=True, retry_after_s=3600), asked(3, 3)),
        avoids="retry_after_wrong",
    ),
    Case("at once is no time", history(refused(1, retry_after=True, retry_after_s=0)), {"retry_after_wrong": (0, 1)}),  # type: ignore[arg-type]
    Case(
        "tomorrow is too late",
        history(refused(1, retry_after=True, retry_after_s=86400)),
        {"retry_after_wrong": (0, 1)},
    ),  # type: ignore[arg-type]
    Case("soon is no number", history(refused(1, retry_after=True)), {"retry_after_wrong": (0, 1)}),  # type: ignore[arg-type]
)

CHECK = SaysWhen(least_s=1, most_s=10)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


@pytest.mark.parametrize(("after_s", "said"), [(0.0, "after 0 s"), (-1.0, "in no words that say when")])
def test_the_message_says_what_was_said_and_what_is_promised(after_s: float, said: str) -> None:
    [finding] = CHECK(history(refused(1, retry_after=True, retry_after_s=after_s))).findings  # type: ignore[arg-type]
    assert finding.message == f"submit of storm-00ab-0001 at 1.0 s: 503, come again {said}; 1 to 10 s are promised"
