"""`stormproof sweep`: inject faults at every point, show progress and print a matrix."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from stormproof.brokers.programs import find_binary
from stormproof.checks.verdict import Status
from stormproof.cli import arguments, telling
from stormproof.errors import UsageError
from stormproof.processes import interruption
from stormproof.report import summary
from stormproof.runs import store
from stormproof.spec import description
from stormproof.spec.description import restored
from stormproof.spec.system import System
from stormproof.spec.tables import Binary
from stormproof.sweep import cells, conduct, matrix
from stormproof.sweep import sheet as sheets
from stormproof.sweep.cells import Cell
from stormproof.sweep.outcome import BROKEN, Word
from stormproof.sweep.sheet import Result, Sheet

Wait = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end."""


_CELLS_ON_A_PAGE = 100


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command line."""

    system: Path
    allowed: tuple[str, ...]
    components: tuple[str, ...]
    faults: str
    only: tuple[str, ...]
    baseline: Path | None
    resume: Path | None
    seed: int | None
    lanes: int
    runs: Path
    depth: int
    junit_path: Path | None


def sweep(options: Options, console: Console, wait: Wait) -> int:
    """Record the points, play the cells and print the matrix.

    The exit code is that of the worst cell, or, with a baseline, of what is worse than in the baseline.
    """
    telling.check_page()
    if options.junit_path is not None:
        store.check_writable(options.junit_path, "--junit")
    binary = find_binary()
    baseline = sheets.load(options.baseline) if options.baseline else None
    if options.resume:
        folder = options.resume
        sheet = sheets.load(folder)
        system = restored(sheet.system, options.system)
    else:
        system = description.load(options.system, allowed=options.allowed)
        faults = _faults(options.faults)
        folder = store.fresh_folder(options.runs, f"sweep-{system.name}")
        sheet = _plan(options, system, faults, folder, binary, console, wait)
    began = time.monotonic()
    known = len(sheet.results)
    try:
        _play(sheet, system, folder, binary, options.lanes, console, wait)
        if options.depth > 1:
            _go_deeper(sheet, system, console)
            _play(sheet, system, folder, binary, options.lanes, console, wait)
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print(
            f"{len(sheet.left)} cells are left: stormproof sweep --resume {folder}", highlight=False, soft_wrap=True
        )
        raise
    finally:
        _, failing = _failing(sheet, baseline)
        matrix.write(folder, sheet, failing)
        if options.junit_path is not None:
            store.write_text(options.junit_path.resolve(), matrix.junit(sheet, failing))
        telling.add_to_page(page(sheet, failing))
    minutes = (time.monotonic() - began) / 60
    return _tell(sheet, baseline, folder, (len(sheet.results) - known) / minutes, console)


def page(sheet: Sheet, failing: list[str]) -> str:
    """Return the matrix for a job's page, with the replay command of each cell that counts as a failure."""
    parts = [f"## Sweep of {summary.code(sheet.name)}", "", matrix.markdown(sheet), ""]
    parts += [f"- {summary.code(text.strip())}" for text in matrix.legend(sheet)]
    parts += ["", f"### {len(failing)} failing cells", ""] if failing else []
    for cell in failing[:_CELLS_ON_A_PAGE]:
        replay = f"stormproof replay '{cell}' --system FILE"
        parts.append(f"- {summary.code(matrix.line(sheet.results[cell])[:2000])}: {summary.code(replay)}")
    if len(failing) > _CELLS_ON_A_PAGE:
        parts.append(f"- ... and {len(failing) - _CELLS_ON_A_PAGE} more")
    return "\n".join(parts) + "\n"


def _faults(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in cells.all_faults()]
    if unknown or not names:
        raise UsageError(
            f"--faults: unknown {', '.join(unknown) or 'and empty'}; known: {', '.join(cells.all_faults())}"
        )
    return names


def _plan(
    options: Options,
    system: System,
    faults: tuple[str, ...],
    folder: Path,
    binary: Binary,
    console: Console,
    wait: Wait,
) -> Sheet:
    console.print(f"{system.name}: recording the life of a task", highlight=False)
    points = wait(conduct.record(system, folder / "record", binary))
    known = sorted({point.component for point in points})
    for name in options.components:
        if name not in known:
            raise UsageError(f"--component: {name!r} takes no part in a task's life; these do: {', '.join(known)}")
    chosen = tuple(
        point
        for point in points
        if (not options.components or point.component in options.components)
        and (not options.only or point.name.startswith(options.only))
    )
    if not chosen:
        raise UsageError(f"--point: no fault point begins so; there are: {', '.join(point.name for point in points)}")
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    plan = cells.cells(chosen, faults, system.broker)
    console.print(
        f"{len(chosen)} fault points, {len(plan)} cells; evidence in {folder}", highlight=False, soft_wrap=True
    )
    sheet = sheets.new(system, chosen, faults, plan, seed, binary)
    sheets.save(folder, sheet)
    return sheet


def _go_deeper(sheet: Sheet, system: System, console: Console) -> None:
    planned, same, nothing = sheets.second_order(sheet, system.broker)
    new = [cell.id for cell in planned if cell.id not in sheet.cells]
    sheet.cells = (*sheet.cells, *new)
    console.print(
        f"second faults: {len(planned)} cells; of {len(sheet.first_order)} first faults {same} are left out, as another had left the same "
        f"state, and {nothing}, as nothing of the task was left to strike",
        highlight=False,
        soft_wrap=True,
    )


def _play(sheet: Sheet, system: System, folder: Path, binary: Binary, lanes: int, console: Console, wait: Wait) -> None:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(system.name, total=len(sheet.cells), completed=len(sheet.results))

        def done(result: Result) -> None:
            sheet.results[result.cell] = result
            sheets.save(folder, sheet)
            bar.update(task, completed=len(sheet.results))
            if result.outcome.word is not Word.INTACT:
                count = f"[{len(sheet.results):>3}/{len(sheet.cells)}]"
                bar.console.print(f"{count} {matrix.line(result)}", highlight=False, markup=False, soft_wrap=True)

        wait(conduct.play(sheet.left, system, folder, binary, sheet.seed, lanes, done))


def replay(
    cells_: list[Cell],
    expected: dict[str, Word],
    system: System,
    runs: Path,
    times: int,
    lanes: int,
    console: Console,
    wait: Wait,
) -> int:
    """Play each cell `times` times and print how often its outcome was the `expected` one (or else the most frequent one)."""
    folder = store.fresh_folder(runs, f"replay-{system.name}")
    seen: dict[str, Counter[Word]] = {cell.id: Counter() for cell in cells_}

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    def done(result: Result) -> None:
        seen[result.cell][result.outcome.word] += 1
        say(f"    {matrix.line(result)}")

    seed = random.SystemRandom().getrandbits(32)
    turns = [cell for _ in range(times) for cell in cells_]
    wait(conduct.play(turns, system, folder, find_binary(), seed, min(lanes, len(turns)), done))
    worst = Status.VALID
    for cell, words in seen.items():
        word = expected.get(cell) or (words.most_common(1)[0][0] if words else Word.UNKNOWN)
        others = ", ".join(f"{other.value} {count}" for other, count in words.items() if other is not word)
        say(f"reproduced {words[word]}/{times}: {word.value:<10} {cell}{f' (else: {others})' if others else ''}")
        worst = max(worst, Status.INVALID if words.keys() & BROKEN else Status.VALID)
    say(f"evidence: {folder}")
    return worst.exit_code


def replay_cell(text: str, system: Path, runs: Path, times: int, lanes: int, console: Console, wait: Wait) -> int:
    """Replay a finding by its id. Raises UsageError."""
    return replay([Cell.parse(text)], {}, description.load(system), runs, times, lanes, console, wait)


def replay_sweep(
    folder: Path, description: Path, runs: Path, times: int, lanes: int, console: Console, wait: Wait
) -> int:
    """Replay everything that a stored sweep found broken."""
    sheet = sheets.load(folder)
    expected = {result.cell: result.outcome.word for result in sheet.broken()}
    if not expected:
        console.print("the sweep found nothing broken; there is nothing to replay")
        return Status.VALID.exit_code
    found = [Cell.parse(cell) for cell in expected]
    return replay(found, expected, restored(sheet.system, description), runs, times, lanes, console, wait)


def _failing(sheet: Sheet, baseline: Sheet | None) -> tuple[list[Result], list[str]]:
    """Return what counts as a failure: all broken cells, or, with a baseline, those that are worse than in it."""
    found = sheet.broken() if baseline is None else sheets.compare(sheet, baseline)[0]
    return found, [result.cell for result in found]


def _tell(sheet: Sheet, baseline: Sheet | None, folder: Path, a_minute: float, console: Console) -> int:
    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    Console(file=console.file, width=max(console.width, matrix.width(sheet))).print(matrix.table(sheet))
    for text in matrix.legend(sheet):
        say(text)
    say(f"{a_minute:.0f} cells a minute; {folder / 'sweep.html'}")
    failing, _ = _failing(sheet, baseline)
    if baseline is not None:
        _, fixed = sheets.compare(sheet, baseline)
        for cell in fixed:
            say(f"fixed      {cell}")
        say(f"{len(failing)} cells are worse than in the baseline, {len(fixed)} are fixed")
    for result in failing[:1]:
        say(f"replay the worst: stormproof replay '{result.cell}' --system FILE --times 10")
    if failing:
        return Status.INVALID.exit_code
    unknown = len(sheet.left) or any(result.outcome.word is Word.UNKNOWN for result in sheet.results.values())
    return Status.UNKNOWN.exit_code if unknown else Status.VALID.exit_code


@click.command("sweep")
@arguments.system
@arguments.allow_host
@click.option("--component", "components", multiple=True, help="Only the links of this component; may be repeated.")
@click.option(
    "--faults",
    default=",".join(cells.USUAL),
    help=f"Only these faults, separated by commas: {', '.join(cells.all_faults())}.",
)
@click.option("--point", "only", multiple=True, help="Only points whose name starts with this; may be repeated.")
@click.option(
    "--depth",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="2: also inject a second fault during each recovery.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="An earlier sweep: fail only on cells that are worse than in it.",
)
@click.option(
    "--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML with a case for each cell."
)
@click.option("--resume", type=click.Path(path_type=Path), help="Continue the sweep in this folder.")
@arguments.seed
@arguments.lanes(6)
@arguments.runs
def command(**options: Any) -> int:
    """Inject every fault at every point of a task's life, once each."""
    console = Console()
    arguments.warn(options["allowed"], console)
    return sweep(Options(**options), console, interruption.run)
