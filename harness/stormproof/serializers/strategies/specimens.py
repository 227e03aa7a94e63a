"""Types for what is drawn: each a small one of its sort, importable by name, so that pickle finds it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, NamedTuple

import pydantic


class Colour(enum.Enum):
    """An enum whose members are nothing but members."""

    RED = "red"
    BLUE = "blue"

    def __repr__(self) -> str:
        return str(self)


class Priority(enum.IntEnum):
    """An enum whose members are integers, too."""

    LOW = 1
    HIGH = 9

    def __repr__(self) -> str:
        return f"Priority.{self.name}"


class Channel(enum.StrEnum):
    """An enum whose members are text, too."""

    MAIL = "mail"
    LETTER = "letter"

    def __repr__(self) -> str:
        return f"Channel.{self.name}"


class Count(int):
    """A number of a class of its own."""

    def __repr__(self) -> str:
        return f"Count({int(self)})"


class Label(str):
    """A text of a class of its own, as templates and translations have them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Label({str(self)!r})"


class Pair(NamedTuple):
    """A tuple whose elements have names."""

    first: Any
    second: Any


@dataclass(frozen=True)
class Point:
    """A frozen dataclass."""

    x: int
    y: int


class Order(pydantic.BaseModel):
    """A model of pydantic, as FastAPI hands them to a route."""

    number: int
    note: str | None = None


class Parcel:
    """An ordinary object, which does not say whether it equals another."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"Parcel({self.number})"


class Money:
    """Says how it becomes JSON, in the way that kombu asks: by `__json__`."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __json__(self) -> dict[str, int]:
        return {"cents": self.cents}

    def __repr__(self) -> str:
        return f"Money({self.cents})"


class Unready(Money):
    """Fails when it is asked how it becomes JSON."""

    def __json__(self) -> dict[str, int]:
        raise ZeroDivisionError("asked too early")

    def __repr__(self) -> str:
        return f"Unready({self.cents})"


class Unspeakable(Parcel):
    """Fails when it is asked for its `repr`, as objects of databases do whose session is closed."""

    def __repr__(self) -> str:
        raise ZeroDivisionError("asked too late")


def nested(levels: int, *, by_key: bool = False) -> Any:
    """Lists in lists, or mappings in mappings (`by_key`), as many as `levels`."""
    value: Any = {} if by_key else []
    for _ in range(levels - 1):
        value = {"": value} if by_key else [value]
    return value


def holding_itself() -> list[Any]:
    """A list whose only element is itself."""
    value: list[Any] = []
    value.append(value)
    return value
