"""Does each submission have exactly one effect on the outside world?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Op, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History

_COUNTED = frozenset({"workload", "recovery", "warmup"})


@dataclass(frozen=True, slots=True)
class EffectsOnce:
    """The recipient sees one effect for each submission that succeeded, and never two.

    Applies only if every submission to the system has an effect that is counted. `results`: the system keeps results, so
    its own status decides whether a task succeeded, not the probe. Observes the submitted keys that have effects. Findings:

    effect_doubled: the effect of one key happened more than once
    effect_missing: a task succeeded, and a key that was submitted for it has no effect
    """

    results: bool = True

    name: ClassVar[str] = "effects_once"
    kinds: ClassVar[Kinds] = {
        "effect_doubled": Category.DOUBLED,
        "effect_missing": Category.UNSENT,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        keys = {key: ops for key, ops in facts.keys.items() if any(op.invoked.purpose in _COUNTED for op in ops)}
        return Verdict.of(
            self.name, _findings(facts, keys, results=self.results), observed=sum(key in facts.effects for key in keys)
        )


def _findings(facts: Facts, keys: dict[str, list[Op]], *, results: bool) -> Iterator[Finding]:
    for key, effects in facts.effects.items():
        if len(effects) > 1 and key in keys:
            times = ", ".join(f"{effect.t:.1f}" for _, effect in effects)
            tasks = (task for task in facts.tasks.values() if task.key == key)
            yield Finding(
                kind="effect_doubled",
                message=f"{key}: {len(effects)} effects, at {times} s{facts.fast_forwards(*tasks)}",
                evidence=tuple(index for index, _ in effects),
                key=key,
            )
    missing: set[str] = set()
    for task in facts.tasks.values():
        # Several submissions may have been given the same task id. Each of them was promised its own effect.
        for key in dict.fromkeys((task.key, *(op.invoked.key for op in task.submits))):
            if (
                key in keys
                and key not in facts.effects
                and key not in missing
                and (proof := _success(task, results=results))
            ):
                missing.add(key)
                whose = f" of {key}" if key != task.key else ""
                message = f"{task}: succeeded without its effect{whose}"
                yield Finding(kind="effect_missing", message=message, evidence=proof, key=key)


def _success(task: Task, *, results: bool) -> tuple[int, ...]:
    """Return the evidence that the task succeeded.

    The probe's line alone is enough only if the system was never asked, or keeps no results.
    """
    said = [index for index, answer in task.terminal_answers if answer.success]
    told = [index for index, end in task.ends if end.word == "succeeded"]
    if said:
        return (*told[:1], said[0])
    return () if task.answers and results else tuple(told[:1])
