"""What is known to break the contract of result backends, in the words of `endings.wrong`, and the test in `upstream/` that shows each by itself.

Whatever a property finds and is not here, fails it. What upstream mends makes its test in `upstream/` fail, and is to be taken out here.
"""

from __future__ import annotations

from pathlib import Path

UPSTREAM = Path(__file__).parent / "upstream"

KNOWN: dict[str, tuple[str, ...]] = {
    "arguments change: FormattedError": ("test_a_message_that_an_exception_makes_is_made_once",),
    "no exception: NoneType": (
        "test_an_exception_that_passes_for_false_is_read",
        "test_what_pickle_makes_of_an_exception_is_an_exception",
    ),
    "no traceback: no Exception": ("test_the_traceback_of_what_is_no_exception_is_kept",),
    "no traceback: EncodeError": ("test_the_traceback_of_a_message_with_half_a_character_is_kept",),
    "the worker ends: MemoryError": ("test_a_memory_error_of_a_task_does_not_end_its_worker",),
    "unnamed: WorkerLostError": ("test_asking_whether_an_exception_can_be_pickled_ends_no_process",),
    "unnamed: RuntimeError": ("test_an_exception_whose_arguments_cannot_be_read_is_named",),
    "unnamed: TypeError": ("test_an_exception_whose_arguments_cannot_be_read_is_named",),
    "unnamed: ValueError": ("test_what_pickle_makes_of_an_exception_is_an_exception",),
    "unreadable: ValueError": ("test_what_pickle_makes_of_an_exception_is_an_exception",),
    "unreadable: DecodeError": ("test_a_result_that_cannot_be_read_is_no_success",),
}

_OF_PICKLE = {"unnamed: ValueError", "unreadable: ValueError"}
_OF_OTHERS = {"unreadable: DecodeError", "unnamed: RuntimeError", "unnamed: TypeError"}
_OF_MSGPACK = {"no traceback: EncodeError"}

OF: dict[str, frozenset[str]] = {
    "json": frozenset(KNOWN) - _OF_PICKLE - _OF_MSGPACK,
    "pickle": frozenset(KNOWN) - _OF_OTHERS - _OF_MSGPACK,
    "yaml": frozenset(KNOWN) - _OF_PICKLE - _OF_MSGPACK,
    "msgpack": frozenset(KNOWN) - _OF_PICKLE,
}
"""Of these, what each serializer is known for."""


def shown_upstream() -> set[str]:
    """The names of all tests in `upstream/`."""
    lines = [line for path in UPSTREAM.glob("test_*.py") for line in path.read_text(encoding="utf-8").splitlines()]
    return {line.partition("(")[0].removeprefix("def ") for line in lines if line.startswith("def test_")}
