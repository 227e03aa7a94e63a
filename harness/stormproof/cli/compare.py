"""`stormproof compare`: report what got better or worse between two runs, or two groups of runs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stormproof.checks.verdict import Status
from stormproof.errors import RunFolderError, UsageError
from stormproof.report import words
from stormproof.report.words import one_line
from stormproof.runs import contrast, measures, noise, store
from stormproof.runs.contrast import Line, Sample, Word
from stormproof.spec import faults

_STYLES = {Word.WORSE: "bold red", Word.BETTER: "green", Word.NO_CHANGE: "dim"}
_ENDINGS = {Status.VALID: "the same, or better", Status.INVALID: "worse", Status.UNKNOWN: "unknown"}
_WIDE = 120
"""The width of a table if there is no terminal to define it."""

_ONE_RUN = "unknown whether that is noise; give several runs of each"


class Group(msgspec.Struct, kw_only=True):
    """The runs of one scenario on one system. `definition`: the parts of the scenario that must be equal for figures to be comparable."""

    name: str
    definition: Any
    samples: list[Sample] = []


class Contrast(msgspec.Struct, frozen=True, kw_only=True):
    """Two groups of runs and the lines of their comparison."""

    name: str
    before: list[Sample]
    after: list[Sample]
    lines: list[Line]


class _Command(click.Command):
    """A click command in which `--against` takes every argument up to the next option, as a shell expands `runs/before/*`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        taken, told = False, []
        for word in args:
            if word.startswith("-"):
                taken = word == "--against"
                told += [] if taken else [word]
            else:
                told += ["--against", word] if taken else [word]
        return super().parse_args(ctx, told)


@click.command("compare", cls=_Command)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--against", multiple=True, type=click.Path(path_type=Path), help="The runs before: all folders that follow."
)
@click.option("--anyway", is_flag=True, help="Also compare different scenarios or systems: all runs of each side.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, and nothing else.")
def command(runs: tuple[Path, ...], against: tuple[Path, ...], *, anyway: bool, as_json: bool) -> int:
    """What got better or worse: BEFORE AFTER, or AFTER ... --against BEFORE ...

    Each is a run folder, or a folder of run folders. With several runs on each side, change is distinguished from noise. Each
    run counts once, and all figures together have a one in twenty chance of a false alarm. Exit codes: 0 the same or
    better, 1 worse, 2 unknown.
    """
    if not against:
        if len(runs) != 2:
            raise UsageError("compare what with what? Give two, BEFORE and AFTER, or AFTER ... --against BEFORE ...")
        against, runs = runs[:1], runs[1:]
    before, after = groups(against), groups(runs)
    _refuse_both({s.folder for g in before for s in g.samples} & {s.folder for g in after for s in g.samples})
    found = compared(before, after, anyway=anyway)
    alone = [(side, g.name) for side, g in _alone(before, after, found)]
    status = ending(found, alone)
    if as_json:
        click.echo(as_document(found, alone, status).replace("##[", "\\u0023#["))
    else:
        console = Console()
        _tell(found, alone, status, console if console.is_terminal else Console(width=_WIDE))
    return status.exit_code


def groups(paths: Sequence[Path]) -> list[Group]:
    """Load all runs in these folders, grouped by scenario and system. Raises RunFolderError."""
    found: dict[str, Group] = {}
    for folder in dict.fromkeys(folder.resolve() for path in paths for folder in _folders(path)):
        name, definition, sample = _read(folder)
        group = found.setdefault(name, Group(name=name, definition=definition))
        if group.definition != definition:
            group.definition = None  # The same name with different definitions: it equals no other group.
        group.samples.append(sample)
    return list(found.values())


def _folders(path: Path) -> list[Path]:
    if (path / "scenario.json").exists():
        return [path]
    inner = sorted(found.parent for found in path.glob("*/scenario.json"))
    if not inner:
        raise RunFolderError(f"{path}: neither a run folder nor a folder of run folders")
    return inner


def _read(folder: Path) -> tuple[str, Any, Sample]:
    """Return one run's measures. Its history is not kept, because there may be many runs."""
    run = store.load(folder)
    if run.judged is None:
        raise RunFolderError(f"{folder}: was not judged; stormproof analyze {folder}")
    stored = faults.encode_scenario(run.scenario)
    sample = Sample(
        folder=folder,
        checks={verdict.check: verdict.status for verdict in run.judged.verdicts},
        counts=msgspec.to_builtins(words.counts(run)),
        figures=measures.measure(run.history),
    )
    return f"{run.title} on {run.system.name}", [stored.get(key) for key in ("storm", "workload", "settle_s")], sample


def compared(before: list[Group], after: list[Group], *, anyway: bool) -> list[Contrast]:
    """Return a pair of groups for each scenario and system that both sides have, or one pair of all runs with --anyway. Raises UsageError."""
    if anyway:
        sides = [[sample for group in side for sample in group.samples] for side in (before, after)]
        names = [", ".join(group.name for group in side) for side in (before, after)]
        name = names[0] if names[0] == names[1] else f"{names[0]} -> {names[1]}"
        return [_contrast(name, *sides)]
    late = {group.name: group for group in after}
    pairs = [(group, late[group.name]) for group in before if group.name in late]
    if not pairs:
        said = " and ".join(", ".join(group.name for group in side) for side in (before, after))
        raise UsageError(f"not the same scenario and system: {said}; --anyway compares them nevertheless")
    for early, other in pairs:
        if early.definition is None or early.definition != other.definition:
            raise UsageError(
                f"{early.name}: its workload or storm is not the same in all runs; --anyway compares them nevertheless"
            )
    return [_contrast(early.name, early.samples, other.samples) for early, other in pairs]


def _contrast(name: str, before: list[Sample], after: list[Sample]) -> Contrast:
    return Contrast(name=name, before=before, after=after, lines=contrast.contrast(before, after))


def _alone(before: list[Group], after: list[Group], found: list[Contrast]) -> Iterator[tuple[str, Group]]:
    if len(found) == 1 and (" -> " in found[0].name or ", " in found[0].name):
        return
    told = {each.name for each in found}
    for side, side_groups in (("before", before), ("after", after)):
        yield from ((side, group) for group in side_groups if group.name not in told)


def _refuse_both(folders: set[Path]) -> None:
    for folder in sorted(folders):
        raise UsageError(f"{folder}: is on both sides; a run cannot be compared with itself")


def ending(found: Sequence[Contrast], alone: Sequence[tuple[str, str]]) -> Status:
    """Return the worst status of all. A group that exists before but not after is unknown."""
    missing = Status.UNKNOWN if any(side == "before" for side, _ in alone) else Status.VALID
    return max([missing, *(contrast.status(each.lines) for each in found)])


def as_document(found: Sequence[Contrast], alone: Sequence[tuple[str, str]], status: Status) -> str:
    """Return the comparison as JSON; `docs/compare.md` documents the format."""
    document = {
        "status": {Status.VALID: "same or better", Status.INVALID: "worse", Status.UNKNOWN: "unknown"}[status],
        "comparisons": [
            {
                "name": each.name,
                "before": [str(sample.folder) for sample in each.before],
                "after": [str(sample.folder) for sample in each.after],
                "lines": [_plain(line) for line in each.lines],
            }
            for each in found
        ],
        "only_before": [name for side, name in alone if side == "before"],
        "only_after": [name for side, name in alone if side == "after"],
    }
    return json.dumps(document, indent=2)


def _plain(line: Line) -> dict[str, Any]:
    shift = line.shift
    return {
        "kind": line.kind,
        "name": line.name,
        "unit": line.unit,
        "before": list(line.before),
        "after": list(line.after),
        "says": list(line.says),
        "word": line.word.value,
        "shift": shift.by if shift else None,
        "low": shift.low if shift and math.isfinite(shift.low) else None,
        "high": shift.high if shift and math.isfinite(shift.high) else None,
        "chance": line.chance,
        "chance_corrected": line.corrected,
    }


def _tell(found: Sequence[Contrast], alone: Sequence[tuple[str, str]], status: Status, console: Console) -> None:
    def say(text: str) -> None:
        console.print(one_line(text), highlight=False, markup=False, soft_wrap=True)

    for each in found:
        console.print(table(each))
        for text in notes(each):
            say(text)
    for side, name in alone:
        say(f"only {side}: {name}")
    say(f"{_ENDINGS[status]}: {_counted(found)}")


def table(each: Contrast) -> Table:
    """Build the table of what changed or may have changed, with all figures. A check or count that is the same everywhere is left out."""
    title = one_line(f"{each.name}: before {_runs(each.before)}, after {_runs(each.after)}")
    rows = Table("", "before", "after", "by (95 %)", "", title=title, box=box.SIMPLE_HEAD)
    for column in rows.columns:
        column.overflow = "fold"
    for line in each.lines:
        if line.kind == "figure" or line.says[0] != line.says[1] or line.word is not Word.NO_CHANGE:
            cells = (line.name, *line.says, _by(line))
            rows.add_row(
                *(Text(one_line(cell)) for cell in cells), Text(line.word, style=_STYLES.get(line.word, "yellow"))
            )
    return rows


def _runs(samples: list[Sample]) -> str:
    return f"{len(samples)} run{'s' * (len(samples) != 1)}"


def _by(line: Line) -> str:
    if line.shift is None or line.kind == "check":
        return ""
    shift = line.shift
    known = [value for value in (shift.by, shift.low, shift.high) if math.isfinite(value)]
    (by, *ends), unit = contrast.scaled(known, line.unit)
    low, high = ends or ("?", "?")
    return f"{'+' * (shift.by > 0)}{by} ({low} to {high}) {unit}".strip()


def notes(each: Contrast) -> list[str]:
    """Return the lines below a table: why something could not be decided, and what would help."""
    said = {line.word for line in each.lines}
    if Word.ONE_RUN in said:
        return [f"figures: {_ONE_RUN}"]
    if Word.TOO_FEW in said:
        family = sum(line.chance is not None for line in each.lines)
        return [f"too few runs for {family} figures at once: {noise.runs_needed(family)} of each would do"]
    return []


def _counted(found: Sequence[Contrast]) -> str:
    lines = [line for each in found for line in each.lines]
    of = {word: [line for line in lines if line.word is word] for word in Word}
    said = [f"{len(of[word])} {word}" for word in Word if of[word]]
    worse = [f"{line.name} ({line.says[0]} -> {line.says[1]})" for line in of[Word.WORSE]]
    return ", ".join(said) + (f"; worse: {', '.join(worse)}" if worse else "")
