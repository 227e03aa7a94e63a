"""Literal histories for `run_complete`."""

import pytest
from literals import Case, accepted, closed, history, phase, probe
from stormproof.checks import RunComplete
from stormproof.checks.verdict import Status
from stormproof.history import AnyEvent, Closed, History

RUN = (phase(0, "start"), phase(1, "storm"), *accepted(2), probe(3, "started"), phase(9, "stop"))
WHOLE = closed(*RUN)
END = WHOLE[-1]


def altered(title: str, *events: AnyEvent) -> Case:
    return Case(title, history(*events, END), {"altered": (len(events),)}, unknown=True)


CASES = (
    Case("a run that came to its end", WHOLE, avoids="cut_short"),
    Case("a run that was recorded until after its last phase", closed(*RUN, probe(8, "succeeded")), avoids="altered"),
    Case("a harness that was killed", history(phase(0, "start"), accepted(2)), {"cut_short": (2,)}, unknown=True),
    Case("one that was killed at once", history(accepted(2)), {"cut_short": (1,)}, unknown=True),
    Case("one that was killed as it stopped", history(*RUN), {"cut_short": (5,)}, unknown=True),
    Case("a run that failed, and was closed", closed(*RUN[:-1]), {"cut_short": (5,)}, unknown=True),
    Case("a history that goes on after its end", history(tuple(WHOLE), RUN[4]), {"cut_short": (7,)}, unknown=True),
    altered("a history that lacks its head", *RUN[1:]),
    altered("a history that lacks a line in its midst", *RUN[:4], *RUN[5:]),
    altered("a history that has a line twice", *RUN[:5], *RUN[4:]),
    altered("a history that has a line where it was not", *RUN[:2], RUN[4], *RUN[2:4], RUN[5]),
    altered("a history that has another line", *RUN[:4], probe(3, "received"), RUN[5]),
    Case("a history that was closed twice", history(tuple(WHOLE), END), {"altered": (7,)}, unknown=True),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(RunComplete())


def test_a_torn_last_line_is_a_run_cut_short() -> None:
    for events, where in ((RUN, "'stop' without its closing line"), (RUN[:2], "'storm'")):
        verdict = RunComplete()(History(events, cut_off=True))
        assert verdict.status is Status.UNKNOWN
        assert verdict.findings[0].message == f"the history ends in the phase {where}, and its last line is torn"


def test_an_empty_history_ends_before_it_began() -> None:
    (finding,) = RunComplete()(history()).findings
    assert (finding.message, finding.evidence) == ("the history ends before its first phase", ())


def test_the_closing_line_is_the_same_however_a_history_came_to_be() -> None:
    assert Closed(t=9, events=6, checksum=Closed.of(RUN).checksum) == END
    assert Closed.of([]) == Closed(t=0, events=0, checksum=0)
