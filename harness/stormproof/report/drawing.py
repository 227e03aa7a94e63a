"""A task's life as a sequence diagram: as text for a terminal, and as one SVG document that opens offline."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable

from stormproof.report.sequence import Life, Step
from stormproof.report.thinning import gaps, kept, left_out
from stormproof.report.words import printable

LAST_CHANCE = "<== the last moment at which it could have been saved"

_COLUMNS = 150
_TIME_COLUMNS = 11
_LANES_COLUMNS = 80

_TOP, _ROW, _LEFT, _RIGHT = 64, 34, 90, 60
_PITCH = 170
_LETTER = 6.6
"""Sizes in an SVG diagram, in pixels: the head, the height of a step, the margins, the distance of lanes, the width of a letter."""

_RULES = """
text {{ font: 12px ui-monospace, monospace; fill: {ink}; paint-order: stroke; stroke: {paper}; stroke-width: 3px; }}
.time, .left-out {{ fill: {soft}; }} .head, .strong {{ font-weight: bold; }} .paper {{ fill: {paper}; }}
.lane {{ stroke: {soft}; stroke-dasharray: 2 4; }} .arrow {{ stroke: {ink}; stroke-width: 1.5; fill: none; }}
.stopped {{ stroke: {bad}; stroke-width: 2; fill: none; stroke-dasharray: 6 3; }}
.cross {{ stroke: {bad}; stroke-width: 2.5; }} .dot {{ fill: {ink}; }} .band {{ fill: {band}; stroke: {bad}; }}
.closing {{ fill: none; stroke: {soft}; }} .chance {{ fill: {chance}; stroke: {ink}; }} .band-text {{ stroke: none; }}
"""
_LIGHT = {
    "paper": "#fff",
    "ink": "#1f2328",
    "soft": "#57606a",
    "bad": "#b3141f",
    "band": "#ffe2e0",
    "chance": "#fff1b8",
}
_DARK = {
    "paper": "#0d1117",
    "ink": "#e6edf3",
    "soft": "#9aa4af",
    "bad": "#ff8c85",
    "band": "#4c1518",
    "chance": "#4a3c00",
}
# The colours are written out twice: SVG viewers other than browsers do not know CSS variables.
_STYLE = f"{_RULES.format(**_LIGHT)}@media (prefers-color-scheme: dark) {{{_RULES.format(**_DARK)}}}"


def _line(text: str) -> str:
    """Return the text as one printable line."""
    return " ".join(printable(text).split())


# Text.


def as_text(life: Life) -> str:
    """Return the diagram in lines of about 150 columns: the time, the lanes with their arrows, and the text of each step."""
    if not life.steps:
        return f"The history says nothing of {_line(life.about)}.\n"
    grid = _Grid(life)
    shown = kept(life)
    lines = [f"The life of {_line(life.about)}", "", *grid.head()]
    for number, gap in gaps(shown):
        if gap:
            lines.append(f"{'...':>9}  {grid.row({})}  ({gap} left out)")
        lines += grid.step(life.steps[number], number == life.last_chance)
    if summary := left_out(life, shown):
        lines += ["", summary]
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Grid:
    """The positions of the lanes, in columns."""

    def __init__(self, life: Life) -> None:
        self._lanes = [_line(lane) for lane in life.lanes]
        self._place = {lane: number for number, lane in enumerate(life.lanes)}
        widest = max(map(len, self._lanes), default=8) + 2
        self._pitch = max(6, min(widest, _LANES_COLUMNS // max(1, len(self._lanes))))
        self._width = self._pitch * len(self._lanes)
        self._text_columns = max(40, _COLUMNS - _TIME_COLUMNS - self._width - 2)

    def head(self) -> list[str]:
        """Return the lanes' names, each in as many lines as it needs."""
        names = [textwrap.wrap(lane, self._pitch - 1) for lane in self._lanes]
        rows = []
        for row in range(max(map(len, names), default=0)):
            words = ((name[row] if row < len(name) else "").ljust(self._pitch) for name in names)
            rows.append(("time".rjust(9) if row == 0 else " " * 9) + "  " + "".join(words))
        return rows

    def step(self, step: Step, is_last_chance: bool) -> list[str]:
        """Return the lines of one step."""
        if step.source not in self._place:
            return self._across(step, is_last_chance)
        said = step.text if step.kind == "message" else f"{step.source}: {step.text}"
        words = textwrap.wrap(_line(said), self._text_columns) or [""]
        if is_last_chance:
            words = self._marked(words)
        rest = self.row({})
        first = f"{step.t:>9.3f}  {self._drawn(step)}  {words[0]}"
        return [first, *(f"{'':9}  {rest}  {word}" for word in words[1:])]

    def _marked(self, words: list[str]) -> list[str]:
        joined = f"{words[-1]} {LAST_CHANCE}"
        return [*words[:-1], joined] if len(joined) <= self._text_columns else [*words, LAST_CHANCE]

    def _across(self, step: Step, is_last_chance: bool) -> list[str]:
        mark = "***" if step.kind == "fault" else "==="
        lines = textwrap.wrap(_line(step.text), _COLUMNS - _TIME_COLUMNS - 8) or [""]
        if is_last_chance:
            lines.append(LAST_CHANCE)
        drawn = [f"{mark} {line} ".ljust(_COLUMNS - _TIME_COLUMNS - 4, mark[0]) + mark for line in lines]
        return [f"{step.t:>9.3f}  {drawn[0]}", *(f"{'':9}  {line}" for line in drawn[1:])]

    def row(self, marks: dict[int, str]) -> str:
        """Return the lanes' lines, with `marks` (column -> letter) over them."""
        letters = ["|" if column % self._pitch == 0 else " " for column in range(self._width)]
        for column, letter in marks.items():
            letters[column] = letter
        return "".join(letters)

    def _drawn(self, step: Step) -> str:
        source, target = (self._place[lane] * self._pitch for lane in (step.source, step.target))
        if source == target:
            return self.row({source: "o" if step.kind == "note" else "#"})
        forward = 1 if target > source else -1
        way = list(range(source + forward, target, forward))
        if step.stopped:
            way = way[: max(3, len(way) // 2)]
        marks = dict.fromkeys(way, "-")
        marks[way[-1]] = "X" if step.stopped else ">" if forward == 1 else "<"
        return self.row(marks)


# SVG.


def as_svg(life: Life) -> str:
    """Return the diagram as one SVG document: light and dark, readable without colour, with a title and a description."""
    shown = kept(life)
    paper = _Paper(life, len(shown) + sum(gap > 0 for _, gap in gaps(shown)))
    body = [paper.lane(lane) for lane in life.lanes]
    row = 0
    for number, gap in gaps(shown):
        if gap:
            body.append(_label(paper.left, paper.y(row), f"({gap} left out)", "left-out"))
            row += 1
        body.append(paper.step(life.steps[number], row, number == life.last_chance))
        row += 1
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {paper.width} {paper.height}" \
width="{paper.width}" height="{paper.height}" role="img" aria-labelledby="title description">
<title id="title">{_text(f"The life of {life.about}")}</title>
<desc id="description">{_text(_description(life, shown))}</desc>
<style>{_STYLE}</style>
<rect class="paper" width="{paper.width}" height="{paper.height}"/>
{_line_feed(body)}</svg>
"""


def _description(life: Life, shown: list[int]) -> str:
    faults = sum(step.kind == "fault" for step in life.steps)
    words = [f"A sequence diagram of {len(life.steps)} steps between {', '.join(life.lanes) or 'nobody'}."]
    words.append(f"{faults} of them are stages of a fault; {sum(s.stopped for s in life.steps)} frames never arrived.")
    if life.last_chance is not None:
        step = life.steps[life.last_chance]
        words.append(f"The last moment at which it could have been saved: {step.t:.3f} s, {step.text}.")
    words.append(left_out(life, shown))
    return " ".join(words)


class _Paper:
    """The positions of things, in pixels."""

    left = 8

    def __init__(self, life: Life, rows: int) -> None:
        self._x = {lane: _LEFT + _PITCH // 4 + _PITCH * number for number, lane in enumerate(life.lanes)}
        self.width = max(640, _LEFT + _PITCH * len(life.lanes) + _RIGHT)
        self.height = _TOP + _ROW * rows + 24

    def y(self, row: int) -> int:
        """Return the position of a row's arrow."""
        return _TOP + _ROW * row + _ROW // 2

    def lane(self, lane: str) -> str:
        """Draw a lane's name and its line down to the end."""
        x = self._x[lane]
        line = f'<line class="lane" x1="{x}" y1="{_TOP - 16}" x2="{x}" y2="{self.height - 16}"/>'
        return line + _label(x, _TOP - 26, lane, "head", anchor="middle")

    def step(self, step: Step, row: int, is_last_chance: bool) -> str:
        """Draw one step, with its full text as a tooltip."""
        y = self.y(row)
        if step.source not in self._x:
            drawn = self._band(step, y)
        elif step.source == step.target:
            drawn = self._inside(step, y)
        else:
            drawn = self._arrow(step, y)
        time = _label(self.left, y + 4, f"{step.t:.3f} s", "time")
        chance = self._chance(y) if is_last_chance else ""
        return f"<g><title>{_text(step.text)}</title>{chance}{time}{drawn}</g>"

    def _chance(self, y: int) -> str:
        """Draw the last chance behind the step, from its time to the right edge, with its text on the side that the step leaves free."""
        box = f'<rect class="chance" x="4" y="{y - 20}" width="{self.width - 8}" height="{_ROW - 2}" rx="4"/>'
        words = _label(self.width - 10, y + 10, LAST_CHANCE, "strong band-text", anchor="end")
        return box + words

    def _band(self, step: Step, y: int) -> str:
        css = "band" if step.kind == "fault" else "closing"
        width = self.width - _LEFT - 8
        box = f'<rect class="{css}" x="{_LEFT - 4}" y="{y - 13}" width="{width + 4}" height="24" rx="4"/>'
        return box + _label(_LEFT + 4, y + 4, _cut(step.text, width - 12), "strong band-text")

    def _inside(self, step: Step, y: int) -> str:
        x = self._x[step.source]
        if step.kind == "note":
            mark = f'<circle class="dot" cx="{x}" cy="{y}" r="4"/>'
        else:
            mark = f'<rect class="dot" x="{x - 5}" y="{y - 5}" width="10" height="10"/>'
        return mark + self._said(step.text, x, y + 4)

    def _arrow(self, step: Step, y: int) -> str:
        source, target = self._x[step.source], self._x[step.target]
        forward = 1 if target > source else -1
        end = (source + target) // 2 if step.stopped else target
        css = "stopped" if step.stopped else "arrow"
        line = f'<line class="{css}" x1="{source}" y1="{y}" x2="{end}" y2="{y}"/>'
        return (
            line
            + (_cross(end, y) if step.stopped else _point(end, y, forward))
            + self._said(step.text, min(source, target), y - 5)
        )

    def _said(self, text: str, x: int, y: int) -> str:
        """Draw a label next to a lane, on the side with more room."""
        if x < self.width / 2:
            return _label(x + 10, y, _cut(text, self.width - x - 20), "")
        return _label(x - 10, y, _cut(text, x - 10 - _LEFT), "", anchor="end")


def _cross(x: int, y: int) -> str:
    return (
        f'<line class="cross" x1="{x - 6}" y1="{y - 6}" x2="{x + 6}" y2="{y + 6}"/>'
        f'<line class="cross" x1="{x - 6}" y1="{y + 6}" x2="{x + 6}" y2="{y - 6}"/>'
    )


def _point(x: int, y: int, forward: int) -> str:
    back = x - 8 * forward
    return f'<polyline class="arrow" points="{back},{y - 4} {x},{y} {back},{y + 4}"/>'


def _label(x: float, y: float, text: str, css: str, anchor: str = "start") -> str:
    return f'<text class="{css}" x="{x}" y="{y}" text-anchor="{anchor}">{_text(text)}</text>'


def _cut(text: str, pixels: float) -> str:
    line, most = _line(text), max(4, int(pixels / _LETTER))
    return line if len(line) <= most else line[: most - 3] + "..."


def _text(text: str) -> str:
    return html.escape(_line(text))


def _line_feed(parts: Iterable[str]) -> str:
    return "".join(f"{part}\n" for part in parts)
