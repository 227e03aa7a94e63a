"""Runs as Markdown, for a job's page: a table of all of them, and the evidence of each that failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stormproof.checks.verdict import Finding, Status
from stormproof.report.junit import Skipped
from stormproof.report.words import counts, one_line, ranked, remarks, replay
from stormproof.runs.store import Run

LIMIT_BYTES = 1024 * 1024
"""[GitHub](https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands) shows no more than this for a step."""

_RESERVE_BYTES = 400
_FINDINGS_OF_A_KIND = 3
_MESSAGE = 2000
_RUNS_OF_BACKTICKS = re.compile("`+")
_SIGNS = {Status.VALID: "✅", Status.UNKNOWN: "❔", Status.INVALID: "❌"}
_HEAD = (
    "| | scenario | system | verdict | lost | doubled | stuck | slow | wrong | again |",
    "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
)


def render(
    runs: Sequence[Run], cut_short: str = "", most_bytes: int = LIMIT_BYTES, skipped: Sequence[Skipped] = ()
) -> str:
    """Return the page, at most the given number of bytes long, with the worst runs first.

    `cut_short`: why some runs are missing. `skipped`: scenarios that do not apply. Text from a system is put into code spans,
    in which Markdown has no markup, links or mentions.
    """
    ordered = sorted(runs, key=lambda run: -_status(run))
    page = _Page(most_bytes - _RESERVE_BYTES)
    page.add([f"## Stormproof: {_headline(ordered)}", ""])
    if cut_short:
        page.add([f"**Not all has run:** {code(cut_short[:_MESSAGE])}", ""])
    for each in skipped:
        page.add([f"skipped: {code(str(each)[:_MESSAGE])}", ""])
    page.add(list(_HEAD))
    rows = sum(page.add([_row(run)]) for run in ordered)
    broken = [run for run in ordered if _status(run) is not Status.VALID or remarks(run)]
    told = sum(page.add(list(_evidence(run))) for run in broken)
    if rows < len(ordered) or told < len(broken):
        page.left_out(
            f"{len(ordered) - rows} runs and the evidence of {len(broken) - told} are left out: no page may be larger."
        )
    return page.text


class _Page:
    def __init__(self, most_bytes: int) -> None:
        self._room, self._lines = most_bytes, [""]

    def add(self, lines: list[str]) -> bool:
        """Add all lines. If there is no room for them, add none, and nothing after them."""
        size = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
        if size > self._room:
            self._room = 0
            return False
        self._room -= size
        self._lines += lines
        return True

    def left_out(self, said: str) -> None:
        """Report at the end what is left out; there is room reserved for it."""
        self._lines += ["", f"*{said} The run folders have them.*"]

    @property
    def text(self) -> str:
        return "\n".join(self._lines).lstrip("\n") + "\n"


def code(text: str) -> str:
    """Return a code span for this text, whatever it contains."""
    line = one_line(text)
    fence = "`" * (max((len(run) for run in _RUNS_OF_BACKTICKS.findall(line)), default=0) + 1)
    space = " " if not line.strip() or "`" in (line[0], line[-1]) or (line[0] == line[-1] == " ") else ""
    return f"{fence}{space}{line}{space}{fence}"


def cell(text: str) -> str:
    """Return the same for a table, in which a bar ends a cell, and a backslash before a bar is ambiguous."""
    line = one_line(text)
    if "|" in line:
        line = line.replace("\\", "\ufffd").replace("|", "\\|")
    return code(line)


def _status(run: Run) -> Status:
    return run.judged.status if run.judged else Status.UNKNOWN


def _headline(runs: Sequence[Run]) -> str:
    of = {status: sum(_status(run) is status for run in runs) for status in reversed(Status)}
    said = ", ".join(f"{count} {status.word}" for status, count in of.items() if count)
    return f"{len(runs)} run{'s' * (len(runs) != 1)}: {said}" if runs else "no runs"


def _row(run: Run) -> str:
    number = counts(run)
    found = [number.lost, number.doubled, number.stuck, number.slow, number.wrong]
    word = ", ".join([run.judged.status.word if run.judged else "not judged", *remarks(run)])
    cells = [_SIGNS[_status(run)], cell(run.title), cell(run.system.name), word, *(str(n or "") for n in found)]
    return f"| {' | '.join([*cells, cell(replay(run))])} |"


def _evidence(run: Run) -> Iterator[str]:
    word = run.judged.status.word if run.judged else "not judged"
    yield from ("", f"### {code(run.title)} on {code(run.system.name)}: {word}", "")
    yield from (f"What happened: {code(run.scenario.title)}", "")
    found: dict[tuple[str, str], list[Finding]] = {}
    for verdict in run.judged.verdicts if run.judged else ():
        for finding in verdict.findings:
            found.setdefault((finding.kind, verdict.check), []).append(finding)
    order = ranked({kind for kind, _ in found})
    for (kind, check), findings in sorted(found.items(), key=lambda each: (order.index(each[0][0]), each[0][1])):
        for finding in findings[:_FINDINGS_OF_A_KIND]:
            events = f" (events {', '.join(map(str, finding.evidence[:20]))})" if finding.evidence else ""
            remark = "remark: " if finding.is_remark else ""
            yield f"- {remark}**{kind}**, by `{check}`: {code(finding.message[:_MESSAGE])}{events}"
        if len(findings) > _FINDINGS_OF_A_KIND:
            yield f"- ... and {len(findings) - _FINDINGS_OF_A_KIND} more of **{kind}**"
    if run.scenario.cure:
        yield from ("", f"What cures it: {code(run.scenario.cure)}")
    yield from ("", f"Play it again: {code(replay(run))}")
