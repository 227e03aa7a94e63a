"""Chooses the checks that hold a system to its promises."""

from __future__ import annotations

from stormproof.checks import (
    AcknowledgesLate,
    ApiAnswers,
    Check,
    CountsAgree,
    Delivery,
    EffectsAsSubmitted,
    EffectsOnce,
    EventsAgree,
    FaultHappened,
    HeedsRefusals,
    HoldsFew,
    KeepsConsuming,
    LegalStates,
    NoPhantom,
    NoResidue,
    NoTaskLost,
    OneSchedule,
    RecoversWithin,
    ResultsAsSubmitted,
    ResultsReadable,
    RunComplete,
    SaysWhen,
    StatusTrue,
    StaysUp,
    StoresKeep,
    others,
)
from stormproof.spec.promises import Promises
from stormproof.spec.scenario import Scenario
from stormproof.spec.system import System


def checks_for(system: System, scenario: Scenario) -> tuple[Check, ...]:
    """Return all checks, including those of other packages, with the bounds that the description promises.

    Checks that have no meaning for the system are left out.
    """
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
        *([CountsAgree()] if system.metrics else []),
        *([OneSchedule(shared=promises.schedulers == "one")] if _may_repeat(system) else []),
        *(check() for check in others()),
        FaultHappened(planned=scenario.planned, copies=scenario.workload.copies),
        RunComplete(),
    ]
    return (*checks, RecoversWithin(recovery_s=promises.recovery_s)) if scenario.storm else tuple(checks)


def checks_of_tasks(system: System) -> list[Check]:
    """Return the checks that look only at tasks and answers, and so can judge a part of a run."""
    promises, status = system.promises, system.status
    kept = promises.results == "kept"
    return [
        NoTaskLost(),
        Delivery(promise=promises.delivery, executions=promises.executions, may_expire=promises.may_expire),
        *(_checks_of_effects(promises) if system.effects_expected else []),
        *([ResultsAsSubmitted(contain=promises.result_contains)] if promises.result_contains else []),
        *([SaysWhen(*promises.retry_after_s)] if promises.retry_after_s else []),
        *(
            [StatusTrue(has_effects=system.effects_expected, running=status.running)]
            if system.effects_expected or status.running
            else []
        ),
        NoPhantom(),
        *([ResultsReadable(has_values=bool(status.result))] if kept else []),
        LegalStates(pending=status.pending, success=status.success, failure=status.failure),
        ApiAnswers(
            deadline_s=promises.api_deadline_s,
            unfinished_codes=status.unfinished_codes,
            unknown_codes=status.unknown_codes,
        ),
    ]


def _may_repeat(system: System) -> bool:
    """Whether several schedulers run that may serve the same schedule."""
    beats = [system.components[name].replicas for name in system.in_storms("beat")]
    return sum(beats) > 1 and system.promises.schedulers != "many"


def _checks_of_effects(promises: Promises) -> list[Check]:
    checks: list[Check] = [EffectsOnce(results=promises.results == "kept")]
    if promises.effects_contain or promises.effects_to:
        checks.append(EffectsAsSubmitted(to=promises.effects_to or ""))
    if promises.endures_s or promises.refused:
        checks.append(HeedsRefusals(endures_s=promises.endures_s, final=promises.refused == "fails"))
    return checks
