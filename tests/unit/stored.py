"""One stored run, literal, for the tests of reports."""

from __future__ import annotations

from pathlib import Path

from stormproof import Scenario, State
from stormproof.checks.verdict import Finding, Status, Verdict, merge
from stormproof.history import History
from stormproof.runs.store import Judged, Run
from stormproof.spec.choices import Choices
from stormproof.spec.system import System
from stormproof.spec.tables import Binary

LOST = Finding(kind="lost", message="a is gone", evidence=(3, 4), key="a")
DOUBT = Finding(kind="did_not_bite", message="kill did not bite", status=Status.UNKNOWN)
REMARK = Finding(kind="stranded", message="a waited", evidence=(5,), key="a", status=Status.VALID)
SCENARIO = Scenario(name="storm", title="a storm", cure="a roof")
SYSTEM = {
    "name": "mine",
    "redis": {"broker": {}},
    "results": None,
    "components": {"api": {"role": "api", "command": ["api"]}},
    "submit": {"path": "/", "json": {}},
    "status": {"path": "/"},
}


def run(*findings: Finding, folder: str = "runs/one", scenario: Scenario = SCENARIO, system: str = "mine") -> Run:
    """A run in which one check found these, and another nothing."""
    verdicts = (Verdict.of("no_task_lost", findings, 5), Verdict.of("no_phantom", (), 5))
    return Run(
        folder=Path(folder),
        scenario=scenario,
        system=System.model_validate(SYSTEM | {"name": system}),
        state=State.IDLE,
        choices=Choices.draw(scenario, 1),
        history=History([]),
        judged=Judged(status=merge(verdicts), verdicts=verdicts, seconds=1.5, events=2),
        redis=Binary("/bin/redis-server", "7.2"),
        versions={"stormproof": "0.1.0", "celery": "5.7.0"},
        components={"api": {"python": "3.11.2"}},
    )
