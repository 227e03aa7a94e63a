"""What must hold of every value and of every canvas on its way to a worker. Each raises AssertionError where it does not."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import celery
import changes
import table
from kombu.exceptions import EncodeError
from kombu.utils import json as kombu_json
from sending import Program, arrivals
from stormproof.serializers.codec import Fate
from stormproof.serializers.exact import brief, difference
from stormproof.serializers.strategies import HEAVY, Mixture

TABLE = table.written()

UNNAMED = frozenset(
    ("object whose __json__ fails", "object whose repr fails", "1,000 levels deep", "list that holds itself")
)
"""Kinds whose refusal names neither the value nor its type: for the first two see `tests/upstream/test_kombu.py`; of the others no one value is
at fault.
"""

UNSENDABLE = frozenset(("integer of 4,300 digits and more",))
"""Kinds that Celery cannot send, whatever the serializer: see `tests/upstream/test_celery_messages.py`."""

_WORDS = {"str": "character", "int": "integer"}
_MOST_PARTS = 200
_CHANGES_ON_THE_WAY = {
    "link",
    "link_error",
    "task_id",
    "reply_to",
    "root_id",
    "parent_id",
    "group_id",
    "group_index",
    "chain",
    "chord",
}


def unchanged_kinds(serializer: str) -> list[str]:
    """Those that the table promises to arrive as they were sent, but for the heavy ones."""
    return [kind for kind, row in TABLE.items() if row[serializer] == {Fate.UNCHANGED.value} and kind not in HEAVY]


def stands_in_the_table(serializer: str, mixture: Mixture, column: str = "") -> None:
    """What becomes of a value is what the table says of one of the kinds in it. `column` is that of the serializer, where not given."""
    one = changes.passage(serializer, mixture.value)
    known = frozenset().union(*(TABLE[kind][column or serializer] for kind in mixture.kinds))
    assert one.what in known, f"{one}; the table has {sorted(known)}"


def is_handed_on(serializer: str, value: Any) -> None:
    """It arrives as it was sent, to the letter."""
    one = changes.passage(serializer, value)
    assert one.fate is Fate.UNCHANGED, str(one)


def arrives_or_is_refused(program: Program, serializer: str, mixture: Mixture) -> None:
    """What the encoder refuses fails in the caller, says what, and nothing is sent. All else arrives as the codec says."""
    one = changes.passage(serializer, mixture.value)
    program.taken()
    error = _sending(program, serializer, mixture.value)
    messages = program.taken()
    if one.fate is Fate.REFUSED:
        assert isinstance(error, EncodeError), f"{one}, and the caller meets {error!r}"
        assert not messages, f"{one}, and {len(messages)} messages were sent"
        assert mixture.kinds & UNNAMED or names(error, mixture.value), f"{one}: {error} does not say of what"
    else:
        assert error is None and len(messages) == 1, f"{one}, and the caller meets {error!r}"
        assert arrivals(mixture.value, messages[0]) == {one.what}, (
            f"{one}, and by way of a queue {arrivals(mixture.value, messages[0])}"
        )


def comes_back_equal(canvas: Any, encode: Callable[[Any], str] = kombu_json.dumps) -> None:
    """What was encoded as JSON is the same canvas once it is decoded. Chains forget that they are immutable: see `tests/upstream`."""
    back = celery.signature(kombu_json.loads(encode(canvas)))
    found = difference(_mutable(form(canvas)), _mutable(form(back)))
    assert found is None, f"{brief(canvas)}: {found}"


def goes_out_whole(program: Program, canvas: dict[str, Any]) -> None:
    """Every task of a canvas, by its `form`, is in what is sent: with its arguments, its options, its callbacks and errbacks."""
    canvas = numbered(canvas)
    program.taken()
    celery.signature(kombu_json.loads(kombu_json.dumps(canvas)), app=program.app).apply_async()
    sent = [_as_form(message) for message in program.taken()]
    lost = _facts([canvas], sent) - _facts(sent, sent)
    assert not lost, f"{sorted(map(str, lost))}"


class Form(dict[str, Any]):
    """A canvas as JSON has it, in mappings and lists; in short: `a{link: b} | [c, d]`."""

    def __repr__(self) -> str:
        return _short(self)


def form(canvas: Any) -> Form:
    """Of a canvas, or of a form."""
    return Form(json.loads(kombu_json.dumps(canvas)))


def parts(canvas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A canvas and all canvases in it, but for callbacks."""
    yield canvas
    for place in ("tasks", "header", "body") if canvas["subtask_type"] else ():
        for inner in _listed(canvas["kwargs"].get(place)):
            yield from parts(inner)


def numbered(canvas: dict[str, Any]) -> dict[str, Any]:
    """The same with a name of its own for each task, so that each can be told from all others. Of a map the task that it maps is named."""
    canvas = json.loads(json.dumps(canvas))
    for number, task in enumerate(_tasks(canvas)):
        named = task["kwargs"]["task"] if task["task"].startswith("celery.") else task
        named["task"] = f"t{number}"
    return canvas


def names(error: BaseException, value: Any) -> bool:
    """Whether an error says which value, or of which type, it is about."""
    text = str(error).lower()
    for part in _inside(value):
        kind = type(part).__name__.lower()
        if kind in text or _WORDS.get(kind, kind) in text or brief(part).lower() in text:
            return True
    return False


def _sending(program: Program, serializer: str, value: Any) -> Exception | None:
    try:
        with changes.ordinary_recursion():
            program.send(serializer, value)
    except Exception as error:
        return error
    return None


def _inside(value: Any) -> Iterator[Any]:
    """A value and what it holds, to some number."""
    left = deque([value])
    for _ in range(_MOST_PARTS):
        if not left:
            return
        part = left.popleft()
        yield part
        if isinstance(part, Mapping):
            left.extend([*part.keys(), *part.values()])
        elif isinstance(part, list | tuple | deque | set | frozenset):
            left.extend(part)


def _mutable(canvas: dict[str, Any]) -> dict[str, Any]:
    for part in parts(canvas):
        if part["subtask_type"] == "chain":
            part["immutable"] = False
    return canvas


def _tasks(canvas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every single task of a canvas, with those that are called back."""
    for part in parts(canvas):
        if part["subtask_type"] is None:
            yield part
        for place in ("link", "link_error", "chain", "chord"):
            for inner in _listed(part["options"].get(place)):
                yield from _tasks(inner)


def _facts(canvases: list[dict[str, Any]], sent: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """All that is asked of each task. The options of a task that is a message are the message's, and not compared."""
    messages = {_name(message) for message in sent}
    found: set[tuple[str, ...]] = set()
    for task in (task for canvas in canvases for task in _tasks(canvas)):
        name = _name(task)
        found.add((name, "is called with", _text([task["args"], task["kwargs"]])))
        for place in ("link", "link_error"):
            found |= {(name, place, _name(other)) for other in _listed(task["options"].get(place))}
        if name not in messages:
            asked = {**task["options"], "immutable": task["immutable"]}
            found |= {
                (name, option, _text(value)) for option, value in asked.items() if option not in _CHANGES_ON_THE_WAY
            }
    return found


def _name(task: dict[str, Any]) -> str:
    return str(task["kwargs"]["task"]["task"] if task["task"].startswith("celery.") else task["task"])


def _as_form(message: Any) -> dict[str, Any]:
    args, kwargs, embed = json.loads(message.body)
    places = {"link": "callbacks", "link_error": "errbacks", "chain": "chain", "chord": "chord"}
    options = {place: embed[said] for place, said in places.items()}
    head = {"task": message.headers["task"], "subtask_type": None, "immutable": None}
    return {**head, "args": args, "kwargs": kwargs, "options": options}


def _short(canvas: dict[str, Any]) -> str:
    inner = {
        place: [_short(each) for each in _listed(canvas["kwargs"].get(place))] for place in ("tasks", "header", "body")
    }
    kinds = {
        "chain": f"({' | '.join(inner['tasks'])})",
        "group": f"[{', '.join(inner['tasks'])}]",
        "chord": f"[{', '.join(inner['header'])}] -> {''.join(inner['body'])}",
    }
    said = [
        f"{place}: {_short(each)}" for place in ("link", "link_error") for each in _listed(canvas["options"].get(place))
    ]
    asked = sorted(canvas["options"].keys() - _CHANGES_ON_THE_WAY) + ["immutable"] * bool(canvas["immutable"])
    more = ", ".join([*said, *asked])
    return kinds.get(canvas["subtask_type"], canvas["task"]) + (f"{{{more}}}" if more else "")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
