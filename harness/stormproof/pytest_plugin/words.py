"""What a failed test shows: the evidence and what to do next, without our traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

from stormproof.errors import on_purpose
from stormproof.report import drawing
from stormproof.report.sequence import gone_wrong, tell
from stormproof.report.words import doubts, findings, summary, telling
from stormproof.runs.store import Run

T = TypeVar("T")


def told_by_pytest(error: BaseException) -> NoReturn:
    """Fail the current test with the one line of an expected error. Other errors are raised unchanged."""
    __tracebackhide__ = True
    meant = on_purpose(error)
    if meant is None:
        raise error
    raise pytest.fail.Exception(f"stormproof: {meant}", pytrace=False) from None


def plainly(do: Callable[[], T]) -> T:
    """Call a function and return its result; its expected errors fail the test in plain words."""
    __tracebackhide__ = True
    try:
        return do()
    except Exception as error:
        told_by_pytest(error)


def evidence(run: Run, replay: str) -> str:
    """Return the verdict, the main findings, the life of the task that went wrong, and how to replay it."""
    lines = [summary(run), *(f"  {line}" for line in telling(run))]
    if about := gone_wrong(run.history, findings(run) or doubts(run)):
        lines += ["", drawing.as_text(tell(run.history, about, broker=run.system.broker)).rstrip(), ""]
    if run.scenario.cure:
        lines.append(f"cure: {run.scenario.cure}")
    lines.append(f"replay: {replay}")
    if run.folder.exists():
        lines += [f"explain: stormproof explain {run.folder}", f"report: {run.folder / 'report.html'}"]
    return "\n".join(lines)
