"""The checks: pure functions from a history to a verdict, one file each.

A check is a frozen dataclass with typed parameters. You call it with a history. Its docstring describes each kind of
finding in one line; the catalogue is generated from these lines. `facts` holds what the checks share.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import ClassVar, Protocol

from stormproof.checks.acknowledges_late import AcknowledgesLate
from stormproof.checks.api_answers import ApiAnswers
from stormproof.checks.counts_agree import CountsAgree
from stormproof.checks.delivery import Delivery
from stormproof.checks.effects_as_submitted import EffectsAsSubmitted
from stormproof.checks.effects_once import EffectsOnce
from stormproof.checks.events_agree import EventsAgree
from stormproof.checks.fault_happened import FaultHappened
from stormproof.checks.heeds_refusals import HeedsRefusals
from stormproof.checks.holds_few import HoldsFew
from stormproof.checks.keeps_consuming import KeepsConsuming
from stormproof.checks.legal_states import LegalStates
from stormproof.checks.no_phantom import NoPhantom
from stormproof.checks.no_residue import NoResidue
from stormproof.checks.no_task_lost import NoTaskLost
from stormproof.checks.one_schedule import OneSchedule
from stormproof.checks.recovers_within import RecoversWithin
from stormproof.checks.results_as_submitted import ResultsAsSubmitted
from stormproof.checks.results_readable import ResultsReadable
from stormproof.checks.run_complete import RunComplete
from stormproof.checks.says_when import SaysWhen
from stormproof.checks.status_true import StatusTrue
from stormproof.checks.stays_up import StaysUp
from stormproof.checks.stores_keep import StoresKeep
from stormproof.checks.verdict import NOTHING_OBSERVED, Category, Finding, Kinds, Status, Verdict
from stormproof.errors import UsageError
from stormproof.history import History
from stormproof.spec.registry import Registry

_CRASHED = "check_crashed"


class Check(Protocol):
    """A question that a history answers. `name` is stable; `kinds` maps each kind of finding it can report to a category."""

    name: ClassVar[str]
    kinds: ClassVar[Kinds]

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        ...


ALL: tuple[type[Check], ...] = (
    NoTaskLost,
    Delivery,
    EffectsOnce,
    EffectsAsSubmitted,
    StatusTrue,
    HeedsRefusals,
    NoPhantom,
    ResultsReadable,
    ResultsAsSubmitted,
    LegalStates,
    ApiAnswers,
    SaysWhen,
    KeepsConsuming,
    RecoversWithin,
    StaysUp,
    AcknowledgesLate,
    HoldsFew,
    StoresKeep,
    NoResidue,
    EventsAgree,
    CountsAgree,
    OneSchedule,
    FaultHappened,
    RunComplete,
)
"""Every check, in the order in which reports show them."""


def declared(checks: Iterable[type[Check]]) -> dict[str, Category]:
    """Return the kinds of all these checks. Raises TypeError for a kind with no category, or with two."""
    found = dict.fromkeys((NOTHING_OBSERVED, _CRASHED), Category.UNDECIDED)
    for check in checks:
        for kind, category in check.kinds.items():
            if not isinstance(category, Category):
                raise TypeError(f"{check.name}: the kind {kind!r} has no category")
            if found.setdefault(kind, category) is not category:
                raise TypeError(f"{check.name}: the kind {kind!r} is {category}, and {found[kind]} in another check")
    return found


REGISTRY: Registry[type[Check]] = Registry(
    "stormproof.checks",
    "check",
    {},
    lambda found: isinstance(found, type) and callable(found) and hasattr(found, "name") and hasattr(found, "kinds"),
    "a class like stormproof.checks.Check, which is made without arguments",
)
"""The checks that other packages add."""


@cache
def others() -> tuple[type[Check], ...]:
    """Return the checks of other packages, which judge every run. Raises UsageError if one cannot be used."""
    found: list[type[Check]] = []
    for point in REGISTRY.points():
        check = REGISTRY.load(point)
        try:
            declared([*ALL, *found, check])
        except TypeError as error:
            raise UsageError(f"the entry point {point.name!r} of {REGISTRY.group}: {error}") from error
        if check.name in {known.name for known in (*ALL, *found)}:
            raise UsageError(
                f"the entry point {point.name!r} of {REGISTRY.group}: there is a check {check.name!r} already; give it another name"
            )
        found.append(check)
    return tuple(found)


_CATEGORIES = declared(ALL)


def category(kind: str) -> Category:
    """Return the category of a finding's kind.

    Only a verdict stored by another version can name an unknown kind. It counts as wrong.
    """
    found = _CATEGORIES.get(kind)
    return found or declared(others()).get(kind, Category.WRONG)


def judge(history: History, checks: Iterable[Check]) -> tuple[Verdict, ...]:
    """Run every check. A check that crashes is `unknown`, with the finding `check_crashed`; it never passes."""
    with _no_garbage_collection():
        return tuple(_ask(history, check) for check in checks)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Turn garbage collection off: everything that judging allocates lives until it ends, and collecting takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _ask(history: History, check: Check) -> Verdict:
    try:
        verdict = check(history)
        strange = {finding.kind for finding in verdict.findings} - {*check.kinds, NOTHING_OBSERVED}
        if strange:
            raise TypeError(f"it does not declare {', '.join(sorted(strange))} among its kinds")
        return verdict
    except Exception as error:
        message = f"the check itself failed: {type(error).__name__}: {error}"
        crashed = Finding(kind=_CRASHED, message=message, status=Status.UNKNOWN)
        return Verdict.of(check.name, (crashed,), observed=0)


__all__ = [
    "ALL",
    "AcknowledgesLate",
    "ApiAnswers",
    "Check",
    "CountsAgree",
    "Delivery",
    "EffectsAsSubmitted",
    "EffectsOnce",
    "EventsAgree",
    "FaultHappened",
    "HeedsRefusals",
    "HoldsFew",
    "KeepsConsuming",
    "LegalStates",
    "NoPhantom",
    "NoResidue",
    "NoTaskLost",
    "OneSchedule",
    "RecoversWithin",
    "ResultsAsSubmitted",
    "ResultsReadable",
    "RunComplete",
    "SaysWhen",
    "StatusTrue",
    "StaysUp",
    "StoresKeep",
    "category",
    "declared",
    "judge",
    "others",
]
