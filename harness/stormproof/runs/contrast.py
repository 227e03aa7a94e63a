"""Two groups of runs of one scenario: what got better or worse, and what is noise. Pure: samples in, lines out."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from stormproof.checks.verdict import Status
from stormproof.runs import measures, noise
from stormproof.runs.noise import LEVEL, Shift


class Word(StrEnum):
    """The possible conclusions about a check, a count or a figure."""

    BETTER = "better"
    WORSE = "worse"
    NO_CHANGE = "no change told"
    TOO_FEW = "too few runs"
    UNKNOWN = "unknown"
    ONE_RUN = "unknown whether that is noise"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One run: its verdict per check, its counts, and its figures. A run counts once, however many requests it made."""

    folder: Path
    checks: dict[str, Status]
    counts: dict[str, int]
    figures: dict[str, float]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One check, count or figure, with its value in each run, in the groups' order.

    The value of a check is 1 if it is invalid, and absent if it is unknown. `says`: the same for people. `shift` and the
    chances are set only if several runs of each group could be compared; `corrected` is the chance after Holm's correction.
    """

    kind: str
    name: str
    unit: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    says: tuple[str, str]
    word: Word
    shift: Shift | None = None
    chance: float | None = None
    corrected: float | None = None


def contrast(before: Sequence[Sample], after: Sequence[Sample]) -> list[Line]:
    """Return all lines, checks first. If a group has only one run, only verdicts are compared."""
    lines = [_check(name, before, after) for name in _names(before, after, lambda sample: sample.checks)]
    for name in _names(before, after, lambda sample: sample.counts):
        lines.append(_number("count", name, "", [s.counts for s in before], [s.counts for s in after]))
    for name in _names(before, after, lambda sample: sample.figures):
        unit = measures.unit_of(name)
        lines.append(_number("figure", name, unit, [s.figures for s in before], [s.figures for s in after]))
    if min(len(before), len(after)) > 1:
        lines = _tested(lines)
    return [_never_excused(line) for line in lines]


def status(lines: Iterable[Line]) -> Status:
    """Return INVALID if something is worse, UNKNOWN if something could not be decided. Figures of a single run are ignored."""
    words = {line.word for line in lines}
    if Word.WORSE in words:
        return Status.INVALID
    return Status.UNKNOWN if words & {Word.TOO_FEW, Word.UNKNOWN} else Status.VALID


def scaled(values: Sequence[float], unit: str) -> tuple[list[str], str]:
    """Format numbers with three significant digits, in the unit that suits the largest: a time below one second is in ms."""
    if unit == "s" and max(map(abs, values)) < 1:
        values, unit = [value * 1000 for value in values], "ms"
    return [_digits(value) for value in values], unit


def _digits(value: float) -> str:
    whole = len(str(int(abs(value))))
    return f"{value:.0f}" if value == int(value) else f"{value:.{min(max(0, 3 - whole), 2)}f}"


def _names(before: Sequence[Sample], after: Sequence[Sample], part: Callable[[Sample], Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for sample in (*before, *after) for name in part(sample)))


def _check(name: str, before: Sequence[Sample], after: Sequence[Sample]) -> Line:
    """Compare a verdict directly if all runs of a group share it; otherwise test it like any other number."""
    early, late = ([s.checks[name] for s in side if name in s.checks] for side in (before, after))
    one_each = len(set(early)) == 1 and len(set(late)) == 1
    return Line(
        kind="check",
        name=name,
        unit="",
        before=_decided(early),
        after=_decided(late),
        says=(_verdicts(early), _verdicts(late)),
        word=_turned(early[0], late[0]) if one_each else _mixed(early, late),
    )


def _turned(early: Status, late: Status) -> Word:
    if early is late:
        return Word.NO_CHANGE
    return {Status.VALID: Word.BETTER, Status.INVALID: Word.WORSE, Status.UNKNOWN: Word.UNKNOWN}[late]


def _mixed(early: Sequence[Status], late: Sequence[Status]) -> Word:
    """The result is open if both sides have decided runs. Nothing can be decided if the later runs are all unknown, or lack the check."""
    return Word.NO_CHANGE if not early or (_decided(early) and _decided(late)) else Word.UNKNOWN


def _never_excused(line: Line) -> Line:
    """A check that failed in no run before, and fails in one now, may be chance, but is not reported as the same."""
    broken = line.kind == "check" and line.before and not any(line.before) and any(line.after)
    return msgspec.structs.replace(line, word=Word.UNKNOWN) if broken and line.word is Word.NO_CHANGE else line


def _decided(found: Iterable[Status]) -> tuple[float, ...]:
    return tuple(float(each is Status.INVALID) for each in found if each is not Status.UNKNOWN)


def _verdicts(found: Sequence[Status]) -> str:
    """`valid`, or `valid 4, invalid 1`."""
    if not found:
        return "not asked"
    words = [(each.word, found.count(each)) for each in Status if each in found]
    return words[0][0] if len(words) == 1 else ", ".join(f"{word} {count}" for word, count in words)


def _number(
    kind: str,
    name: str,
    unit: str,
    early: Sequence[dict[str, int] | dict[str, float]],
    late: Sequence[dict[str, int] | dict[str, float]],
) -> Line:
    before, after = (tuple(float(each[name]) for each in side if name in each) for side in (early, late))
    return Line(
        kind=kind,
        name=name,
        unit=unit,
        before=before,
        after=after,
        says=(_median(before, unit), _median(after, unit)),
        word=Word.NO_CHANGE if before == after else Word.ONE_RUN,
    )


def _median(values: Sequence[float], unit: str) -> str:
    if not values:
        return "not measured"
    (number,), unit = scaled([statistics.median(values)], unit)
    return f"{number} {unit}".strip()


def _tested(lines: list[Line]) -> list[Line]:
    """Test the lines that are not the same in all runs together, and correct for their number.

    Leaving out constant lines is fair, because every permutation of the runs would leave them out too.
    """
    family = {(line.kind, line.name): line for line in lines if _testable(line)}
    chances = {"/".join(key): noise.chance(line.before, line.after) for key, line in family.items()}
    corrected = noise.holm(chances)
    told = []
    for line in lines:
        key = f"{line.kind}/{line.name}"
        if key in chances:
            word = _word(line, corrected[key], len(family))
            moved = noise.shift(line.before, line.after)
            line = msgspec.structs.replace(  # noqa: PLW2901 - The same line, with more in it.
                line, word=word, chance=chances[key], corrected=corrected[key], shift=moved
            )
        elif line.word is Word.ONE_RUN:
            known = bool(line.before) and bool(line.after)
            few = known and set(line.before) != set(line.after)
            line = msgspec.structs.replace(line, word=Word.TOO_FEW if few else Word.NO_CHANGE)  # noqa: PLW2901
        told.append(line)
    return told


def _testable(line: Line) -> bool:
    if line.kind == "check" and line.word is not Word.NO_CHANGE:
        return False
    return min(len(line.before), len(line.after)) > 1 and len({*line.before, *line.after}) > 1


def _word(line: Line, corrected: float, family: int) -> Word:
    if corrected <= LEVEL:
        duels = [math.copysign(late != early, late - early) for early in line.before for late in line.after]
        return Word.BETTER if (sum(duels) > 0) == (line.name in measures.MORE_IS_BETTER) else Word.WORSE
    if noise.least_chance(len(line.before), len(line.after)) * family > LEVEL:
        return Word.TOO_FEW
    return Word.NO_CHANGE
