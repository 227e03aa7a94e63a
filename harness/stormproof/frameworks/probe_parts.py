"""The parts of a probe that do not depend on the framework: the journal, the orders, and the search for a submission's
key.

The harness copies this file as `stormproof_probe_parts.py` beside the probe. So it uses only the standard library, and
runs on Python 3.8 and later.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.util
import json
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any

KEY_PATTERN = r"storm-[0-9a-f]{4}-\d{4,}"
VALUE_LIMIT_BYTES = 4096
DETAIL_LIMIT_CHARACTERS = 300
POLL_S = 0.02

_find_key = re.compile(KEY_PATTERN).search
_find_key_in_bytes = re.compile(KEY_PATTERN.encode()).search
as_text = json.JSONEncoder(separators=(",", ":")).encode
_quote = json.encoder.encode_basestring


class UnrebuildableError(Exception):
    """An exception as careless code writes it: it cannot be rebuilt from its `args`."""

    def __init__(self, *, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")


class Journal:
    """The journal file, opened once in a worker's main process and shared by all processes that it forks. `parent`: the
    main process, if it is not this one.
    """

    def __init__(self, path: str, component: str, parent: int = 0) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._worker = f'"component":{_quote(component)},"parent":{parent or os.getpid()}'

    def write(self, word: str, task_id: str, task: str, key: str, value: str = "", detail: str = "") -> None:
        """Append one line. If the journal cannot be written, report that on stderr; the task continues."""
        # Built by hand: json.dumps of a dict takes five times as long, and this is most of the probe's cost.
        line = (
            f'{{"m":{time.monotonic()!r},{self._worker},"pid":{os.getpid()},"word":"{word}","task_id":{_quote(task_id)},'
            f'"task":{_quote(task)},"key":"{key}","value":{_quote(value)},"detail":{_quote(detail)}}}\n'
        )
        try:
            os.write(self._fd, line.encode("utf-8", "replace"))
        except OSError as error:
            complain("cannot write the journal", error)


class Orders:
    """The orders file, read again whenever it has been replaced."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp: Any = None
        self._orders: list[dict[str, str]] = []

    @property
    def given(self) -> bool:
        """Whether there are any now."""
        return bool(self._current())

    def first_for(self, key: str, task_id: str) -> dict[str, str] | None:
        """The first order that applies to this task: its key is a prefix of the task's (the empty one applies to every
        task, also without a key), and, if the order counts turns, it is the task's turn.
        """
        meant = (each for each in self._current() if key.startswith(each["key"]) and _is_its_turn(each, task_id))
        return next(meant, None)

    def _current(self) -> list[dict[str, str]]:
        try:
            stat = os.stat(self._path)
        except OSError:
            return []
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            try:
                with open(self._path, encoding="utf-8") as file:
                    self._orders = json.load(file)
            except (OSError, ValueError) as error:
                complain("cannot read the orders", error)
                return []
            self._stamp = stamp
        return self._orders


def _is_its_turn(order: dict[str, str], task_id: str) -> bool:
    """Whether the running task is the one that an order counts: the `nth` to start, from 0, also when it is executed
    again.

    Each task takes the next free turn: the file `turns-0`, `turns-1` ..., which holds its id. So all processes count
    together.
    """
    if "nth" not in order:
        return True
    nth = int(order["nth"])
    for turn in range(nth + 1):
        try:
            with open(f"{order['turns']}-{turn}", "x", encoding="utf-8") as file:
                file.write(task_id)
            return turn == nth
        except FileExistsError:
            with open(f"{order['turns']}-{turn}", encoding="utf-8") as file:
                if file.read() == task_id:
                    return turn == nth
        except OSError as error:
            complain("cannot count the tasks", error)
            return False
    return False


def key_in(*parts: Any) -> str:
    """The first submission's key in these, whatever their shape; "" if there is none."""
    found = _find_key(repr(parts))
    return found.group() if found else ""


def key_in_bytes(data: bytes) -> str:
    """The same for a message that has not been decoded."""
    found = _find_key_in_bytes(data)
    return found.group().decode() if found else ""


def as_json(value: Any) -> str:
    """A value as JSON text; "" if it is not JSON, or too long."""
    try:
        text = as_text(value)
    except (TypeError, ValueError, RecursionError):
        return ""
    return text if len(text) <= VALUE_LIMIT_BYTES else ""


def describe(error: Any) -> str:
    """An exception in one bounded line, even where its own text is broken; "" for None."""
    if error is None:
        return ""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # an exception's own __str__ may be broken
        text = type(error).__name__
    return text[:DETAIL_LIMIT_CHARACTERS]


def complain(what: str, error: Any) -> None:
    """Report on stderr what the probe could not do."""
    print(f"stormproof probe: {what}: {describe(error)}", file=sys.stderr)


def wait_for(path: str, deadline: float = float("inf")) -> None:
    """Wait until the file exists. A time limit interrupts this as it would any task that hangs."""
    while not os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def around(owners: list[Any], name: str, does: Callable[..., Any]) -> None:
    """Call `does(original, *args)` in place of a method, on the first of these classes that defines it. RQ's releases
    differ, so it is not an error if none does.
    """
    owner = next((each for each in owners if name in vars(each)), None)
    if owner is None:
        return
    found = vars(owner)[name]
    original = found.__func__ if isinstance(found, classmethod) else found

    @functools.wraps(original)
    def instead(*args: Any, **named: Any) -> Any:
        return does(original, *args, **named)

    setattr(owner, name, classmethod(instead) if isinstance(found, classmethod) else instead)


def tell(note: Callable[..., Any], *told: Any) -> None:
    """Record a note. An error in that is reported on stderr, and goes no further."""
    try:
        note(*told)
    except Exception as error:
        complain("cannot tell what happened", error)


class AfterImport(importlib.abc.MetaPathFinder):
    """A finder that finds nothing itself: it calls `then` once, with the module, after its import."""

    def __init__(self, name: str, then: Callable[[Any], None]) -> None:
        self._name, self._then, self._waits = name, then, True

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self._name or not self._waits:
            return None
        self._waits = False
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_tell(module: Any) -> None:
            load(module)
            try:
                self._then(module)
            except Exception as error:
                complain(f"cannot watch this release of {self._name}", error)

        spec.loader.exec_module = load_and_tell  # type: ignore[method-assign]
        return spec
