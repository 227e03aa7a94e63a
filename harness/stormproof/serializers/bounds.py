"""What `Annotated` and pydantic's `Field` say of a value beyond its type: `gt`, `max_length`, `pattern` and the like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_NAMES = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "max_digits", "decimal_places")


@dataclass(frozen=True, slots=True)
class Bounds:
    """None where nothing is said. `predicates` are those of `annotated_types.Predicate`; `finite` forbids NaN and infinities."""

    gt: Any = None
    ge: Any = None
    lt: Any = None
    le: Any = None
    multiple_of: Any = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: Any = None
    max_digits: int | None = None
    decimal_places: int | None = None
    finite: bool = False
    predicates: tuple[Callable[[Any], bool], ...] = field(default=())

    @classmethod
    def of(cls, metadata: Iterable[Any]) -> Bounds:
        """Of `Annotated`'s metadata; what is not understood there says nothing, as it does for Python."""
        said: dict[str, Any] = {}
        predicates = []
        for each in _flat(metadata):
            said |= {name: getattr(each, name) for name in _NAMES if getattr(each, name, None) is not None}
            if getattr(each, "allow_inf_nan", None) is False:
                said["finite"] = True
            if callable(getattr(each, "func", None)) and type(each).__name__ == "Predicate":
                predicates.append(each.func)
        return cls(**said, predicates=tuple(predicates))

    @property
    def least(self) -> Any:
        """The lower bound, whether it may be reached or not."""
        return self.gt if self.ge is None else self.ge

    @property
    def most(self) -> Any:
        """The upper bound, whether it may be reached or not."""
        return self.lt if self.le is None else self.le

    @property
    def sizes(self) -> dict[str, Any]:
        """For a strategy of Hypothesis' with a size."""
        return {"min_size": self.min_length or 0, "max_size": self.max_length}

    def __call__(self, value: Any) -> bool:
        """Whether a value is within; one that cannot be compared is not. For `filter`, which reads the source of a function at each draw."""
        try:
            return (
                (self.gt is None or value > self.gt)
                and (self.ge is None or value >= self.ge)
                and (self.lt is None or value < self.lt)
                and (self.le is None or value <= self.le)
                and (self.min_length is None or len(value) >= self.min_length)
                and (self.max_length is None or len(value) <= self.max_length)
                and all(holds(value) for holds in self.predicates)
            )
        except (TypeError, ArithmeticError):
            return False


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """pydantic's `Field` holds constraints itself."""
    for each in metadata:
        yield each
        if isinstance(inner := getattr(each, "metadata", None), list | tuple):
            yield from _flat(inner)
