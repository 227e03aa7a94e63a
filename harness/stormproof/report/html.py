"""`report.html`: one file that opens offline, made only from the run folder. Every value is escaped."""

from __future__ import annotations

import base64
import json
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from stormproof.checks.facts import Facts
from stormproof.history import FastForward, Fault, History, Quiescence
from stormproof.report import board, drawing, narrative, picture
from stormproof.report.excerpts import excerpts
from stormproof.report.seconds import quantile
from stormproof.report.sequence import tell
from stormproof.report.words import doubts, findings, printable
from stormproof.runs.store import Run

_QUANTILES = {"half within": 0.5, "90 % within": 0.9, "99 % within": 0.99, "all within": 1.0}
_MOST_FINDINGS, _MOST_LIVES, _MOST_TOLD = 20, 6, 400


def render(run: Run) -> str:
    """Return the page of one judged run. Without Bokeh it has no plots, and explains how to get them."""
    shown, more = _wrong(run)
    values: dict[str, Any] = {
        "run": run,
        "head": f"{run.title} on {run.system.name}",
        "word": run.judged.status.word if run.judged else "unknown",
        "told": narrative.tell(run) or ["This run was not judged."],
        "verdicts": run.judged.verdicts if run.judged else (),
        "most": _MOST_FINDINGS,
        "lives": [_life(run, key, kinds) for key, kinds in shown],
        "more_lives": more,
        "quantile_names": list(_QUANTILES),
        "quantiles": _quantiles(run.history),
        "story": _story(run.history),
        "plan": _plan(run),
        "plots": _plots(run.history) if board.is_there() else None,
    }
    return _template().render(values)


def _plots(history: History) -> dict[str, Any]:
    drawn = picture.of(history)
    return {
        "left_out": drawn.left_out,
        "drawing": _data(board.whole(drawn.data, drawn.until)),
        "bokeh": _script(board.script()),
        "script": _script(_text("page.js")),
    }


def _script(text: str) -> Markup:
    """Return text for a script element. HTML does not unescape text there, and the element ends at the first `</script`."""
    return Markup(text.replace("</script", "<\\/script"))  # noqa: S704 - as said.


def _data(value: Any) -> Markup:
    return _script(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


@cache
def _template() -> jinja2.Template:
    """Everything in the page is printable and escaped, except the scripts."""

    def clean(value: Any) -> Any:
        return value if isinstance(value, Markup | int | float) else printable(str(value))

    return jinja2.Environment(autoescape=True, finalize=clean, undefined=jinja2.StrictUndefined).from_string(
        _text("page.html")
    )


def _wrong(run: Run) -> tuple[list[tuple[str, str]], int]:
    """Return the first submissions that went wrong, each with its findings, and how many more there are."""
    facts, kinds = Facts.of(run.history), dict[str, dict[str, None]]()
    known = {*facts.keys, *facts.effects}
    for finding in findings(run) or doubts(run):
        if finding.key in known:
            kinds.setdefault(finding.key, {})[finding.kind] = None
    wrong = [(key, ", ".join(found)) for key, found in kinds.items()]
    return wrong[:_MOST_LIVES], max(0, len(wrong) - _MOST_LIVES)


def _life(run: Run, key: str, kinds: str) -> dict[str, Any]:
    """Return the drawing for an image element, so its styles and scripts cannot mix with the page's."""
    life = tell(run.history, key, broker=run.system.broker)
    ids = {op.returned.task_id for op in Facts.of(run.history).keys.get(key, ()) if op.returned}
    return {
        "key": key,
        "kinds": kinds,
        "svg": base64.b64encode(drawing.as_svg(life).encode()).decode(),
        "text": drawing.as_text(life)[:2000],
        "logs": excerpts(run.folder / "logs", (key, *ids)),
    }


def _quantiles(history: History) -> list[dict[str, Any]]:
    took: dict[tuple[str, str], list[float]] = {}
    for op in Facts.of(history).ops:
        if op.returned is not None:
            took.setdefault((op.invoked.kind, op.returned.outcome), []).append(1000 * (op.returned.t - op.invoked.t))
    return [
        {
            "kind": kind,
            "outcome": outcome,
            "count": len(ms),
            "ms": [quantile(sorted(ms), q) for q in _QUANTILES.values()],
        }
        for (kind, outcome), ms in sorted(took.items())
    ]


def _story(history: History) -> list[str]:
    lines = []
    for event in history:
        if isinstance(event, Fault):
            lines.append(f"{event.t:.2f} s: {event.name} on {event.target}: {event.stage} {event.detail}".rstrip())
        elif isinstance(event, FastForward):
            lines.append(f"{event.t:.2f} s: visibility timeout fast-forwarded for {len(event.task_ids)} messages")
        elif isinstance(event, Quiescence):
            lines.append(f"{event.t:.2f} s: quiescence {'proved' if event.proved else 'not proved'}: {event.detail}")
    return lines if len(lines) <= _MOST_TOLD else [*lines[:_MOST_TOLD], f"and {len(lines) - _MOST_TOLD} more"]


def _plan(run: Run) -> str:
    """Return everything that the run folder records about the plan; a run that is not stored has none."""
    try:
        return (run.folder / "scenario.json").read_text("utf-8", "replace")
    except OSError:
        return f"{run.scenario}"
