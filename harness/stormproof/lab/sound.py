"""A corpus of sound systems: configurations that no run may accuse, each in the storms that it promises to survive. Values only.

A corpus is a Python file with a value named `corpus`, just as a scenario file has a value named `scenario`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from stormproof.errors import UsageError
from stormproof.lab.proof import Mistake
from stormproof.lab.versions import Environment
from stormproof.spec.scenario import Scenario
from stormproof.spec.system import System

T = TypeVar("T")


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """One sound system in one storm. `says`: a description for people; `environment`: the name of the environment of its processes."""

    says: str
    system: System
    scenario: Scenario
    environment: str


class Twin(msgspec.Struct, frozen=True, kw_only=True):
    """A sound system with one mistake. `of`: the name of the system without it."""

    of: str
    mistake: Mistake
    environment: str


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """`common`: packages that every environment has in addition to its own; `sample`: the names of a few representative systems."""

    environments: dict[str, Environment]
    common: tuple[str, ...]
    sound: tuple[Sound, ...]
    twins: tuple[Twin, ...]
    sample: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The systems, in order, each once."""
        return list(dict.fromkeys(each.system.name for each in self.sound))

    def only(self, names: tuple[str, ...]) -> Corpus:
        """Return some of the systems, with all their storms, and some of the twins. Raises UsageError for an unknown name."""
        known = {*self.names, *(twin.mistake.name for twin in self.twins)}
        for name in names:
            if name not in known:
                raise UsageError(f"the corpus has no system {name!r}; it has {self.names[0]} to {self.names[-1]}")
        return msgspec.structs.replace(
            self,
            sound=tuple(each for each in self.sound if each.system.name in names),
            twins=tuple(twin for twin in self.twins if twin.mistake.name in names),
        )

    def spread(self, runs: int) -> Corpus:
        """Return this many runs of the systems, spread over the list, and the same share of the twins."""
        twins = -(-len(self.twins) * runs // max(1, len(self.sound)))
        return msgspec.structs.replace(self, sound=_spread(self.sound, runs), twins=_spread(self.twins, twins))

    @property
    def needed(self) -> list[str]:
        """The names of the environments that the corpus uses."""
        of_sound, of_twins = [each.environment for each in self.sound], [twin.environment for twin in self.twins]
        return list(dict.fromkeys(of_sound + of_twins))

    def placed(self, interpreters: Mapping[str, str]) -> Corpus:
        """Return the same corpus with each process run by the interpreter of its environment."""
        return msgspec.structs.replace(
            self,
            sound=tuple(
                msgspec.structs.replace(each, system=run_by(each.system, interpreters[each.environment]))
                for each in self.sound
            ),
            twins=tuple(
                msgspec.structs.replace(
                    twin,
                    mistake=msgspec.structs.replace(
                        twin.mistake, system=run_by(twin.mistake.system, interpreters[twin.environment])
                    ),
                )
                for twin in self.twins
            ),
        )


def _spread(values: tuple[T, ...], count: int) -> tuple[T, ...]:
    return tuple(values[len(values) * number // count] for number in range(min(count, len(values))))


def run_by(system: System, python: str) -> System:
    """Return the same system with each of its processes run by this interpreter."""
    components = {name: spec.model_copy(update={"python": python}) for name, spec in system.components.items()}
    return system.model_copy(update={"components": components})


def load(path: Path) -> Corpus:
    """Load the corpus in a file, which may import its siblings. Raises UsageError that names the file and the fix."""
    spec = importlib.util.spec_from_file_location("stormproof_corpus", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"{path}: no such corpus; run from a clone of the repository, or name a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path}: cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    found = getattr(module, "corpus", None)
    if not isinstance(found, Corpus):
        raise UsageError(f"{path}: has no value `corpus` of type stormproof.lab.sound.Corpus")
    return found
