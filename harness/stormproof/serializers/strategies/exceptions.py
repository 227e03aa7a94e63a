"""Exceptions by how they are built: what a task may raise, and a result backend must store so that a reader can tell what happened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stormproof.serializers.strategies import exception_classes as classes

_numbers = st.integers(-9, 9)
_words = st.text(st.characters(codec="ascii", categories=("L", "Nd")), max_size=8)
_names = st.sampled_from(["MadeHere", "Ünïcode", "x" * 300])


def plain() -> SearchStrategy[BaseException]:
    """Of Python's own classes, with a text."""
    kinds = st.sampled_from([Exception, ValueError, KeyError, RuntimeError, LookupError, StopIteration, RecursionError])
    return st.builds(lambda kind, word: kind(word), kinds, _words)


def with_many_arguments() -> SearchStrategy[BaseException]:
    """None, one, or up to fifty."""
    return st.lists(_numbers | _words, max_size=50).map(lambda args: ValueError(*args))


def with_arguments_that_are_no_text() -> SearchStrategy[BaseException]:
    """Nested, and of types that JSON changes or has no word for."""
    odd: Any = st.sampled_from([(1, 2), {1: 2}, {"a": [None]}, b"\xff", {1, 2}, 2**70, 1.5, PurePosixPath("/x"), None])
    return st.lists(odd, min_size=1, max_size=3).map(lambda args: ValueError(*args))


def of_python_with_fields() -> SearchStrategy[BaseException]:
    """Of Python's own classes that hold more than their `args`, or are strict about them."""
    return st.sampled_from(
        [
            lambda: OSError(2, "no such file", "here.txt"),
            lambda: OSError(2, "no such file", "here.txt", None, "there.txt"),
            lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
            lambda: UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
            lambda: SyntaxError("bad", ("file.py", 1, 2, "line", 1, 3)),
            lambda: ImportError("gone", name="module", path="/nowhere"),
            lambda: AttributeError("gone", name="name", obj=object()),
        ]
    ).map(_made)


def unpassed_arguments() -> SearchStrategy[BaseException]:
    """They take required arguments, positional or by keyword, and pass none on."""
    return st.builds(classes.UnpassedError, _numbers, _words) | st.builds(classes.KeywordError, code=_numbers)


def formatted_messages() -> SearchStrategy[BaseException]:
    """They make their message of an argument: whoever builds them again formats it twice."""
    return st.builds(classes.FormattedError, _numbers)


def unrepeatable() -> SearchStrategy[BaseException]:
    """Building them of their own `args` fails."""
    return st.lists(_numbers, min_size=1, max_size=3).map(lambda numbers: classes.UnrepeatableError(*numbers))


def ending_their_reader() -> SearchStrategy[BaseException]:
    """Building them of their own `args` ends the process."""
    return st.builds(classes.EndingError, _numbers)


def with_effects() -> SearchStrategy[BaseException]:
    """Being built has an effect: it happens once more for each that reads."""
    return st.builds(classes.CountingError, _words)


def unserialisable_arguments() -> SearchStrategy[BaseException]:
    """Arguments that no serializer takes: locks, functions, generators, objects of a class that was made in a function."""
    members: list[Callable[[], Any]] = [
        threading.Lock,
        object,
        lambda: (_ for _ in ()),
        lambda: lambda: None,
        _local("Member"),
    ]
    return st.lists(st.sampled_from(members), min_size=1, max_size=2).map(lambda made: ValueError(*map(_made, made)))


def nested_arguments() -> SearchStrategy[BaseException]:
    """Arguments that contain themselves, or are nested deeper than Python's stack."""
    return st.sampled_from([_endless, lambda: _deep(10_000)]).map(lambda made: classes.NestedError(made()))


def without_words() -> SearchStrategy[BaseException]:
    """Their `str` fails, or their `repr`, or both; also as somebody's argument, cause or note."""
    kinds = [classes.WordlessError, classes.ShapelessError, classes.SpeechlessError]
    bare = st.builds(lambda kind, word: kind(word), st.sampled_from(kinds), _words)
    return st.one_of(bare, bare.map(ValueError), st.builds(_caused, plain(), bare))


def lying_to_pickle() -> SearchStrategy[BaseException]:
    """What unpickles is something else: no exception, nothing, the end of the process, or an error; or pickling itself fails."""
    lies: list[Any] = [
        (str, ("no exception",)),
        (dict, ()),
        (classes.nothing, ()),
        (classes.end_process, ()),
        (ValueError, ("another",)),
        (int, ("no number",)),
        "no_such_name",
        (),
        None,
    ]
    failing: list[Callable[[], Any]] = [lambda: TypeError("not to be pickled"), RecursionError, lambda: SystemExit(3)]
    return st.one_of(
        st.sampled_from(lies).map(classes.ReducedError),
        st.sampled_from(failing).map(lambda made: classes.ReducedError(_made(made))),
    )


def with_odd_arguments() -> SearchStrategy[BaseException]:
    """Their `args` cannot be read, or are none."""
    return st.sampled_from([classes.HiddenError, classes.ArgumentlessError]).map(lambda kind: kind("x"))


def odd_instances() -> SearchStrategy[BaseException]:
    """Dataclasses, frozen and without a hash; such as pass for false, or for another class."""
    return st.one_of(
        st.builds(classes.RecordError, _numbers, st.lists(_words, max_size=2)),
        st.builds(classes.FrozenError, _numbers),
        st.builds(classes.EmptyError, _words),
        st.builds(classes.DisguisedError, _words),
    )


def of_classes_made_here() -> SearchStrategy[BaseException]:
    """Of a class that was made in a function, or says that it is of a module that is not there."""
    modules = st.sampled_from(["no.such.module", "__main__", "celery.exceptions", ""])
    foreign = st.builds(classes.foreign_class, _names, modules)
    return st.builds(lambda kind, word: kind(word), _names.map(_local) | foreign, _words)


def with_names_of_others() -> SearchStrategy[BaseException]:
    """Of a class whose name and module are those of another: of an exception of Python's, a function, a module."""
    names = ["ValueError", "SystemExit", "eval", "int", "__name__", "Exception"]
    kinds = st.sampled_from(names).map(lambda name: classes.foreign_class(name, "builtins"))
    return st.builds(lambda kind, word: kind(word), kinds, _words)


def with_causes() -> SearchStrategy[BaseException]:
    """Raised from others, while others were handled, in a ring, or at the end of a long line of them."""
    return st.one_of(
        st.builds(_caused, plain(), plain()),
        st.builds(_in_context, plain(), plain()),
        plain().map(lambda error: _caused(error, error)),
        st.integers(100, 2000).map(_line_of),
    )


def with_notes() -> SearchStrategy[BaseException]:
    """With notes, which are text, or what somebody has put in their place."""
    notes: Any = st.sampled_from([["a note"], ["a", "b\n\x00"], [object()], 5, None, ["\ud800"], ["n" * 70_000]])
    return st.builds(_noted, plain(), notes)


def groups() -> SearchStrategy[BaseException]:
    """Groups, also in groups, many, deep, with causes, and of members that no `except Exception` catches."""
    members = st.lists(plain(), min_size=1, max_size=3)
    small: SearchStrategy[Any] = st.recursive(
        plain(), lambda inner: st.builds(_group, st.lists(inner, min_size=1, max_size=3)), max_leaves=6
    )
    return st.one_of(
        st.builds(_group, members),
        st.builds(_group, st.lists(small, min_size=1, max_size=2)),
        st.builds(_caused, st.builds(_group, members), plain()),
        st.integers(100, 1000).map(lambda count: _group([ValueError(number) for number in range(count)])),
        st.integers(20, 400).map(_deep_group),
        st.sampled_from([KeyboardInterrupt, SystemExit, classes.Stop]).map(lambda kind: _group([kind()])),
    )


def with_odd_texts() -> SearchStrategy[BaseException]:
    """Half characters, NUL, what turns the direction of text or steers a terminal, formats of logging."""
    texts = ["\ud800", "\udcff", "a\x00b", "\u202eabc", "\x1b[2J\x07", "%s %(name)s {0}", "\r\n", "\ufeff", "🙂" * 9]
    return st.sampled_from(texts).map(ValueError)


def with_long_texts() -> SearchStrategy[BaseException]:
    """Of 70,000 characters to two million."""
    return st.sampled_from([70_000, 1 << 20, 2_000_000]).map(lambda size: ValueError("x" * size))


def no_exceptions() -> SearchStrategy[BaseException]:
    """Such as `except Exception` lets pass: what ends a generator, a coroutine, somebody's own. Those that end a process are not among them."""
    return st.sampled_from([classes.Stop, GeneratorExit]).flatmap(lambda kind: st.builds(kind, _words))


def process_endings() -> SearchStrategy[BaseException]:
    """Those that end a process, as a command's `sys.exit` in a task does."""
    codes: SearchStrategy[Any] = st.sampled_from([0, 3, None, "words"])
    return st.one_of(codes.map(SystemExit), st.builds(KeyboardInterrupt))


def memory_errors() -> SearchStrategy[BaseException]:
    """Memory was short, or somebody's library says so."""
    return st.just("no room").map(MemoryError) | st.builds(MemoryError)


KINDS: dict[str, Callable[[], SearchStrategy[BaseException]]] = {
    "plain": plain,
    "many arguments": with_many_arguments,
    "arguments that are no text": with_arguments_that_are_no_text,
    "python's, with fields": of_python_with_fields,
    "unpassed arguments": unpassed_arguments,
    "formatted message": formatted_messages,
    "unrepeatable": unrepeatable,
    "ending its reader": ending_their_reader,
    "with an effect": with_effects,
    "unserialisable arguments": unserialisable_arguments,
    "nested arguments": nested_arguments,
    "without words": without_words,
    "lying to pickle": lying_to_pickle,
    "odd arguments": with_odd_arguments,
    "odd instance": odd_instances,
    "of a class made here": of_classes_made_here,
    "with a name of another": with_names_of_others,
    "with causes": with_causes,
    "with notes": with_notes,
    "group": groups,
    "odd text": with_odd_texts,
    "long text": with_long_texts,
    "no exception": no_exceptions,
    "process ending": process_endings,
    "memory error": memory_errors,
}
"""How an exception is built, by what its author would call it."""


HEAVY = frozenset(("long text",))
"""Kinds that take their time: `exceptions()` has them only where asked."""


def exceptions(kinds: Iterable[str] = (), *, heavy: bool = False) -> SearchStrategy[BaseException]:
    """Exceptions of these KINDS (of all where none is named), each kind as often as any other.

    `heavy` adds texts of megabytes. Raises KeyError for a kind that is none.
    """
    named = list(kinds) or [kind for kind in KINDS if kind not in HEAVY]
    chosen = {kind: KINDS[kind]() for kind in [*named, *(sorted(HEAVY) if heavy else ())]}
    # `one_of` would take apart the kinds that are one of several, and draw those the more often.
    return st.sampled_from(list(chosen)).flatmap(chosen.__getitem__)


def _made(make: Callable[[], Any]) -> Any:
    return make()


def _local(name: str) -> type[BaseException]:
    return classes.local_class(name)


def _caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def _in_context(error: BaseException, context: BaseException) -> BaseException:
    error.__context__ = context
    return error


def _line_of(length: int) -> BaseException:
    last: BaseException = ValueError(0)
    for number in range(1, length):
        last = _caused(ValueError(number), last)
    return last


def _noted(error: BaseException, notes: Any) -> BaseException:
    error.__notes__ = notes
    return error


def _group(members: list[BaseException]) -> BaseException:
    return BaseExceptionGroup("several", members)


def _deep_group(depth: int) -> BaseException:
    inner: BaseException = ValueError("innermost")
    for _ in range(depth):
        inner = _group([inner])
    return inner


def _endless() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


def _deep(depth: int) -> list[Any]:
    nest: list[Any] = []
    for _ in range(depth):
        nest = [nest]
    return nest
