"""All folders of the runs, newest first. A folder is read again only if one of its files has changed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from stormproof.errors import RunFolderError
from stormproof.web import entry as entries_
from stormproof.web.entry import Entry, Signature


class Listing:
    """The folders in `runs`. A name from outside is only looked up here and never becomes part of a path in any other way."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._known: dict[str, tuple[Signature, Entry]] = {}
        self._lock = threading.Lock()

    def entries(self) -> list[Entry]:
        """Return all entries, newest first. Raises RunFolderError if the folder of the runs itself cannot be read."""
        with self._lock:
            names = self._names()
            self._known = {name: self._fresh(name) for name in names}
            found = [entry for _, entry in self._known.values()]
        return sorted(found, key=lambda entry: (entry.began_at, entry.name), reverse=True)

    def find(self, name: str) -> Entry | None:
        """Return the entry of the folder with this name, or None. Raises RunFolderError."""
        with self._lock:
            if name not in self._names():
                return None
            self._known[name] = self._fresh(name)
            return self._known[name][1]

    def folder(self, entry: Entry) -> Path:
        """Return the folder of an entry's files."""
        return self.runs / entry.name

    def _names(self) -> list[str]:
        """Links are not followed: only what is in the folder itself is shown."""
        try:
            with os.scandir(self.runs) as inside:
                return [one.name for one in inside if one.name[0] != "." and one.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunFolderError(f"{self.runs}: cannot be read: {error.strerror}; name another with --runs") from error

    def _fresh(self, name: str) -> tuple[Signature, Entry]:
        folder = self.runs / name
        try:
            now = entries_.signature(folder)
        except OSError as error:
            now = (error.errno,)
        known = self._known.get(name)
        return known if known and known[0] == now else (now, entries_.read(folder))
