"""`stormproof serial`: find arguments and results of a user's tasks that would not survive their serializers."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stormproof.checks.verdict import Status
from stormproof.errors import UsageError, require
from stormproof.report.words import one_line

if TYPE_CHECKING:
    from stormproof.serializers.judging import Judged
    from stormproof.serializers.place import Place

_COLOURS = {Status.VALID: "green", Status.UNKNOWN: "yellow", Status.INVALID: "bold red"}
_COUNTED = {"changes": "change", "survives": "survive"}


@click.command("serial")
@click.option("--app", "name", required=True, help="The Celery app, as `celery -A` takes it: proj.celery:app.")
@click.option("--task", "only", multiple=True, help="Only this task; may be repeated.")
@click.option("--expect", multiple=True, help="KEY=WHAT: a known, harmless change; may be repeated.")
@click.option(
    "--examples", type=click.IntRange(min=1), default=200, show_default=True, help="How many values of each are tried."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed finds the same examples.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, and nothing else.")
def command(
    name: str, only: tuple[str, ...], expect: tuple[str, ...], examples: int, seed: int, *, as_json: bool
) -> int:
    """Find arguments and results of an app's tasks that would not survive their serializers, based on their annotations.

    The app is imported as a worker imports it; no task runs, and nothing connects.
    """
    require("hypothesis")  # Reported before the user's code is imported.
    from stormproof.serializers import expecting, tasks  # noqa: PLC0415 - Celery and Hypothesis take their time.

    known = tasks.tasks_of(tasks.load(name))
    places = [place for task in known for place in tasks.places_of(task)]
    accepted = expecting.expected(expecting.parsed(expect), places)
    judged = _judged(_chosen(places, only), examples, seed, accepted)
    if as_json:
        click.echo(json.dumps([_plain(each) for each in judged], indent=2))
    else:
        _tell(judged, Console())
    return max(each.status for each in judged).exit_code


def _judged(places: list[Place], examples: int, seed: int, accepted: dict[str, tuple[str, ...]]) -> list[Judged]:
    from stormproof.serializers import judging  # noqa: PLC0415 - See above.

    judged = []
    with _without_a_trace(), Console(stderr=True).status("looking at the tasks") as status:
        for place in places:
            status.update(Text(one_line(str(place))))
            judged.append(judging.judge(place, examples, seed, accepted.get(place.key, ())))
    return judged


@contextlib.contextmanager
def _without_a_trace() -> Iterator[None]:
    """Hypothesis caches what it reads from sources in a folder; keep that out of the user's way."""
    from hypothesis.configuration import set_hypothesis_home_dir  # noqa: PLC0415 - See above.

    with tempfile.TemporaryDirectory(prefix="stormproof-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


def _chosen(places: list[Place], only: tuple[str, ...]) -> list[Place]:
    names = list(dict.fromkeys(place.task.name for place in places))
    for name in only:
        if name not in names:
            raise UsageError(f"--task {name}: no such task; there are {', '.join(names)}")
    return [place for place in places if not only or place.task.name in only]


def _tell(judged: list[Judged], console: Console) -> None:
    from stormproof.serializers import telling  # noqa: PLC0415 - See above.

    for each in judged:
        for line in telling.lines(each):
            console.print(_indented(line), highlight=False, markup=False, soft_wrap=True)
    console.print(table(judged))
    console.print(ending(judged), highlight=False, markup=False, soft_wrap=True)


def _indented(line: str) -> str:
    return f"{line[: len(line) - len(line.lstrip())]}{one_line(line.lstrip())}"


def table(judged: list[Judged]) -> Table:
    """Build a table with one line for each argument and result."""
    from stormproof.serializers import telling  # noqa: PLC0415 - See above.

    lines = Table("task", "value", "serializer", "verdict", "", title="Through their serializers", box=box.SIMPLE_HEAD)
    for column in lines.columns:
        column.overflow = "fold"
    before = ""
    for each in judged:
        place, task = each.place, each.place.task.name
        verdict = Text(each.verdict.value, style=_COLOURS[each.status])
        cells = [one_line(text) for text in ("" if task == before else task, place.label, place.serializer)]
        lines.add_row(*map(Text, cells), verdict, Text(one_line(telling.summary(each))))
        before = task
    return lines


def ending(judged: list[Judged]) -> str:
    """Return the last line: how many there are of each verdict."""
    counts = Counter(each.verdict.value for each in judged)
    said = ", ".join(f"{count} {_COUNTED.get(word, word)}" for word, count in counts.most_common())
    tasks = len({each.place.task.name for each in judged})
    return f"{tasks} task{'s' * (tasks != 1)}, {len(judged)} arguments and results: {said}."


def _plain(judged: Judged) -> dict[str, Any]:
    place = judged.place
    return {
        "task": place.task.name,
        "value": place.name,
        "annotation": place.shown,
        "serializer": place.serializer,
        "verdict": judged.verdict.value,
        "values_tried": judged.tried,
        "findings": [
            {"verdict": each.verdict.value, "what": each.what, "said": each.said, "expected": each.expected}
            for each in judged.found
        ],
    }
