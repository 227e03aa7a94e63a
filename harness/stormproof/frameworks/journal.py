"""Reads the journal that the probes write, while they write it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from stormproof import history
from stormproof.errors import StormproofError


class _Line(msgspec.Struct, frozen=True):
    m: float
    component: str
    pid: int
    parent: int
    word: history.ProbeWord
    task_id: str
    task: str
    key: str
    value: str
    detail: str


_decoder = msgspec.json.Decoder(_Line)


class ProbeJournal:
    """The events of one journal file, in the order of their lines; `t0` is the run's start by `time.monotonic()`."""

    def __init__(self, path: Path, t0: float) -> None:
        self._path = path
        self._t0 = t0
        self._offset = 0

    def read_new(self) -> list[history.Probe | history.Settings]:
        """The events written since the last call. An incomplete line waits for the next call; a missing file has no
        events.

        A worker's settings come before its report that it is ready.

        Raises StormproofError if a whole line is not one of the probe's.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                whole, end, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._offset += len(whole) + len(end)
        return [event for line in whole.splitlines() for event in self._events(line)]

    def _events(self, line: bytes) -> Iterator[history.Probe | history.Settings]:
        try:
            read = _decoder.decode(line)
            if read.word == "ready" and read.value:
                told = {**msgspec.json.decode(read.value), "t": read.m - self._t0, "component": read.component}
                yield msgspec.convert({**told, "pid": read.pid, "type": "settings"}, history.Settings)
                read = msgspec.structs.replace(read, value="")
        except (msgspec.DecodeError, msgspec.ValidationError, TypeError) as error:
            raise StormproofError(f"{self._path}: not a line of a probe: {line[:80]!r}: {error}") from error
        yield history.Probe(
            t=read.m - self._t0,
            component=read.component,
            pid=read.pid,
            parent=read.parent,
            word=read.word,
            task_id=read.task_id,
            task=read.task,
            key=read.key,
            value=read.value,
            detail=read.detail,
        )
