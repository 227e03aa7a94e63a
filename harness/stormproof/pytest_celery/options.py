"""The options of a container that processes can support. All others are refused, never ignored."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stormproof.errors import NotSupportedError

_WITHOUT_EFFECT = {"detach", "init", "tty", "stdin_open", "auto_remove", "remove"}
"""Docker's own housekeeping, which has no effect on what runs inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`ports`: native port -> port of this machine, None for any free one. `binds`: path in the node -> path on this machine, and
    `volumes` the names of those that are volumes. `cpus`: None for all.
    """

    image: str
    name: str | None
    command: tuple[str, ...] | None
    environment: Mapping[str, str]
    ports: Mapping[int, int | None]
    network: str | None
    binds: Mapping[str, Path]
    volumes: Mapping[str, str]
    labels: Mapping[str, str]
    cpus: frozenset[int] | None


def parse(given: Mapping[str, Any], volume: Callable[[str], Path]) -> Options:
    """The keyword arguments of docker-py's `containers.run`. `volume`: the folder of the volume of that name. Raises NotSupportedError."""
    rest = {name: value for name, value in given.items() if value and name not in _WITHOUT_EFFECT}
    _refuse_quota(rest)
    binds, volumes = _binds(rest.pop("volumes", {}), volume)
    options = Options(
        image=str(rest.pop("image")),
        name=rest.pop("name", None),
        command=_words(rest.pop("command", None)),
        environment=_environment(rest.pop("environment", {})),
        ports={_native(name): _published(port) for name, port in rest.pop("ports", {}).items()},
        network=rest.pop("network", None),
        binds=binds,
        volumes=volumes,
        labels=rest.pop("labels", {}),
        cpus=_cpus(rest.pop("cpuset_cpus", "")),
    )
    if rest:
        raise NotSupportedError(
            f"containers.run({', '.join(sorted(rest))}=...) has no equal among processes; remove it, or run on Docker"
        )
    return options


def words(command: str | Sequence[Any]) -> list[str]:
    """The words of a command. What pytest_docker_tools' templates made None of was an empty word."""
    return shlex.split(command) if isinstance(command, str) else ["" if word is None else str(word) for word in command]


def _words(command: str | Sequence[Any] | None) -> tuple[str, ...] | None:
    return tuple(words(command)) if command else None


def _environment(given: Mapping[str, Any] | Sequence[str]) -> dict[str, str]:
    if not isinstance(given, Mapping):
        return dict(pair.split("=", 1) for pair in given)
    return {name: "" if value is None else str(value) for name, value in given.items()}


def _refuse_quota(rest: dict[str, Any]) -> None:
    quota = rest.pop("cpu_quota", None) or -1
    rest.pop("cpu_period", None)  # Means nothing without a quota.
    if quota != -1:
        raise NotSupportedError(f"cpu_quota={quota}: a CFS quota has no equal among processes; cpuset_cpus has")


def _cpus(text: str) -> frozenset[int] | None:
    if not text:
        return None
    spans = [part.split("-") for part in text.split(",")]
    cpus = frozenset(cpu for span in spans for cpu in range(int(span[0]), int(span[-1]) + 1))
    if not cpus <= os.sched_getaffinity(0):
        raise NotSupportedError(f"cpuset_cpus={text!r}: this process may use {sorted(os.sched_getaffinity(0))} only")
    return cpus


def _native(name: str) -> int:
    number, _, protocol = str(name).partition("/")
    if protocol not in {"", "tcp"}:
        raise NotSupportedError(f"port {name}: only tcp is forwarded")
    return int(number)


def _published(port: Any) -> int | None:
    if port is None:
        return None
    if not re.fullmatch(r"\d+", str(port)):
        raise NotSupportedError(f"ports are published on 127.0.0.1 only, not on {port!r}; give a number or None")
    return int(port)


def _binds(
    given: Mapping[str, Mapping[str, str]], volume: Callable[[str], Path]
) -> tuple[dict[str, Path], dict[str, str]]:
    binds, volumes = {}, {}
    for source, how in given.items():
        if source.startswith("/"):
            binds[how["bind"]] = Path(source)
        else:
            binds[how["bind"]] = volume(source)
            volumes[how["bind"]] = source
    return binds, volumes
