"""What is expected of a run, and whether it shows that."""

import pytest
from stormproof.checks.verdict import Finding, Status, Verdict
from stormproof.errors import UsageError
from stormproof.runs.expectation import checked, met, shown
from stormproof.runs.store import Judged


def judged(*findings: tuple[str, str, Status]) -> Judged:
    verdicts = tuple(
        Verdict.of(check, [Finding(kind=kind, message="so", status=status)], observed=1)
        for check, kind, status in findings
    )
    status = max((status for *_, status in findings), default=Status.VALID)
    return Judged(status=status, verdicts=verdicts, seconds=1.0, events=1)


LOST = ("no_task_lost", "lost", Status.INVALID)
WEDGED = ("keeps_consuming", "wedged", Status.INVALID)
UNSURE = ("no_task_lost", "unsettled", Status.UNKNOWN)


def test_only_what_is_proved_is_shown() -> None:
    assert shown(judged(LOST, UNSURE)) == ("no_task_lost.lost",)


def test_a_run_that_shows_more_than_expected_meets_it_and_one_that_shows_less_does_not() -> None:
    assert met(judged(LOST, WEDGED), ("no_task_lost.lost",))
    assert not met(judged(WEDGED), ("no_task_lost.lost",))
    assert not met(judged(LOST), ("no_task_lost.lost", "keeps_consuming.wedged"))


def test_where_nothing_is_expected_only_a_valid_run_will_do() -> None:
    assert met(judged(), ())
    assert not met(judged(UNSURE), ())
    assert not met(judged(LOST), ())


def test_a_finding_that_no_check_reports_is_refused_by_name() -> None:
    assert checked(["no_task_lost.lost"], "here") == ("no_task_lost.lost",)
    with pytest.raises(UsageError, match=r"here: no check reports 'no_task_lost.gone'"):
        checked(["no_task_lost.gone"], "here")
