"""What is expected of a run: that it is valid, or which findings it must show, each as `check.kind`.

The proof of the harness (planted mistakes) and the matrix of versions are both lists of runs with an expectation.
"""

from __future__ import annotations

from collections.abc import Iterable

from stormproof.checks import ALL
from stormproof.checks.verdict import Status
from stormproof.errors import UsageError
from stormproof.runs.store import Judged

Expected = tuple[str, ...]
"""Findings as `check.kind`, such as `no_task_lost.lost`; empty: the run must be valid."""

KNOWN = tuple(f"{check.name}.{kind}" for check in ALL for kind in check.kinds)


def checked(expected: Iterable[str], where: str) -> Expected:
    """Return the expectation if every finding in it is one that a check can report. Raises UsageError that names `where`."""
    found = tuple(expected)
    for finding in found:
        if finding not in KNOWN:
            raise UsageError(f"{where}: no check reports {finding!r}; docs/catalogue.md lists what they report")
    return found


def shown(judged: Judged) -> Expected:
    """Return the findings of a run that prove something against the system, without those that are only unknown."""
    found = {
        f"{verdict.check}.{finding.kind}": None
        for verdict in judged.verdicts
        for finding in verdict.findings
        if finding.status is Status.INVALID
    }
    return tuple(found)


def met(judged: Judged, expected: Expected) -> bool:
    """Whether the run shows all expected findings; if none is expected, whether it is valid."""
    return set(expected) <= set(shown(judged)) if expected else judged.status is Status.VALID
