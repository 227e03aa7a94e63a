"""`report.html`: one file that opens offline. Every value is escaped."""

from __future__ import annotations

import html

from stormproof.history import FastForward, Fault, Quiescence
from stormproof.report.words import printable, summary
from stormproof.store import Run
from stormproof.verdict import Verdict

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem; vertical-align: top;
border-bottom: 1px solid #8884; } code, pre { font-size: .9em; overflow-wrap: anywhere; white-space: pre-wrap; }
.word { font-weight: bold; } .valid { color: #1a7f37; } .invalid { color: #cf222e; } .unknown { color: #9a6700; }
"""


def _text(value: str) -> str:
    return html.escape(printable(value))


def render(run: Run) -> str:
    """The page of one judged run."""
    judged = run.judged
    verdicts = judged.verdicts if judged else ()
    word = judged.status.word if judged else "unknown"
    head = f"{run.title} on {run.system.name}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{_text(head)}: {word}</title><style>{_STYLE}</style></head><body>
<h1>{_text(head)}: <span class="word {word}">{word}</span></h1>
<p>{_text(run.scenario.title)}</p>
<p>{_text(summary(run))}</p>
{f"<p>Cure: {_text(run.scenario.cure)}</p>" if run.scenario.cure else ""}
<table><thead><tr><th>check</th><th>verdict</th><th>findings</th></tr></thead><tbody>
{"".join(_row(verdict) for verdict in verdicts)}</tbody></table>
<h2>What was done</h2><ul>{"".join(f"<li>{_text(line)}</li>" for line in _story(run))}</ul>
<h2>Run it again</h2><pre>stormproof replay {_text(str(run.folder))}</pre>
</body></html>
"""


def _row(verdict: Verdict) -> str:
    findings = "<br>".join(
        f"<b>{_text(f.kind)}</b> {_text(f.message)} <small>events {', '.join(map(str, f.evidence))}</small>"
        for f in verdict.findings
    )
    word = verdict.status.word
    return f'<tr><td>{_text(verdict.check)}</td><td class="word {word}">{word}</td><td>{findings}</td></tr>\n'


def _story(run: Run) -> list[str]:
    lines = []
    for event in run.history:
        if isinstance(event, Fault):
            lines.append(f"{event.t:.2f} s: {event.name} on {event.target}: {event.stage} {event.detail}".rstrip())
        elif isinstance(event, FastForward):
            lines.append(f"{event.t:.2f} s: visibility timeout fast-forwarded for {len(event.task_ids)} messages")
        elif isinstance(event, Quiescence):
            lines.append(f"{event.t:.2f} s: quiescence {'proved' if event.proved else 'not proved'}: {event.detail}")
    return lines
