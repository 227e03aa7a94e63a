"""JUnit XML of stored runs for GitLab and Jenkins: a suite for each run, a case for each check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from stormproof.checks.verdict import Finding, Status, Verdict
from stormproof.report.words import one_line, replay
from stormproof.runs.store import Run

_MOST_FINDINGS = 50
"""The most findings listed for a check. GitLab does not read a report of more than 30 MB."""


class Skipped(NamedTuple):
    """A scenario that does not apply to a system, and why."""

    scenario: str
    system: str
    reason: str

    def __str__(self) -> str:
        return f"{self.scenario} does not apply to {self.system}: {self.reason}"


def render(runs: Iterable[Run], files: Mapping[str, Path] | None = None, skipped: Iterable[Skipped] = ()) -> str:
    """Return the XML text. An invalid check is a failure, an unknown check an error, and remarks are output.

    The evidence and the replay line are in the message. `files`: name of a scenario -> its file, if known. GitLab and Jenkins
    recognize a case from build to build by its `classname` and `name`, so neither contains a seed or a time.
    [GitLab](https://docs.gitlab.com/ci/testing/unit_test_reports/) ignores the second case with the same name, so the second
    run with a title is numbered. GitLab shows the element's text and Jenkins also its `message`, so the replay line is in
    both.
    """
    suites = ET.Element("testsuites")
    turns: Counter[str] = Counter()
    for run in runs:
        name = f"{run.system.name}.{run.title}"
        turns[name] += 1
        turn = f" (run {turns[name]})" if turns[name] > 1 else ""
        file = (files or {}).get(run.scenario.name)
        _suite(suites, run, turn, {"file": one_line(str(file))} if file else {})
    for each in skipped:
        count = {"tests": "1", "failures": "0", "errors": "0", "skipped": "1", "time": "0"}
        suite = ET.SubElement(suites, "testsuite", {"name": f"{each.scenario} {each.system}", **count})
        named = {"classname": f"{each.system}.{each.scenario}", "name": "applies", "time": "0"}
        case = ET.SubElement(suite, "testcase", named)
        ET.SubElement(case, "skipped", message=one_line(str(each)))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(suites: ET.Element, run: Run, turn: str, file: dict[str, str]) -> None:
    verdicts = run.judged.verdicts if run.judged else (Verdict(check="judged", status=Status.UNKNOWN),)
    suite = ET.SubElement(
        suites,
        "testsuite",
        name=f"{run.title} {run.system.name}{turn}",
        tests=str(len(verdicts)),
        failures=str(sum(v.status is Status.INVALID for v in verdicts)),
        errors=str(sum(v.status is Status.UNKNOWN for v in verdicts)),
        skipped="0",
        time=str(run.judged.seconds if run.judged else 0),
    )
    for verdict in verdicts:
        named = {"classname": f"{run.system.name}.{run.title}{turn}", "name": verdict.check, "time": "0"}
        case = ET.SubElement(suite, "testcase", named | file)
        if verdict.status is not Status.VALID:
            _problem(case, run, verdict)
        remarks = [_line(finding) for finding in verdict.findings if finding.is_remark]
        if remarks:
            ET.SubElement(case, "system-out").text = "\n".join(_told([f"remark: {line}" for line in remarks]))


def _problem(case: ET.Element, run: Run, verdict: Verdict) -> None:
    told = [finding for finding in verdict.findings if not finding.is_remark]
    lines = _told([_line(finding) for finding in told]) or ["there is no verdict"]
    again = f"replay: {one_line(replay(run))}"
    word = "failure" if verdict.status is Status.INVALID else "error"
    kind = told[0].kind if told else verdict.status.word
    problem = ET.SubElement(case, word, message=f"{lines[0]}; {again}", type=kind)
    problem.text = "\n".join([*lines, again])


def _line(finding: Finding) -> str:
    return one_line(f"{finding.kind}: {finding.message}") + _events(finding.evidence)


def _told(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_FINDINGS
    return [*lines[:_MOST_FINDINGS], f"... and {more} more"] if more > 0 else lines


def _events(indexes: tuple[int, ...]) -> str:
    return f" (events {', '.join(map(str, indexes))})" if indexes else ""
