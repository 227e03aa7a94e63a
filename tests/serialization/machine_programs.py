"""The program that Hypothesis prints for a failure: found, executed as it is printed, and made shorter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

import machine as words
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import KEYS, RECIPIENTS, Machine

_STEP = re.compile(r"(\w+ = )?state\.(?!all_is_as_it_was_told|teardown)")
_SUBMISSION = re.compile(r"submission=Submission\(.*\)(?=\))")
_PLAINER = {repr(recipient): repr(RECIPIENTS[0]) for recipient in RECIPIENTS[1:]} | {
    repr(key): repr("a") for key in KEYS if key not in (None, "a")
}
_PLAINER_STEPS = (
    (re.compile(r"how=Spoiling\([^)]*\)"), "how=Spoiling('garbage')"),
    (re.compile(r"how=Spoiling\('flip'[^)]*\)"), "how=Spoiling('other arguments')"),
    (re.compile(r"content='.*?(?<!\\)'"), "content=''"),
    (re.compile(r"mail_server='[a-z ]*'"), "mail_server='accepts'"),
)
_PLAIN = tuple(
    f"submission=Submission(Mail('a@example.org', {content!r}), {key!r})"
    for key in (None, "a")
    for content in ("", "hello")
)


class ImpossibleError(Exception):
    """A step whose precondition does not hold, or that needs what was left out."""


class _Checked:
    """A machine that takes only the steps that Hypothesis would take, and looks after each."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._machine, name)
        rule = getattr(method, "hypothesis_stateful_rule", None)

        def step(**arguments: Any) -> Any:
            if rule is not None and not all(holds(self._machine) for holds in rule.preconditions):
                raise ImpossibleError(name)
            result = method(**arguments)
            self._machine.all_is_as_it_was_told()
            return result

        return step


def found_only() -> settings:
    """A failure is not made smaller by Hypothesis, which takes a thousand plays for that; `shortest` takes a dozen."""
    return settings(phases=[Phase.generate], report_multiple_bugs=False, database=None)


def failing_steps(machine: type[Machine], **how: Any) -> list[str]:
    """The steps of a program that fails, as printed; none where each holds."""
    try:
        run_state_machine_as_test(machine, settings=settings(found_only(), **how))
    except AssertionError as error:
        return steps_in("\n".join(error.__notes__))
    return []


def steps_in(printed: str) -> list[str]:
    """What was done, one line a step, without the looks in between."""
    program = printed[printed.index("state = ") : printed.index("state.teardown()")]
    lines = [ast.unparse(statement) for statement in ast.parse(program).body]
    return [line for line in lines if _STEP.match(line)]


def execute(steps: Sequence[str], machine: type[Machine]) -> None:
    """Do as the program says. Raises what it raises, ImpossibleError."""
    state = machine()
    try:
        exec("\n".join(steps), {**vars(words), "state": _Checked(state)})
    except NameError as error:
        raise ImpossibleError(str(error)) from error
    finally:
        state.teardown()


def fails(steps: Sequence[str], machine: type[Machine]) -> bool:
    """Whether the program is one, and something does not hold in it."""
    try:
        execute(steps, machine)
    except AssertionError:
        return True
    except ImpossibleError:
        return False
    return False


def shortest(steps: Sequence[str], machine: type[Machine]) -> list[str]:
    """The same failure with no step too many, and each submission as plain as can be."""
    kept: list[str] = []
    shorter = list(steps)
    while shorter != kept:
        kept = shorter
        for other in _simpler(kept):
            if fails(other, machine):
                shorter = other
                break
    return kept


def _simpler(steps: list[str]) -> Iterator[list[str]]:
    for place in reversed(range(len(steps))):
        yield steps[:place] + steps[place + 1 :]
    for word, plain in _PLAINER.items():
        if any(word in step for step in steps):
            yield [step.replace(word, plain) for step in steps]
    for place, step in enumerate(steps):
        for pattern, plain in _PLAINER_STEPS:
            if plain not in step and pattern.search(step):
                yield [*steps[:place], pattern.sub(plain, step), *steps[place + 1 :]]
        for plain in _PLAIN if not any(plain in step for plain in _PLAIN) else ():
            yield [*steps[:place], _SUBMISSION.sub(lambda _, plain=plain: plain, step), *steps[place + 1 :]]
