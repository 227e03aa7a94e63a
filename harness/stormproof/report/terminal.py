"""What the terminal shows for a run."""

from __future__ import annotations

from stormproof.report.words import doubts, findings, replay, summary, telling
from stormproof.runs.store import Run


def lines(run: Run) -> list[str]:
    """Return the verdict, the main findings, and what to do next."""
    found = [f"{run.title} on {run.system.name}: {summary(run)}"]
    found += [f"    {line}" for line in telling(run)]
    if findings(run) or doubts(run):
        found.append(f"    replay: {replay(run)}")
    found.append(f"    report: {run.folder / 'report.html'}")
    return found


def kinds(run: Run) -> str:
    """Return the kinds of findings, each once."""
    return ", ".join(sorted({finding.kind for finding in findings(run)})) or "no finding"


def same_findings(run: Run, stored: Run) -> bool:
    """Whether a run found everything that a stored run found, and has the same status."""
    if run.judged is None or stored.judged is None or run.judged.status != stored.judged.status:
        return False
    return {f.kind for f in findings(stored)} <= {f.kind for f in findings(run)}
