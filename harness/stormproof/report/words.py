"""What a run showed, in words and counts for people."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

import msgspec

from stormproof.checks import category
from stormproof.checks.verdict import Category, Finding, Status
from stormproof.runs.store import Run

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot contain, even escaped, or that could control a terminal or reverse the direction of its text."""


def printable(text: str) -> str:
    """Return the text with each character that may not be shown replaced."""
    return _UNPRINTABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Return the text for a terminal: printable, and without line ends."""
    return printable(" ".join(text.replace("\t", " ").splitlines()))


def replay(run: Run) -> str:
    """Return the command line that replays a run, quoted for a shell."""
    return f"stormproof replay {shlex.quote(str(run.folder))}"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many submissions were lost, doubled, stuck, slow or wrong. Findings that name no submission count individually."""

    lost: int
    doubled: int
    stuck: int
    slow: int
    wrong: int


def counts(run: Run) -> Counts:
    """Count each submission once per column."""
    found: dict[str, set[str]] = {column: set() for column in Counts.__struct_fields__}
    for number, finding in enumerate(findings(run)):
        if column := category(finding.kind).column:
            found[column].add(finding.key or f"{finding.kind}-{number}")
    return Counts(**{column: len(keys) for column, keys in found.items()})


def findings(run: Run) -> list[Finding]:
    """Return all findings that prove something wrong."""
    verdicts = run.judged.verdicts if run.judged else ()
    return [finding for verdict in verdicts for finding in verdict.findings if finding.status is Status.INVALID]


def doubts(run: Run) -> list[Finding]:
    """Return all findings that leave something undecided."""
    verdicts = run.judged.verdicts if run.judged else ()
    return [finding for verdict in verdicts for finding in verdict.findings if finding.status is Status.UNKNOWN]


def remarks(run: Run) -> dict[str, list[Finding]]:
    """Return all remarks by kind: they accuse nobody, but a user should know them."""
    found: dict[str, list[Finding]] = {}
    for verdict in run.judged.verdicts if run.judged else ():
        for finding in verdict.findings:
            if finding.is_remark:
                found.setdefault(finding.kind, []).append(finding)
    return found


def ranked(kinds: Iterable[str]) -> list[str]:
    """Return the kinds of findings, the most important first."""
    order = list(Category)
    return sorted(kinds, key=lambda kind: (order.index(category(kind)), kind))


def telling(run: Run, most: int = 3) -> list[str]:
    """Return the main findings: one of each kind, with how many more there are. The remarks follow in the same form."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings(run) or doubts(run):
        if category(finding.kind) is not Category.NEVER_RAN:
            kinds.setdefault(finding.kind, []).append(finding)
    ordered = ranked(kinds)
    lines = []
    for kind in ordered[:most]:
        lines.append(f"{kind}: {and_more(kinds[kind])}")
    if len(ordered) > most:
        lines.append(f"... and {', '.join(ordered[most:])}")
    return [*lines, *(f"remark: {kind}: {and_more(found)}" for kind, found in remarks(run).items())]


def and_more(found: list[Finding]) -> str:
    """Return the first finding's message as one line, and how many more there are."""
    return one_line(found[0].message + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""))


def tally(run: Run) -> str:
    """Return the counts that are not zero: `1 lost, 2 slow`."""
    number = counts(run)
    return ", ".join(f"{getattr(number, name)} {name}" for name in Counts.__struct_fields__ if getattr(number, name))


def summary(run: Run) -> str:
    """Return one sentence for people. Remarks follow the counts: `valid: nothing lost, ...; 1 stranded; ...`."""
    if run.judged is None:
        return "This run was not judged."
    proved = "proved " if run.judged.status is Status.UNKNOWN else ""
    said = tally(run) or f"nothing {proved}lost, doubled, stuck, slow or wrong"
    remarked = "".join(f"; {len({finding.key for finding in found})} {kind}" for kind, found in remarks(run).items())
    return f"{run.judged.status.word}: {said}{remarked}; {run.judged.events} events in {run.judged.seconds:.1f} s."
