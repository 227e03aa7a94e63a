"""The append-only record of a run. An event's index is its line number from 0; findings cite it. Checks judge a
`History` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast, overload

import msgspec

from stormproof.errors import RunFolderError
from stormproof.history.events import AnyEvent, Event, Process, Returned

E = TypeVar("E", bound=Event)
T = TypeVar("T")
Indexed = tuple[int, E]
"""An event preceded by its index."""

_decoder = msgspec.json.Decoder(AnyEvent)


class History(Sequence[AnyEvent]):
    """All events of one run, in the order in which they were recorded."""

    def __init__(self, events: Iterable[AnyEvent], *, cut_off: bool = False) -> None:
        self._events = list(events)
        self._derived: dict[object, object] = {}
        self.cut_off = cut_off

    @classmethod
    def load(cls, path: Path) -> History:
        """Read `history.jsonl`. If a crash cut off the last line, leave it out and set `cut_off`.

        Raises RunFolderError if the file cannot be read or a line before the last is not an event.
        """
        events: list[AnyEvent] = []
        cut_off = False
        decode = _decoder.decode
        try:
            with path.open("rb") as file:
                for line in file:  # Line by line: a history may be as large as the memory that is left.
                    if line.endswith(b"\n"):
                        events.append(decode(line))
                    else:
                        cut_off = True
        except OSError as error:
            raise RunFolderError(f"{path}: cannot read the history: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RunFolderError(f"{path}: line {len(events) + 1} is not an event: {error}") from error
        return cls(events, cut_off=cut_off)

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> AnyEvent: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[AnyEvent]: ...

    def __getitem__(self, index: int | slice) -> AnyEvent | Sequence[AnyEvent]:
        return self._events[index]

    def __iter__(self) -> Iterator[AnyEvent]:
        return iter(self._events)

    @cached_property
    def _by_type(self) -> dict[type, list[tuple[int, AnyEvent]]]:
        found: dict[type, list[tuple[int, AnyEvent]]] = {}
        for index, event in enumerate(self._events):
            found.setdefault(type(event), []).append((index, event))
        return found

    def of(self, kind: type[E]) -> list[Indexed[E]]:
        """All events of one type, in order, each preceded by its index. One pass over the history serves all types."""
        return self._by_type.get(kind, [])  # type: ignore[return-value]

    @cached_property
    def returns(self) -> dict[int, Indexed[Returned]]:
        """The end of each operation, by its number. Operations that never ended are absent."""
        return {event.op: (index, event) for index, event in self.of(Returned)}

    def server(self, store: str) -> str:
        """The component of the server that has this name in the description: `redis.broker`."""
        return self._servers.get(store, f"redis.{store}")

    @cached_property
    def _servers(self) -> dict[str, str]:
        found = {event.component for _, event in self.of(Process) if event.is_server}
        return {component.partition(".")[2]: component for component in found}

    def derive(self, make: Callable[[History], T]) -> T:
        """The result of `make` for this history: computed once and cached as long as the history exists."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return cast("T", self._derived[make])
