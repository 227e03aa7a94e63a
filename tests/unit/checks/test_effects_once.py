"""Literal histories for `effects_once`."""

import pytest
from literals import KEY, OTHER, Case, accepted, broken, handed_back, history, probe, status
from stormproof.checks import EffectsOnce
from stormproof.history import Effect

CASES = (
    Case(
        "one effect and a success belong together",
        history(accepted(1), Effect(t=2, key=KEY), probe(2.1, "succeeded"), status(3, 2, "SUCCESS")),
        avoids="effect_doubled",
    ),
    Case(
        "an effect of a key that nobody submitted is not counted here",
        history(accepted(1), Effect(t=2, key=KEY), Effect(t=2, key=OTHER), Effect(t=3, key=OTHER)),
        avoids="effect_doubled",
    ),
    Case(
        "two effects of one key are one too many",
        history(accepted(1), Effect(t=2, key=KEY), Effect(t=5, key=KEY)),
        {"effect_doubled": (2, 3)},
    ),
    Case(
        "two tasks of one submission double the effect",
        history(accepted(1), accepted(1, 2, "b"), Effect(t=2, key=KEY), Effect(t=2.1, key=KEY)),
        {"effect_doubled": (4, 5)},
    ),
    Case(
        "a warm-up counts",
        history(accepted(1, purpose="warmup"), Effect(t=2, key=KEY), Effect(t=5, key=KEY)),
        {"effect_doubled": (2, 3)},
    ),
    Case(
        "a success without an effect is a lie",
        history(accepted(1), probe(2, "succeeded"), status(3, 2, "SUCCESS")),
        {"effect_missing": (2, 4)},
    ),
    Case(
        "two submissions that were given one task have two effects, or one is missing",
        history(accepted(1), accepted(1.5, 2, key=OTHER), Effect(t=2, key=KEY), status(3, 3, "SUCCESS")),
        {"effect_missing": (6,)},
    ),
    Case(
        "one task may send the effects of two submissions",
        history(
            accepted(1),
            accepted(1.5, 2, key=OTHER),
            Effect(t=2, key=KEY),
            Effect(t=2, key=OTHER),
            status(3, 3, "SUCCESS"),
        ),
        avoids="effect_missing",
    ),
    Case(
        "the probe's word will do where the system was never asked",
        history(accepted(1), probe(2, "succeeded")),
        {"effect_missing": (2,)},
    ),
    Case(
        "the first of two successes without an effect proves it",
        history(accepted(1), probe(2, "succeeded"), probe(3, "succeeded", pid=12)),
        {"effect_missing": (2,)},
    ),
    Case(
        "the probe's word will not do where the system does not say so",
        history(
            accepted(1),
            probe(2, "succeeded"),
            broken(3, 2),
            accepted(4, 3, "b", OTHER),
            Effect(t=5, key=OTHER),
        ),
        avoids="effect_missing",
    ),
    Case(
        "a failure needs no effect",
        history(
            accepted(1), probe(2, "failed"), status(3, 2, "FAILURE"), accepted(4, 3, "b", OTHER), Effect(t=5, key=OTHER)
        ),
        avoids="effect_missing",
    ),
)

CHECK = EffectsOnce()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_a_second_effect_after_a_fast_forward_says_so() -> None:
    twice = history(accepted(1), probe(2, "started"), Effect(t=2, key=KEY), handed_back(3), Effect(t=5, key=KEY))
    (finding,) = CHECK(twice).findings
    assert finding.message.endswith("2 effects, at 2.0, 5.0 s; the visibility timeout was fast-forwarded at 3.0 s")


def test_where_results_are_ignored_a_success_that_the_probe_saw_needs_its_effect() -> None:
    unsent = history(accepted(1), probe(2, "succeeded"), status(3, 2, "PENDING"))
    assert [finding.kind for finding in EffectsOnce(results=False)(unsent).findings] == ["effect_missing"]
    assert [finding.kind for finding in CHECK(unsent).findings] == ["nothing_observed"]
