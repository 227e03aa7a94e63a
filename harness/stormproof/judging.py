"""Which checks hold a system to its promises."""

from __future__ import annotations

from stormproof.checks import (
    ApiAnswers,
    Check,
    Delivery,
    EffectsOnce,
    EventsAgree,
    FaultHappened,
    KeepsConsuming,
    LegalStates,
    NoPhantom,
    NoResidue,
    NoTaskLost,
    RecoversWithin,
    ResultsReadable,
)
from stormproof.scenario import Scenario
from stormproof.system import System


def checks_for(system: System, scenario: Scenario) -> tuple[Check, ...]:
    """All checks, with the bounds that the description promises; what has no meaning for the system is left out."""
    promises, status = system.promises, system.status
    checks: list[Check] = [
        NoTaskLost(),
        Delivery(promise=promises.delivery),
        NoPhantom(),
        ResultsReadable(),
        LegalStates(pending=status.pending, success=status.success, failure=status.failure),
        ApiAnswers(deadline_s=promises.api_deadline_s, unfinished_codes=status.unfinished_codes),
        KeepsConsuming(stall_s=promises.stall_s),
        NoResidue(),
        EventsAgree(),
        FaultHappened(planned=scenario.planned),
    ]
    if system.effects_expected:
        checks.append(EffectsOnce())
    if scenario.storm:
        checks.append(RecoversWithin(recovery_s=promises.recovery_s))
    return tuple(checks)
