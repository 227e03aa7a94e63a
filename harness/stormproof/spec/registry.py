"""Finds the implementations of an interface by name: Stormproof's own, and those that other packages add with an entry
point.

They are imported on first use, because each needs the client of the software that it supports.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from stormproof.errors import DescriptionError, UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """The implementations of one interface.

    `group`: the group of entry points. `what`: the word for an implementation in messages. `own`: name ->
    `module:attribute`. `fits` checks whether an object is an implementation, and `wanted` describes one in words.
    """

    def __init__(
        self, group: str, what: str, own: Mapping[str, str], fits: Callable[[object], bool], wanted: str
    ) -> None:
        self.group, self.what, self.wanted = group, what, wanted
        self._own, self._fits = own, fits
        self._loaded: dict[str, T] = {}

    def names(self) -> list[str]:
        """All names, Stormproof's own first. Raises UsageError if another package uses one of those."""
        return [*self._own, *self._others()]

    def get(self, name: str) -> T:
        """The implementation of this name. Raises DescriptionError if there is none, UsageError if it cannot be used."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> T:
        if name in self._own:
            module, _, attribute = self._own[name].partition(":")
            found: T = getattr(importlib.import_module(module), attribute)
            return found
        point = self._others().get(name)
        if point is None:
            near = difflib.get_close_matches(name, self.names(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self.names())}"
            raise DescriptionError(f"there is no {self.what} {name!r}; {hint} (packages add others as {self.group})")
        return self.load(point)

    def load(self, point: EntryPoint) -> T:
        """The object that an entry point names. Raises UsageError if it cannot be loaded or is not an implementation."""
        where = f"the entry point {point.name!r} of {self.group}"
        try:
            found: T = point.load()
        except Exception as error:
            raise UsageError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
        if not self._fits(found):
            raise UsageError(f"{where} is {found!r}; name {self.wanted}")
        return found

    def points(self) -> list[EntryPoint]:
        """The entry points of other packages."""
        return list(entry_points(group=self.group))

    def _others(self) -> dict[str, EntryPoint]:
        found = {point.name: point for point in self.points()}
        taken = sorted(found.keys() & self._own.keys())
        if taken:
            raise UsageError(
                f"the entry point {taken[0]!r} of {self.group}: Stormproof has a {self.what} of that name; give it another"
            )
        return found
