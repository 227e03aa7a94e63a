"""Literal histories for `run_complete`."""

import pytest
from literals import Case, accepted, history, phase
from stormproof.checks import RunComplete
from stormproof.history import History
from stormproof.verdict import Status

WHOLE = history(phase(0, "start"), phase(1, "storm"), accepted(2), phase(9, "stop"))

CASES = (
    Case("a run that came to its end", WHOLE, avoids="cut_short"),
    Case("a harness that was killed", history(phase(0, "start"), accepted(2)), {"cut_short": (2,)}, unknown=True),
    Case("one that was killed at once", history(accepted(2)), {"cut_short": (1,)}, unknown=True),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(RunComplete())


def test_a_torn_last_line_is_a_run_cut_short() -> None:
    verdict = RunComplete()(History(list(WHOLE), cut_off=True))
    assert verdict.status is Status.UNKNOWN
    assert verdict.findings[0].message == "the history ends in the phase 'stop', and its last line is torn"
