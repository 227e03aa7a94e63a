"""Literal histories for `events_agree`."""

import pytest
from literals import Case, fault, history, phase, probe, unquiet
from stormproof.checks import EventsAgree
from stormproof.checks.verdict import Status
from stormproof.history import CeleryEvent


def event(t: float, word: str, task_id: str = "a") -> CeleryEvent:
    return CeleryEvent(t=t, word=word, task_id=task_id)


END = phase(9, "stop")

CASES = (
    Case(
        "an event says what the probe saw",
        history(event(1, "received"), probe(1, "started"), event(2, "succeeded"), probe(2, "succeeded"), END),
        avoids="contradicts_probe",
    ),
    Case(
        "an event agrees with one of two executions",
        history(
            probe(1, "started"), probe(2, "failed"), event(2, "failed"), probe(3, "started"), probe(4, "succeeded"), END
        ),
        avoids="contradicts_probe",
    ),
    Case(
        "an execution that has not ended contradicts nothing",
        history(probe(1, "started"), event(2, "succeeded"), END),
        avoids="contradicts_probe",
    ),
    Case(
        "success though the probe saw failure",
        history(probe(1, "started"), event(2, "succeeded"), probe(2, "failed"), END),
        {"contradicts_probe": (2, 1)},
    ),
    Case(
        "failure though the probe saw success",
        history(probe(1, "started"), probe(2, "succeeded"), event(3, "failed"), END),
        {"contradicts_probe": (1, 2)},
    ),
    Case("an end of a task that nobody saw", history(event(2, "succeeded"), END), {"event_without_run": (0,)}),
    Case(
        "an end of a task that was only received",
        history(probe(1, "received"), event(2, "failed"), END),
        {"event_without_run": (1,)},
    ),
    Case(
        "an end of a task whose probe was not heard to its last word",
        history(probe(1, "received"), event(2, "failed"), unquiet(3), END),
        {"event_without_run": (1,)},
        unknown=True,
    ),
    Case(
        "a second end that the probe was not heard to tell",
        history(probe(1, "started"), probe(2, "failed"), event(3, "succeeded"), unquiet(4), END),
        avoids="contradicts_probe",
    ),
    Case(
        "an end of a task that the worker does not know",
        history(probe(1, "unknown"), event(2, "failed"), END),
        avoids="event_without_run",
    ),
    Case(
        "a task that was revoked before it began",
        history(probe(1, "started", "b"), event(2, "succeeded", "b"), probe(1, "revoked"), event(2, "revoked"), END),
        avoids="event_without_run",
    ),
    Case(
        "a run that was cut short may lack the probe's last lines",
        history(event(2, "succeeded")),
        {"event_without_run": (0,)},
        unknown=True,
    ),
    Case(
        "a task that ended in a storm, and nobody heard",
        history(event(0.5, "received"), probe(1, "started"), probe(2, "succeeded"), event(3, "succeeded"), END),
        avoids="silent",
    ),
    Case(
        "no event at all, though tasks ended in calm weather",
        history(probe(1, "started"), probe(2, "succeeded"), END),
        {"silent": (1,)},
    ),
    Case(
        "failure though the probe saw two other ends",
        history(probe(1, "started"), probe(2, "succeeded"), probe(3, "revoked"), event(4, "failed"), END),
        {"contradicts_probe": (1, 2, 3)},
    ),
)

CHECK = EventsAgree(promised=True)


def test_where_no_events_are_promised_none_are_missed() -> None:
    unheard = history(probe(1, "started"), probe(2, "succeeded"), END)
    assert EventsAgree(promised=False)(unheard).status is Status.VALID
    assert EventsAgree(promised=False)(history(probe(1, "started"), END)).status is Status.UNKNOWN


def test_what_ended_as_the_storm_began_may_go_unheard() -> None:
    as_it_began = history(probe(1, "started"), fault(2, "injected"), probe(2, "succeeded"), END)
    assert [finding.kind for finding in CHECK(as_it_began).findings] == ["nothing_observed"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)
