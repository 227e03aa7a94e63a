"""`stormproof prove`: does the harness catch what it must, and nothing where there is nothing?"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stormproof import campaign, store, telling
from stormproof import proof as proofs
from stormproof.campaign import Job
from stormproof.expectation import met, shown
from stormproof.progress import Progress
from stormproof.proof import Mistake, Proof
from stormproof.redis_server import find_binary
from stormproof.store import Run
from stormproof.verdict import Status


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one mistake: its run, or None where the system with it did not start."""

    mistake: Mistake
    run: Run | None

    @property
    def caught(self) -> bool:
        """Whether the finding that was expected is there."""
        return self.run is not None and self.run.judged is not None and met(self.run.judged, self.mistake.expect)


def plan(proof: Proof, seed: int) -> list[Job]:
    """All runs: the mistakes, and the system itself in each of their storms."""
    jobs = [
        Job(scenario=mistake.scenario, system=mistake.system, state=mistake.state, seed=seed)
        for mistake in proof.mistakes
    ]
    controls = [
        Job(scenario=scenario, system=proof.system, state=state, seed=seed)
        for (_, state), scenario in proof.controls.items()
    ]
    return sorted([*jobs, *controls], key=lambda job: -max((i.at_s + i.for_s for i in job.scenario.storm), default=0))


def answers(proof: Proof, runs: list[Run]) -> list[Answer]:
    """One for each mistake, in the order of the file."""
    by_name = {run.system.name: run for run in runs}
    return [Answer(mistake=mistake, run=by_name.get(mistake.system.name)) for mistake in proof.mistakes]


def controls(proof: Proof, runs: list[Run]) -> list[Run]:
    """The runs of the system without a mistake."""
    return [run for run in runs if run.system.name == proof.system.name]


def table(found: list[Answer]) -> Table:
    """One row a mistake: where it was sought, what must show, what else showed, and whether it was caught."""
    rows = Table("mistake", "scenario", "must show", "shows besides", "", title="Planted mistakes", box=box.SIMPLE_HEAD)
    for column in rows.columns[:4]:
        column.overflow = "fold"
    for answer in found:
        word = Text("caught", style="green") if answer.caught else Text("NOT CAUGHT", style="bold red")
        rows.add_row(*(Text(cell) for cell in _cells(answer)), word)
    return rows


def markdown(found: list[Answer]) -> str:
    """The same as a page's table, with what each mistake is."""
    lines = [
        "| mistake | what it is | scenario | must show | shows besides | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for answer in found:
        name, scenario, must, besides = _cells(answer)
        word = "caught" if answer.caught else "**not caught**"
        lines.append(f"| `{name}` | {answer.mistake.says} | `{scenario}` | {must} | {besides} | {word} |")
    return "\n".join(lines) + "\n"


def _cells(answer: Answer) -> tuple[str, str, str, str]:
    judged = answer.run.judged if answer.run else None
    besides = [kind for kind in shown(judged) if kind not in answer.mistake.expect] if judged else ["did not start"]
    mistake = answer.mistake
    return mistake.name, mistake.scenario.name, ", ".join(mistake.expect), ", ".join(besides)


def ending(found: list[Answer], clean: list[Run], planned: int) -> tuple[int, list[str]]:
    """The exit code, 0 if every mistake was caught and the system itself was valid each time, and the last lines."""
    caught = [answer for answer in found if answer.caught]
    valid = [run for run in clean if run.judged and run.judged.status is Status.VALID]
    lines = [
        f"not caught: {answer.mistake.name}: {answer.mistake.says}{_where(answer.run)}"
        for answer in found
        if not answer.caught
    ]
    lines += [f"false alarm: {run.title} on {run.system.name}{_where(run)}" for run in clean if run not in valid]
    name = clean[0].system.name if clean else "the system"
    lines.append(
        f"{len(caught)} of {len(found)} mistakes were caught; {name} itself was valid in {len(valid)} of {planned} storms."
    )
    return (0 if len(caught) == len(found) and len(valid) == planned else 1), lines


def blamed(found: list[Answer], clean: list[Run]) -> list[tuple[Run, Status]]:
    """The runs that are not as they must be: of a mistake that was not caught, and of the system itself where it was not valid."""
    missed = [(answer.run, Status.INVALID) for answer in found if answer.run is not None and not answer.caught]
    return missed + [(run, telling.own_status(run)) for run in clean]


def _where(run: Run | None) -> str:
    return f"\n    replay: stormproof replay {run.folder}" if run else ": it did not start"


def prove(
    file: Path,
    only: tuple[str, ...],
    out: Path | None,
    seed: int,
    lanes: int,
    runs: Path,
    console: Console,
    wait: Callable[[Coroutine[Any, Any, list[Run]]], list[Run]],
) -> int:
    """The whole command; the exit code."""
    telling.check_page()
    proof = proofs.load(file).only(only)
    jobs, storms = plan(proof, seed), len(proof.controls)
    console.print(f"{len(proof.mistakes)} mistakes, and {storms} storms in which {proof.system.name} must stand")
    with Progress(console, len(jobs)) as progress:
        work = campaign.conduct_all(jobs, runs, find_binary(), progress.phase, progress.finished, lanes, skip=True)
        finished = wait(work)
    found = answers(proof, finished)
    console.print(table(found))
    if out is not None:
        store.write_text(out, markdown(found))
    telling.add_to_page(f"## Planted mistakes\n\n{markdown(found)}")
    code, lines = ending(found, controls(proof, finished), storms)
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    telling.annotate(blamed(found, controls(proof, finished)), {}, console.file)
    return code
