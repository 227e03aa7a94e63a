"""The words of a check, and how they merge."""

import pytest
from stormproof.checks.verdict import Finding, Status, Verdict, merge

UNDECIDED = Finding(kind="unsettled", message="nobody knows", status=Status.UNKNOWN)
PROVED = Finding(kind="lost", message="it is gone", evidence=(1, 2))
REMARK = Finding(kind="stranded", message="it waited", status=Status.VALID)


@pytest.mark.parametrize(
    ("findings", "observed", "status"),
    [
        ((), 3, Status.VALID),
        ((UNDECIDED,), 3, Status.UNKNOWN),
        ((UNDECIDED, PROVED), 3, Status.INVALID),
        ((PROVED,), 0, Status.INVALID),
        ((REMARK,), 3, Status.VALID),
        ((REMARK, UNDECIDED), 0, Status.UNKNOWN),
    ],
)
def test_a_verdict_is_the_worst_of_its_findings(findings: tuple[Finding, ...], observed: int, status: Status) -> None:
    verdict = Verdict.of("a_check", iter(findings), observed)
    assert (verdict.status, verdict.findings, verdict.observed) == (status, findings, observed)


def test_nothing_observed_and_nothing_found_is_unknown() -> None:
    nothing = Finding(kind="nothing_observed", message="there was nothing to judge", status=Status.UNKNOWN)
    assert Verdict.of("a_check", (), observed=0) == Verdict(
        check="a_check", status=Status.UNKNOWN, findings=(nothing,), observed=0
    )


def test_a_remark_alone_is_nothing_observed() -> None:
    verdict = Verdict.of("a_check", (REMARK,), observed=0)
    assert verdict.status is Status.UNKNOWN
    assert [finding.word for finding in verdict.findings] == ["unknown", "remark"]


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ((), Status.UNKNOWN),
        ((Status.VALID, Status.VALID), Status.VALID),
        ((Status.VALID, Status.UNKNOWN), Status.UNKNOWN),
        ((Status.INVALID, Status.UNKNOWN, Status.VALID), Status.INVALID),
    ],
)
def test_merging_takes_the_worst_and_no_verdict_is_unknown(statuses: tuple[Status, ...], worst: Status) -> None:
    assert merge(Verdict(check="a_check", status=status) for status in statuses) is worst


def test_a_status_has_its_word_and_its_exit_code() -> None:
    assert [(status.word, status.exit_code) for status in Status] == [("valid", 0), ("unknown", 2), ("invalid", 1)]
