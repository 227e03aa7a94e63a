"""Chance is drawn once, from a seed, and stored."""

from __future__ import annotations

from stormproof import Scenario, Workload
from stormproof.spec.choices import Choices

SCENARIO = Scenario(name="s", title="t", workload=Workload(tasks=200, rate_per_s=10))


def test_the_same_seed_draws_the_same_choices() -> None:
    assert Choices.draw(SCENARIO, 7) == Choices.draw(SCENARIO, 7)
    assert Choices.draw(SCENARIO, 7) != Choices.draw(SCENARIO, 8)


def test_submissions_are_due_at_the_workloads_rate_and_in_order() -> None:
    due = Choices.draw(SCENARIO, 1).submit_at_s
    assert len(due) == 200
    assert due[0] == 0
    assert list(due) == sorted(due)
    assert 12 < due[-1] < 28
