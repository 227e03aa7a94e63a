"""Which checks hold a system to its promises."""

from __future__ import annotations

from stormproof.checks import (
    AcknowledgesLate,
    ApiAnswers,
    Check,
    Delivery,
    EffectsOnce,
    EventsAgree,
    FaultHappened,
    HoldsFew,
    KeepsConsuming,
    LegalStates,
    NoPhantom,
    NoResidue,
    NoTaskLost,
    RecoversWithin,
    ResultsReadable,
    RunComplete,
    StaysUp,
    StoresKeep,
)
from stormproof.scenario import Scenario
from stormproof.system import System


def checks_for(system: System, scenario: Scenario) -> tuple[Check, ...]:
    """All checks, with the bounds that the description promises; what has no meaning for the system is left out."""
    promises = system.promises
    checks = [
        *checks_of_tasks(system),
        KeepsConsuming(stall_s=promises.stall_s),
        StaysUp(),
        *([AcknowledgesLate()] if promises.acknowledges == "late" else []),
        *([HoldsFew(in_hand=promises.in_hand)] if promises.in_hand else []),
        *([StoresKeep(durable=promises.durable)] if promises.durable else []),
        NoResidue(),
        EventsAgree(promised=promises.events),
        FaultHappened(planned=scenario.planned, copies=scenario.workload.copies),
        RunComplete(),
    ]
    return (*checks, RecoversWithin(recovery_s=promises.recovery_s)) if scenario.storm else tuple(checks)


def checks_of_tasks(system: System) -> list[Check]:
    """The checks that look at tasks and answers alone, and so can judge a part of a run."""
    promises, status = system.promises, system.status
    return [
        NoTaskLost(),
        Delivery(promise=promises.delivery, executions=promises.executions, may_expire=promises.may_expire),
        *([EffectsOnce()] if system.effects_expected else []),
        NoPhantom(),
        ResultsReadable(has_values=status.result is not None),
        LegalStates(pending=status.pending, success=status.success, failure=status.failure),
        ApiAnswers(
            deadline_s=promises.api_deadline_s,
            unfinished_codes=status.unfinished_codes,
            unknown_codes=status.unknown_codes,
        ),
    ]
