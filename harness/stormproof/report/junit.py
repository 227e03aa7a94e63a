"""JUnit XML of stored runs: a suite for each run, a case for each check."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from stormproof.report.words import printable
from stormproof.store import Run
from stormproof.verdict import Status, Verdict


def render(runs: Iterable[Run]) -> str:
    """The XML text. An invalid check is a failure, an unknown one an error; evidence and replay line are in the message."""
    suites = ET.Element("testsuites")
    for run in runs:
        verdicts = run.judged.verdicts if run.judged else ()
        suite = ET.SubElement(
            suites,
            "testsuite",
            name=f"{run.title} {run.system.name}",
            tests=str(len(verdicts)),
            failures=str(sum(v.status is Status.INVALID for v in verdicts)),
            errors=str(sum(v.status is Status.UNKNOWN for v in verdicts)),
            time=str(run.judged.seconds if run.judged else 0),
        )
        for verdict in verdicts:
            _case(suite, run, verdict)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _case(suite: ET.Element, run: Run, verdict: Verdict) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"{run.system.name}.{run.title}", name=verdict.check)
    if verdict.status is Status.VALID:
        return
    word = "failure" if verdict.status is Status.INVALID else "error"
    lines = [f"{f.kind}: {f.message} (events {', '.join(map(str, f.evidence))})" for f in verdict.findings]
    text = printable("\n".join([*lines, f"replay: stormproof replay {run.folder}"]))
    problem = ET.SubElement(case, word, message=text.splitlines()[0], type=verdict.findings[0].kind)
    problem.text = text
