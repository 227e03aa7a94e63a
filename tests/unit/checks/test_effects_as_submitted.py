"""Literal histories for `effects_as_submitted`."""

from typing import Any

import pytest
from literals import KEY, OTHER, Case, accepted, history
from stormproof.checks import EffectsAsSubmitted
from stormproof.history import Effect


def sent(t: float, key: str = KEY, recipient: str = f"{KEY}@example.org", **more: Any) -> Effect:
    return Effect(t=t, key=key, recipient=recipient, **{"compared": True, **more})


CASES = (
    Case("what arrives whole is as it was submitted", history(accepted(1), sent(2)), avoids="effect_differs"),
    Case(
        "an effect that nobody submitted is not compared",
        history(accepted(1), sent(2), sent(3, OTHER, "ops@example.org", lacks=("{text}: nothing of it",))),
        avoids="effect_differs",
    ),
    Case(
        "what was not submitted as it is described may contain what it likes",
        history(accepted(1), sent(2, compared=False, lacks=("{text}: nothing of it",))),
        avoids="effect_differs",
    ),
    Case(
        "what was not submitted as it is described may go to anybody",
        history(accepted(1), sent(2, recipient="ops@example.org", compared=False)),
        avoids="effect_misdirected",
    ),
    Case(
        "a text that was cut short is not what was submitted",
        history(accepted(1), sent(2, lacks=("{text}: only the first 80 of its 1532 characters",))),
        {"effect_differs": (2,)},
    ),
    Case(
        "the text of another is not what was submitted",
        history(accepted(1), sent(2, lacks=("{text}: nothing of it",), others=(OTHER,))),
        {"effect_differs": (2,)},
    ),
    Case(
        "an address may be written in capitals",
        history(accepted(1), sent(2, recipient=f"{KEY}@EXAMPLE.org")),
        avoids="effect_misdirected",
    ),
    Case(
        "what goes to another is misdirected",
        history(accepted(1), sent(2, recipient=f"{OTHER}@example.org")),
        {"effect_misdirected": (2,)},
    ),
    Case(
        "what goes to another, too, is misdirected",
        history(accepted(1), sent(2, recipient=f"{KEY}@example.org, {OTHER}@example.org")),
        {"effect_misdirected": (2,)},
    ),
    Case(
        "what goes to nobody is misdirected", history(accepted(1), sent(2, recipient="")), {"effect_misdirected": (2,)}
    ),
)

CHECK = EffectsAsSubmitted(to="{key}@example.org")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_where_no_recipient_is_promised_an_effect_may_go_to_anybody() -> None:
    Case("anybody", history(accepted(1), sent(2, recipient="ops@example.org"))).must_hold(EffectsAsSubmitted())


def test_the_message_says_how_much_arrived_and_whose_it_is() -> None:
    cut = history(accepted(1), sent(2, lacks=("{text}: only the first 80 of its 1532 characters",), others=(OTHER,)))
    [finding] = CHECK(cut).findings
    said = "lacks what was submitted: {text}: only the first 80 of its 1532 characters; it names storm-00ab-0002"
    assert finding.message == f"{KEY}: the effect at 2.0 s {said}"
