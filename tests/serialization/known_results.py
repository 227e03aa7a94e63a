"""What is known to break the contract of result backends, in the words of `endings.wrong`, and the test in `tests/upstream` that shows
each by itself.

Whatever a property finds and is not here, fails it. What upstream mends makes its test in `tests/upstream` fail, and is to be taken out here.
"""

from __future__ import annotations

from pathlib import Path

UPSTREAM = Path(__file__).parents[1] / "upstream"

_PLAIN = "Exception ValueError KeyError RuntimeError LookupError StopIteration RecursionError".split()
_PICKLED = "test_what_pickle_makes_of_an_exception_is_an_exception"
_ASKED = "test_asking_whether_an_exception_can_be_pickled_ends_no_process"
_HALF = "test_the_traceback_of_a_message_with_half_a_character_is_kept"
_ARGUMENTS = "test_an_exception_whose_arguments_cannot_be_read_is_named"

KNOWN: dict[str, str] = {
    "other arguments of FormattedError": "test_a_message_that_an_exception_makes_is_made_once",
    "no exception: NoneType of EmptyError": "test_an_exception_that_passes_for_false_is_read",
    "no traceback of no Exception": "test_the_traceback_of_what_is_no_exception_is_kept",
    "the worker ends: MemoryError of MemoryError": "test_a_memory_error_of_a_task_does_not_end_its_worker",
    "unnamed: WorkerLostError of EndingError": _ASKED,
    "unnamed: WorkerLostError of ReducedError": _ASKED,
}
"""Of every serializer."""

_WRITTEN = {"unreadable: DecodeError, as it was written": "test_a_result_that_cannot_be_read_is_no_success"}
_TEXTS = {"unnamed: RuntimeError of HiddenError": _ARGUMENTS, "unnamed: TypeError of ArgumentlessError": _ARGUMENTS}

ALSO: dict[str, dict[str, str]] = {
    "json": _WRITTEN | _TEXTS,
    "yaml": _WRITTEN | _TEXTS,
    "msgpack": {
        **_WRITTEN,
        **_TEXTS,
        "unreadable: DecodeError of ValueError": "test_a_result_that_cannot_be_read_is_no_success",
        **{f"no traceback, but an EncodeError of {kind}": _HALF for kind in _PLAIN},
    },
    "pickle": {
        "no exception: NoneType of ReducedError": _PICKLED,
        "no exception: dict of ReducedError": _PICKLED,
        "unnamed: ValueError of ReducedError": _PICKLED,
        "unreadable: ValueError of ReducedError": _PICKLED,
    },
}
"""Of some."""


def is_known(serializer: str, wrong: str) -> bool:
    """Whether a test of its own shows that."""
    return wrong in KNOWN or wrong in ALSO[serializer]


def shown_upstream() -> set[str]:
    """The names of all tests in `tests/upstream`."""
    lines = [line for path in UPSTREAM.glob("test_*.py") for line in path.read_text(encoding="utf-8").splitlines()]
    return {line.partition("(")[0].removeprefix("def ") for line in lines if line.startswith("def test_")}
