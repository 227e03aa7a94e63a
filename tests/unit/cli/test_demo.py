"""The demonstration says who fell and who stood, and its exit code says the same."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
from rich.console import Console
from stormproof import Scenario, State
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Finding, Status, Verdict
from stormproof.cli import demo as demonstration
from stormproof.cli.progress import Progress
from stormproof.history import History
from stormproof.runs.store import Judged, Run
from stormproof.spec import description
from stormproof.spec.choices import Choices

ROOT = Path(__file__).parents[3]
SCENARIO = Scenario(name="storm", title="a storm", cure="a roof")
LOST = Finding(kind="lost", message="a is gone", key="a")


def run(name: str, *findings: Finding) -> Run:
    verdict = Verdict.of("no_task_lost", findings, 1)
    return Run(
        folder=Path("runs") / name,
        scenario=SCENARIO,
        system=description.load(ROOT / "system_under_test" / f"{name}.toml"),
        state=State.IDLE,
        choices=Choices.draw(SCENARIO, 1),
        history=History([]),
        judged=Judged(status=verdict.status, verdicts=(verdict,), seconds=12.4, events=3),
    )


def printed(runs: list[Run]) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(demonstration.table(runs))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_it_succeeds_only_if_the_one_fell_and_the_other_stood() -> None:
    assert demonstration.ending([run("tutorial", LOST), run("hardened")])[0] == 0
    assert demonstration.ending([run("tutorial"), run("hardened")])[0] == 1
    assert demonstration.ending([run("tutorial", LOST), run("hardened", LOST)])[0] == 1


def test_a_run_is_to_blame_where_it_is_not_as_it_must_be() -> None:
    assert demonstration.blame(run("tutorial", LOST)) is Status.VALID
    assert demonstration.blame(run("tutorial")) is Status.UNKNOWN
    assert demonstration.blame(run("hardened")) is Status.VALID
    assert demonstration.blame(run("hardened", LOST)) is Status.INVALID


def test_an_unknown_verdict_is_no_success() -> None:
    doubt = msgspec.structs.replace(LOST, status=Status.UNKNOWN)
    assert demonstration.ending([run("tutorial", LOST), run("hardened", doubt)])[0] == 1
    assert demonstration.ending([run("tutorial", doubt), run("hardened")])[0] == 1


def test_nothing_run_is_no_success() -> None:
    assert demonstration.ending([])[0] == 1


def test_the_table_has_a_row_for_a_storm_with_both_systems() -> None:
    (row,) = [line for line in printed([run("hardened"), run("tutorial", LOST)]).splitlines() if "12 s" in line]
    assert row.index("invalid") < row.index("1 lost") < row.index(" valid")


def test_the_table_names_the_workers_state_where_a_scenario_has_several() -> None:
    several = msgspec.structs.replace(SCENARIO, states=(State.IDLE, State.PREFETCHED))
    assert "storm[idle]" in printed([msgspec.structs.replace(run("tutorial", LOST), scenario=several)])


def test_what_fell_is_told_with_its_cure_and_its_replay() -> None:
    lines = demonstration.evidence([run("hardened"), run("tutorial", LOST)])
    assert lines == [
        "",
        "storm on tutorial: a storm",
        "    lost: a is gone",
        "    cure: a roof",
        "    replay: stormproof replay runs/tutorial",
    ]


def test_both_systems_go_through_every_storm_but_the_calm() -> None:
    jobs = demonstration.plan(ROOT, seed=1)
    storms = {job.title for job in jobs}
    assert "calm" not in storms
    assert {(job.title, job.system.name) for job in jobs} == {(s, n) for s in storms for n in ("tutorial", "hardened")}


def test_without_a_terminal_progress_prints_a_line_for_each_run_and_no_more() -> None:
    console = Console(file=io.StringIO(), width=200)
    finished = run("hardened")
    job = Job(scenario=SCENARIO, system=finished.system, state=State.IDLE, seed=1)
    with Progress(console, 1) as progress:
        progress.phase(job, "start")
        progress.phase(job, "storm")
        progress.finished(job, finished)
    (line,) = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert line.startswith("[ 1/1] storm")
    assert "valid: nothing lost" in line
