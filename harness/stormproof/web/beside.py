"""Two runs side by side: their differences, row by row."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stormproof.checks.verdict import Verdict
from stormproof.report import words
from stormproof.runs.store import Run
from stormproof.web.entry import Entry


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One property of both runs. `is_verdict`: the first word of each value is a verdict."""

    name: str
    left: str
    right: str
    is_verdict: bool = False

    @property
    def differs(self) -> bool:
        """Whether the two values differ."""
        return self.left != self.right


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under one heading."""

    heading: str
    rows: tuple[Row, ...]


def parts(left: Entry, right: Entry) -> list[Part]:
    """Return everything that can be compared of two runs."""
    one, other = left.run, right.run
    if one is None or other is None:
        return []
    return [
        Part(heading="The run", rows=_rows(_of_run(left, one), _of_run(right, other))),
        Part(heading="Verdict of each check", rows=_rows(_checks(one), _checks(other), is_verdict=True)),
        Part(heading="Counts", rows=_rows(_counts(one), _counts(other))),
        Part(heading="Versions", rows=_rows(_versions(left), _versions(right))),
        Part(heading="Choices", rows=_rows(_choices(one), _choices(other))),
    ]


def _rows(left: dict[str, str], right: dict[str, str], *, is_verdict: bool = False) -> tuple[Row, ...]:
    names = list(dict.fromkeys([*left, *right]))
    return tuple(
        Row(name=name, left=left.get(name, ""), right=right.get(name, ""), is_verdict=is_verdict) for name in names
    )


def _of_run(entry: Entry, run: Run) -> dict[str, str]:
    return {
        "verdict": entry.word,
        "scenario": run.title,
        "worker state": run.state.value,
        "system": entry.system,
        "began": entry.began,
        "said": words.summary(run),
    }


def _checks(run: Run) -> dict[str, str]:
    return {verdict.check: verdict.status.word + _kinds(verdict) for verdict in _verdicts(run)}


def _verdicts(run: Run) -> Iterable[Verdict]:
    return run.judged.verdicts if run.judged else ()


def _kinds(verdict: Verdict) -> str:
    kinds = words.ranked({finding.kind for finding in verdict.findings})
    return f": {', '.join(kinds)}" if kinds else ""


def _counts(run: Run) -> dict[str, str]:
    if run.judged is None:
        return {}
    measured = {"events": str(run.judged.events), "seconds": f"{run.judged.seconds:.1f}"}
    return {name: str(count) for name, count in msgspec.structs.asdict(words.counts(run)).items()} | measured


def _versions(entry: Entry) -> dict[str, str]:
    return {package: ", ".join(releases) for package, releases in entry.versions.items()}


def _choices(run: Run) -> dict[str, str]:
    choices = run.choices
    due = ", ".join(f"{second:g}" for second in choices.submit_at_s)
    return {"seed": str(choices.seed), "run": choices.run, "submissions due at (s)": due}
