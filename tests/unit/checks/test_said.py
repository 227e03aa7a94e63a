"""What every check says of every literal history, word for word: those of its own tests, and those of all others.

`said.txt` is what was read and found right. After a change of a check: `STORMPROOF_WRITE_SAID=1 pytest tests/unit/checks/test_said.py`, and read
the difference.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from literals import Case
from stormproof import checks
from stormproof.checks.verdict import Finding, Status, Verdict
from test_registry import EVERY_CHECK, cases

FILE = Path(__file__).with_name("said.txt")


def _finding(finding: Finding) -> str:
    status = "" if finding.status is Status.INVALID else f" {finding.status.word}"
    return f"    {finding.kind}{status} {finding.key or '-'} {list(finding.evidence)}: {finding.message}"


def _verdict(verdict: Verdict) -> list[str]:
    if [finding.kind for finding in verdict.findings] == ["nothing_observed"]:
        return []
    return [f"{verdict.check} {verdict.status.word} {verdict.observed}", *map(_finding, verdict.findings)]


def said(owner: type[checks.Check], case: Case) -> str:
    """One paragraph: the history's title, then status, count and findings of each check that had something to look at."""
    lines = [f"== {owner.name}: {case.title}"]
    for check in EVERY_CHECK:
        lines += _verdict(check(case.fresh()))
    return "\n".join(lines)


@functools.cache
def paragraphs() -> dict[str, str]:
    """Title -> paragraph, as the file has them."""
    return {text.partition("\n")[0]: text.rstrip("\n") for text in FILE.read_text(encoding="utf-8").split("\n\n")}


ALL = [(owner, case) for owner in checks.ALL for case in cases(owner)]


@pytest.mark.parametrize(("owner", "case"), ALL, ids=lambda value: getattr(value, "name", str(value)))
def test_every_check_says_what_it_said(owner: type[checks.Check], case: Case) -> None:
    now = said(owner, case)
    assert now == paragraphs().get(now.partition("\n")[0]), f"read what it says now, then write {FILE.name} again"


def test_the_file_has_no_history_that_is_gone() -> None:
    if os.environ.get("STORMPROOF_WRITE_SAID"):
        FILE.write_text("\n\n".join(said(*each) for each in ALL) + "\n", encoding="utf-8")
    assert list(paragraphs()) == [f"== {owner.name}: {case.title}" for owner, case in ALL]
