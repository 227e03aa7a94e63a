"""Runs as JSON, for scripts. `docs/ci.md` documents the shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from stormproof.report.words import counts, printable, replay
from stormproof.runs.store import Run


def render(runs: Iterable[Run]) -> str:
    """Return one document: a list with an object for each run. It is ASCII, and contains nothing that GitHub's runner takes as a command."""
    return json.dumps([as_object(run) for run in runs], indent=2).replace("##[", "\\u0023#[")


def as_object(run: Run) -> dict[str, Any]:
    """Return one run. If it was not judged, `status` is "unknown" and the counts are null."""
    judged = run.judged
    return {
        "title": run.title,
        "scenario": run.scenario.name,
        "state": run.state.value,
        "system": run.system.name,
        "status": judged.status.word if judged else "unknown",
        "counts": msgspec.to_builtins(counts(run)) if judged else None,
        "checks": {verdict.check: verdict.status.word for verdict in judged.verdicts} if judged else {},
        "findings": [
            {
                "check": verdict.check,
                "kind": finding.kind,
                "status": finding.word,
                "key": printable(finding.key),
                "message": printable(finding.message),
                "evidence": list(finding.evidence),
            }
            for verdict in (judged.verdicts if judged else ())
            for finding in verdict.findings
        ],
        "seconds": judged.seconds if judged else None,
        "events": judged.events if judged else None,
        "folder": str(run.folder),
        "seed": run.choices.seed,
        "replay": replay(run),
        "versions": {
            **run.versions,
            "redis-server": run.redis.version if run.redis else "unknown",
            "components": run.components,
        },
    }
