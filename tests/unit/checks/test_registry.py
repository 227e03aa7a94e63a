"""What holds for all checks together: every finding is proved both ways and described, and a crash is no pass."""

from __future__ import annotations

import importlib
import re
from typing import ClassVar

import pytest
from literals import Case, accepted, history, probe, quiet
from stormproof import checks
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import History

KINDS = [(check, kind) for check in checks.ALL for kind in check.kinds]


def cases(check: type[checks.Check]) -> tuple[Case, ...]:
    """The literal histories of one check's tests."""
    found: tuple[Case, ...] = importlib.import_module(f"test_{check.name}").CASES
    return found


EVERY_CHECK: tuple[checks.Check, ...] = (
    checks.NoTaskLost(),
    checks.Delivery(promise="at_least_once", executions=3),
    checks.Delivery(promise="at_most_once"),
    checks.EffectsOnce(),
    checks.EffectsAsSubmitted(to="{key}@example.org"),
    checks.StatusTrue(has_effects=True, running=("STARTED",)),
    checks.HeedsRefusals(endures_s=5, final=True),
    checks.NoPhantom(),
    checks.ResultsReadable(has_values=True),
    checks.ResultsAsSubmitted(contain=("{key}",)),
    checks.LegalStates(pending=("PENDING",), success=("SUCCESS",), failure=("FAILURE",)),
    checks.ApiAnswers(deadline_s=2.0, unfinished_codes=(500,), unknown_codes=(404,)),
    checks.SaysWhen(least_s=1, most_s=10),
    checks.KeepsConsuming(stall_s=10),
    checks.RecoversWithin(recovery_s=10),
    checks.NoResidue(least_work=6),
    checks.StaysUp(),
    checks.AcknowledgesLate(),
    checks.HoldsFew(in_hand=2),
    checks.StoresKeep(durable=("broker",)),
    checks.EventsAgree(promised=True),
    checks.CountsAgree(),
    checks.OneSchedule(shared=True),
    checks.FaultHappened(planned=("kill",)),
    checks.RunComplete(),
)


def test_every_check_is_registered_under_a_name_of_its_own() -> None:
    others = {checks.ALL, checks.Check, checks.judge, checks.category, checks.declared, checks.others}
    exported = {getattr(checks, name) for name in checks.__all__} - others
    assert set(checks.ALL) == exported
    assert len({check.name for check in checks.ALL}) == len(checks.ALL)


@pytest.mark.parametrize(("check", "kind"), KINDS, ids=lambda value: getattr(value, "name", value))
def test_every_kind_of_finding_has_a_history_that_shows_it_and_one_that_avoids_it(
    check: type[checks.Check], kind: str
) -> None:
    assert any(kind in case.finds for case in cases(check))
    assert any(kind == case.avoids and not case.finds for case in cases(check))


@pytest.mark.parametrize(("check", "kind"), KINDS, ids=lambda value: getattr(value, "name", value))
def test_every_kind_of_finding_is_described_in_one_line(check: type[checks.Check], kind: str) -> None:
    lines = [line.strip() for line in (check.__doc__ or "").splitlines()]
    assert sum(line.startswith(f"{kind}: ") for line in lines) == 1


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.name)
def test_no_history_shows_a_kind_that_the_check_does_not_declare(check: type[checks.Check]) -> None:
    assert {kind for case in cases(check) for kind in case.finds} <= set(check.kinds)


@pytest.mark.parametrize("check", EVERY_CHECK, ids=lambda check: check.name)
def test_nothing_to_look_at_is_never_valid(check: checks.Check) -> None:
    verdict = check(history())
    assert (verdict.check, verdict.status) == (check.name, Status.UNKNOWN)


def test_a_check_that_crashes_is_unknown_and_the_others_are_asked() -> None:
    class Crashing:
        name: ClassVar[str] = "crashing"
        kinds: ClassVar[Kinds] = {}

        def __call__(self, history: History) -> Verdict:
            raise ZeroDivisionError("broken")

    lost = history(accepted(1), quiet(4))
    crashed, judged = checks.judge(lost, (Crashing(), checks.NoTaskLost()))
    message = "the check itself failed: ZeroDivisionError: broken"
    failed = Finding(kind="check_crashed", message=message, status=Status.UNKNOWN)
    assert crashed == Verdict(check="crashing", status=Status.UNKNOWN, findings=(failed,), observed=0)
    assert judged.status is Status.INVALID


class Odd:
    """Reports what it does not declare."""

    name: ClassVar[str] = "odd"
    kinds: ClassVar[Kinds] = {"known": Category.LOST}

    def __call__(self, history: History) -> Verdict:
        return Verdict.of(self.name, [Finding(kind="known", message="m"), Finding(kind="strange", message="m")], 1)


def test_a_finding_of_a_kind_that_its_check_does_not_declare_is_a_failure_of_the_check() -> None:
    (verdict,) = checks.judge(history(accepted(1)), (Odd(),))
    (finding,) = verdict.findings
    assert (finding.kind, finding.status) == ("check_crashed", Status.UNKNOWN)
    assert finding.message == "the check itself failed: TypeError: it does not declare strange among its kinds"


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"known": None}, "odd: the kind 'known' has no category"),
        ({"lost": Category.WEDGED}, "odd: the kind 'lost' is Category.WEDGED, and Category.LOST in another check"),
    ],
)
def test_a_kind_without_a_category_or_with_two_is_an_error_at_import(kinds: Kinds, said: str) -> None:
    class Wrong(Odd):
        pass

    Wrong.kinds = kinds
    with pytest.raises(TypeError, match=re.escape(said)):
        checks.declared((*checks.ALL, Wrong))


def test_a_category_is_looked_up_by_the_kind_and_what_nobody_declares_counts_as_wrong() -> None:
    assert [checks.category(kind) for kind in ("lost", "nothing_observed", "of_another_version")] == [
        Category.LOST,
        Category.UNDECIDED,
        Category.WRONG,
    ]


def test_evidence_is_given_for_a_long_history_as_for_a_short_one() -> None:
    many = [accepted(n, n, f"task-{n}", f"storm-00ab-{n:04}") for n in range(500)]
    run = [probe(600, "succeeded", f"task-{n}", f"storm-00ab-{n:04}") for n in range(499)]
    (verdict,) = checks.judge(history(*many, *run, quiet(700)), (checks.NoTaskLost(),))
    assert [finding.evidence for finding in verdict.findings] == [(998, 999, 1499)]
