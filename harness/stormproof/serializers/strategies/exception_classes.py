"""Classes of exceptions as people write them, and as nobody should: what a result backend has to store, and a reader to build again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from stormproof.serializers.exact import brief


class UnpassedError(Exception):
    """Takes arguments and passes none of them on, so that it cannot be built again from its `args`."""

    def __init__(self, code: int, name: str) -> None:
        super().__init__()
        self.code, self.name = code, name


class KeywordError(Exception):
    """Takes keywords only."""

    def __init__(self, *, code: int) -> None:
        super().__init__()
        self.code = code


class FormattedError(Exception):
    """Makes its message of its argument: built again from its `args`, it makes a message of the message."""

    def __init__(self, code: object) -> None:
        super().__init__(f"code {code}")
        self.code = code


class CountingError(Exception):
    """Being built has an effect. `built` counts."""

    built: ClassVar[int] = 0

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        type(self).built += 1


class UnrepeatableError(Exception):
    """Is built of numbers, and fails when built of its own `args`."""

    def __init__(self, *numbers: int) -> None:
        super().__init__(f"{sum(numbers)} in all")


class EndingError(Exception):
    """Ends the process that builds it of its own `args`."""

    def __init__(self, code: object) -> None:
        if isinstance(code, str):
            raise SystemExit(3)
        super().__init__(f"code {code}")


class WordlessError(Exception):
    """Its `str` fails."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class ShapelessError(Exception):
    """Its `repr` fails, so that whatever logs it fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no shape")


class SpeechlessError(WordlessError, ShapelessError):
    """Its `str` fails, and its `repr`."""


class ReducedError(Exception):
    """Pickle is told by `reduced` what to make of it, and need not be told the truth."""

    def __init__(self, reduced: Any) -> None:
        super().__init__("reduced")
        self.reduced = reduced

    def __reduce__(self) -> Any:
        if isinstance(self.reduced, BaseException):
            raise self.reduced
        return self.reduced


class _UnprintableError(Exception):
    """Hypothesis prints the arguments of exceptions; those of these cannot be printed."""

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(brief(self))


class NestedError(_UnprintableError):
    """Its arguments hold themselves, or are nested beyond all reason."""


class HiddenError(_UnprintableError):
    """Its `args` cannot be read."""

    @property
    def args(self) -> Any:  # type: ignore[override]
        """Nothing."""
        raise RuntimeError("hidden")


class ArgumentlessError(_UnprintableError):
    """Its `args` are none at all."""

    args = None  # type: ignore[assignment]


@dataclass
class RecordError(Exception):
    """A dataclass, as is often written: it compares by its fields, and so has no hash."""

    code: int
    reasons: list[str]


@dataclass(frozen=True)
class FrozenError(Exception):
    """A dataclass that takes no attribute, and so, from Python code, no traceback, cause or note either."""

    code: int


class EmptyError(Exception):
    """Passes for false, as a collection of errors does while it has none."""

    def __len__(self) -> int:
        return 0


class DisguisedError(Exception):
    """Says that it is of another class."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return KeyError


class Stop(BaseException):
    """Not an `Exception`, so that `except Exception` lets it pass; as `asyncio.CancelledError` is."""


def nothing(*_: object) -> None:
    """What pickle may be told to call to make an exception of."""


def end_process(*_: object) -> None:
    """The same, and whoever unpickles it has ended."""
    raise SystemExit(3)


def local_class(name: str, base: type[BaseException] = Exception) -> type[BaseException]:
    """A class that was made in a function: nobody can import it."""
    return type(name, (base,), {"__qualname__": f"local_class.<locals>.{name}"})


def foreign_class(name: str, module: str, base: type[BaseException] = Exception) -> type[BaseException]:
    """A class that says it is of `module`."""
    return type(name, (base,), {"__module__": module, "__qualname__": name})
