"""The proof counts what was caught, and a false alarm counts against it."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
from rich.console import Console
from stormproof.checks.verdict import Finding, Status, Verdict
from stormproof.cli import prove as proving
from stormproof.history import History
from stormproof.lab import proof
from stormproof.lab.proof import Mistake
from stormproof.runs.store import Judged, Run
from stormproof.spec.choices import Choices
from stormproof.spec.system import System

FILE = Path(__file__).parents[2] / "planted" / "prove.toml"
PROOF = proof.load(FILE).only(("early_acknowledgement", "result_ignored"))
EARLY, IGNORED = PROOF.mistakes


def run(mistake: Mistake, system: System, *kinds: str, status: Status = Status.INVALID) -> Run:
    """A run that shows findings, each named `check.kind`."""
    verdicts = [
        Verdict.of(check, [Finding(kind=kind, message="so", status=status)], 1)
        for check, _, kind in (each.partition(".") for each in kinds)
    ]
    return Run(
        folder=Path("runs") / system.name,
        scenario=mistake.scenario,
        system=system,
        state=mistake.state,
        choices=Choices.draw(mistake.scenario, 1),
        history=History([]),
        judged=Judged(status=status if kinds else Status.VALID, verdicts=tuple(verdicts), seconds=1.0, events=1),
    )


def result(*runs: Run) -> tuple[int, list[str]]:
    found = proving.answers(PROOF.mistakes, list(runs))
    return proving.ending(found, proving.controls(PROOF, list(runs)), len(PROOF.controls))


CAUGHT = [run(mistake, mistake.system, *mistake.expect) for mistake in PROOF.mistakes]
SOUND = run(EARLY, PROOF.system)


def test_it_is_proved_if_all_are_caught_and_the_system_itself_is_valid() -> None:
    code, lines = result(*CAUGHT, SOUND)
    assert code == 0
    assert lines == ["2 of 2 mistakes were caught; hardened itself was valid in 1 of 1 storms."]


def test_a_mistake_that_shows_another_finding_is_not_caught() -> None:
    other = run(IGNORED, IGNORED.system, "no_task_lost.lost")
    code, lines = result(CAUGHT[0], other, SOUND)
    assert code == 1
    assert lines[0].startswith("not caught: result_ignored: what the task returned is not kept\n    replay: ")


def test_a_doubt_is_no_catch_and_a_system_that_did_not_start_is_none_either() -> None:
    doubt = run(IGNORED, IGNORED.system, *IGNORED.expect, status=Status.UNKNOWN)
    assert result(CAUGHT[0], doubt, SOUND)[0] == 1
    code, lines = result(CAUGHT[0], SOUND)
    assert (code, lines[0]) == (
        1,
        "not caught: result_ignored: what the task returned is not kept: it did not start",
    )


def test_a_false_alarm_or_a_control_that_is_missing_is_no_proof() -> None:
    code, lines = result(*CAUGHT, run(EARLY, PROOF.system, "no_task_lost.lost"))
    assert (code, lines[0].splitlines()[0]) == (1, "false alarm: calm on hardened")
    assert result(*CAUGHT)[0] == 1


def test_each_mistake_is_planned_once_and_so_is_each_control() -> None:
    jobs = proving.plan(PROOF, seed=1)
    assert sorted(job.system.name for job in jobs) == ["early-acknowledgement", "hardened", "result-ignored"]


def test_the_tables_name_the_mistake_and_what_showed_besides() -> None:
    more = msgspec.structs.replace(
        CAUGHT[0], judged=run(EARLY, EARLY.system, *EARLY.expect, "no_task_lost.lost").judged
    )
    found = proving.answers(PROOF.mistakes, [more, SOUND])
    console = Console(file=io.StringIO(), width=200)
    console.print(proving.table(found))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for said in (text, proving.markdown(found)):
        assert "early_acknowledgement" in said
        assert "no_task_lost.lost" in said
        assert "did not start" in said


def test_what_is_not_as_it_must_be_is_to_blame() -> None:
    other = run(IGNORED, IGNORED.system, "no_task_lost.lost")
    found = proving.answers(PROOF.mistakes, [CAUGHT[0], other, SOUND])
    assert proving.blamed(found, [SOUND]) == [(other, Status.INVALID), (SOUND, Status.VALID)]
