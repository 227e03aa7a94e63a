"""The verdict of a run in everyday language, from its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from stormproof.checks import category
from stormproof.checks.facts import Facts, Task
from stormproof.checks.verdict import Category, Finding
from stormproof.history import Fault, History, Process
from stormproof.report.words import and_more, findings, remarks
from stormproof.runs.store import Run


def tell(run: Run) -> list[str]:
    """Return one sentence for each way in which submissions went wrong, with where they were; then what else is wrong; then remarks."""
    history, found = run.history, findings(run)
    promised = len(Facts.of(history).promised)
    said = []
    for each in Category:
        keys = sorted({finding.key for finding in found if category(finding.kind) is each and finding.key})
        if keys and each.told:
            verb = "was" if len(keys) == 1 else "were"
            said.append(
                f"{len(keys)} of {promised:,} accepted submissions {verb} {each.told}{_where(history, keys, each)}."
            )
    other = Counter(
        finding.kind for finding in found if not category(finding.kind).told and category(finding.kind).column
    )
    said += [_other(kind, number, found) for kind, number in other.most_common()]
    if not said and run.judged is not None:
        said.append(_calm(run, promised))
    return said + [f"Remark: {and_more(remarked)}" for remarked in remarks(run).values()]


def _other(kind: str, number: int, found: Iterable[Finding]) -> str:
    first = next(finding.message for finding in found if finding.kind == kind)
    more = f" (and {number - 1} more)" if number > 1 else ""
    return f"{kind.replace('_', ' ')}: {first}{more}"


def _calm(run: Run, promised: int) -> str:
    bits = {event.fault for _, event in run.history.of(Fault) if event.stage == "bit"}
    struck = f" while {len(bits)} fault{'' if len(bits) == 1 else 's'} bit" if bits else ""
    nothing = "Nothing proves that anything was" if run.judged and run.judged.status.word == "unknown" else "None was"
    return f"{promised:,} submissions were accepted{struck}. {nothing} lost, doubled, stuck, slow or wrong."


def _where(history: History, keys: list[str], what: Category) -> str:
    """Return which process had the tasks in hand, if that process died."""
    if what.column == "doubled":
        return ""
    exits = {event.pid: event for _, event in history.of(Process) if event.word == "exited"}
    wanted, hands = set(keys), Counter[str]()
    for task in Facts.of(history).tasks.values():
        if task.key in wanted and (hand := _hand(task, exits)):
            hands[hand] += 1
    if not hands:
        return ""
    (hand, number), *others = hands.most_common()
    all_of_them = (
        {1: "it was", 2: "both were"}.get(number, f"all {number} were")
        if number == len(keys) and not others
        else f"{number} were"
    )
    return f"; {all_of_them} in the hands of {hand}"


def _hand(task: Task, exits: dict[int, Process]) -> str:
    """Return the process that had the task last and how it ended; empty if it stayed alive."""
    if not task.probes:
        return ""
    last = task.probes[-1][1]
    died = next((exits[pid] for pid in (last.pid, last.parent) if pid in exits and exits[pid].t >= last.t), None)
    if died is None:
        return ""
    how = f"was killed (signal {-died.code})" if died.code < 0 else f"exited ({died.code})"
    return f"{last.component} when it {how} at {died.t:.1f} s"
