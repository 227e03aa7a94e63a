"""A sweep as a matrix. Rows: the fault points in the order of a task's life; columns: the faults; cells: what happened to the task."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from rich import box
from rich.table import Table
from rich.text import Text

from stormproof.report.summary import cell as code_cell
from stormproof.report.words import one_line, printable
from stormproof.runs import store
from stormproof.sweep.outcome import BROKEN, MEANINGS, Word
from stormproof.sweep.sheet import Result, Sheet

_MARKS: dict[Word, str] = {
    Word.LOST: "LOST",
    Word.DOUBLED: "DOUB",
    Word.DIED: "DIED",
    Word.WEDGED: "WEDG",
    Word.HUNG: "HUNG",
    Word.UNREADABLE: "READ",
    Word.UNTRUE: "LIED",
    Word.PHANTOM: "PHAN",
    Word.STRANDED: "strd",
    Word.RAN_TWICE: "twice",
    Word.API_WRONG: "api",
    Word.UNSTEADY: "back",
    Word.LEAKED: "leak",
    Word.LATE: "late",
    Word.UNKNOWN: "?",
    Word.INTACT: "·",
}
"""The text in a cell: capitals mark broken outcomes, so that colour is never the only sign."""

_NOT_PLAYED = "-      not played: the sweep was stopped, or the system was not ready or quiet again after the cell; sweep --resume tries again"
_STYLES = dict.fromkeys(BROKEN, "bold red") | {Word.UNKNOWN: "yellow", Word.INTACT: "green"}


def width(sheet: Sheet) -> int:
    """The width of the matrix in columns. A line that wraps in a narrow terminal is better than an unreadable name."""
    return max(len(point.name) for point in sheet.points) + sum(max(len(fault), 5) + 2 for fault in sheet.faults) + 12


def table(sheet: Sheet) -> Table:
    """Return the matrix for a terminal."""
    rows = Table(
        "fault point",
        *sheet.faults,
        title=f"{sheet.name}: every fault point, once",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
    )
    for point in sheet.points:
        cells = [_mark(sheet, f"{point.name}/{fault}") for fault in sheet.faults]
        rows.add_row(Text(point.name, no_wrap=True), *cells)
    return rows


def _mark(sheet: Sheet, cell: str) -> Text:
    if cell not in sheet.results:
        return Text("" if cell not in sheet.cells else "-", style="dim")
    word = sheet.results[cell].outcome.word
    return Text(_MARKS[word], style=_STYLES.get(word, "cyan"))


def legend(sheet: Sheet) -> list[str]:
    """Return how many cells have each outcome and what it means, and how many have none."""
    told = [f"{count:>5} {_MARKS[word]:<6} {word.value}: {MEANINGS[word]}" for word, count in sheet.tally.items()]
    return [*told, *([f"{len(sheet.left):>5} {_NOT_PLAYED}"] if sheet.left else [])]


def line(result: Result) -> str:
    """Return one result as one line."""
    outcome = result.outcome
    also = f" (also {', '.join(word.value for word in outcome.also)})" if outcome.also else ""
    said = f": {outcome.said[0]}" if outcome.said else ""
    return one_line(f"{outcome.word.value:<10} {result.cell}{also}{said}")


def markdown(sheet: Sheet) -> str:
    """Return the matrix as Markdown, for a documentation page."""
    head = "| fault point | " + " | ".join(sheet.faults) + " |\n|" + " --- |" * (len(sheet.faults) + 1)
    rows = [
        f"| {code_cell(point.name)} | "
        + " | ".join(_mark(sheet, f"{point.name}/{fault}").plain for fault in sheet.faults)
        + " |"
        for point in sheet.points
    ]
    return "\n".join([head, *rows])


_STYLE = """
:root { color-scheme: light dark; } body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem; }
table { border-collapse: collapse; } th, td { padding: .2rem .5rem; border: 1px solid #8884; text-align: center; }
th:first-child { text-align: left; font-family: monospace; font-weight: normal; white-space: nowrap; }
thead { position: sticky; top: 0; background: Canvas; }
.broken { background: #cf222e; color: #fff; font-weight: bold; } .intact { color: #1a7f37; } .other { background: #54aeff55; }
.unknown { background: #d4a72c66; } td a { color: inherit; } dt { font-family: monospace; font-weight: bold; margin-top: 1rem; }
"""


def page(sheet: Sheet) -> str:
    """Return the matrix as one HTML file that opens offline. Every cell that is not intact links to what was seen."""
    head = "".join(f"<th scope=col>{_text(fault)}</th>" for fault in sheet.faults)
    rows = "".join(
        f"<tr><th scope=row>{_text(point.name)}</th>"
        + "".join(_cell(sheet, f"{point.name}/{fault}") for fault in sheet.faults)
        + "</tr>\n"
        for point in sheet.points
    )
    told = [result for result in sheet.results.values() if result.outcome.word is not Word.INTACT]
    legend_ = "".join(f"<li>{_text(text)}</li>" for text in legend(sheet))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{_text(sheet.name)}: every fault point, once</title><style>{_STYLE}</style></head><body>
<h1>{_text(sheet.name)}: every fault point, once</h1><ul>{legend_}</ul>
<table><thead><tr><th>fault point</th>{head}</tr></thead><tbody>
{rows}</tbody></table><h2>What was seen</h2><dl>{"".join(_told(result) for result in told)}</dl></body></html>
"""


def _text(value: str) -> str:
    return html.escape(printable(value))


def _cell(sheet: Sheet, cell: str) -> str:
    if cell not in sheet.results:
        return "<td></td>"
    word = sheet.results[cell].outcome.word
    kind = "broken" if word in BROKEN else word.value if word in (Word.INTACT, Word.UNKNOWN) else "other"
    mark = _text(_MARKS[word])
    inner = mark if word is Word.INTACT else f'<a href="#{_text(cell)}" title="{_text(word.value)}">{mark}</a>'
    return f'<td class="{kind}">{inner}</td>'


def _told(result: Result) -> str:
    said = "".join(f"<dd>{_text(text)}</dd>" for text in result.outcome.said)
    also = f" (also {', '.join(result.outcome.also)})" if result.outcome.also else ""
    where = f"{result.lane}/history.jsonl, events {result.first} to {result.last - 1}"
    replay = f"stormproof replay '{result.cell}'"
    return (
        f'<dt id="{_text(result.cell)}">{_text(result.cell)}: {_text(result.outcome.word.value + also)}</dt>{said}'
        f"<dd>{_text(where)}</dd><dd><code>{_text(replay)}</code></dd>"
    )


def junit(sheet: Sheet, failing: Iterable[str]) -> str:
    """One test case a cell. `failing`: the ids of the cells that count as failures."""
    failed = set(failing)
    suite = ElementTree.Element("testsuite", name=f"sweep of {sheet.name}", tests=str(len(sheet.results)))
    for result in sheet.results.values():
        point, _, fault = result.cell.rpartition("/")
        case = ElementTree.SubElement(suite, "testcase", classname=point, name=fault, time=f"{result.seconds:.2f}")
        if result.cell in failed:
            told = "\n".join((*result.outcome.said, f"replay: stormproof replay '{result.cell}'"))
            failure = ElementTree.SubElement(case, "failure", message=printable(line(result)))
            failure.text = printable(told)
        elif result.outcome.word is Word.UNKNOWN:
            ElementTree.SubElement(case, "skipped", message="the fault did not bite, or nothing was proved")
    suite.set("failures", str(len(failed & set(sheet.results))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def write(folder: Path, sheet: Sheet, failing: Iterable[str]) -> None:
    """`sweep.html` and `junit.xml` beside the sheet."""
    store.write_text(folder / "sweep.html", page(sheet))
    store.write_text(folder / "junit.xml", junit(sheet, failing))
