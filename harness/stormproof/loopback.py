"""Storms go to this machine only: what a description says of other hosts, or of a Redis that the run does not start, is refused."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING

from stormproof.errors import DescriptionError

if TYPE_CHECKING:
    from stormproof.system import System

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
_URL = re.compile(r"\b(?:redis|rediss|valkey|amqp|amqps|http|https|smtp|smtps)://(?:[^@/\s]*@)?(\[[^\]]+\]|[^:/\s,]+)")
_REDIS_URL = re.compile(r"\b(?:redis|rediss|valkey)://(?:[^@/\s]*@)?(?:\[[^\]]+\]|[^:/\s,]+)(?::(\d+)|(?![:\w]))")
_REDIS_HOSTS = {"bind": slice(None), "replicaof": slice(1), "slaveof": slice(1)}
"""The directives of redis.conf that name hosts, and which of their words do."""
_HOST_NAME = re.compile(r"(?:^|_)HOST(?:NAME)?$")


def refuse_others(path: Path | str, system: System, allowed: tuple[str, ...] = ()) -> None:
    """Raises DescriptionError for the first text that reaches past this machine (but for hosts that are `allowed` by name), or to a
    Redis that is not the run's.
    """
    _refuse_other_hosts(path, system, allowed)
    _refuse_other_redis(path, system, allowed)
    _refuse_absolute_paths(path, system)


def warning(host: str) -> str:
    """What is true of a host that somebody has allowed by name."""
    return (
        f"{host} is not this machine: the system under test may connect to it, with whatever a storm makes the system do; Stormproof itself "
        "connects to nothing there, strikes nothing there, and cannot undo what is done there"
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    host = host.strip("[]")
    if host == "localhost" or _PLACEHOLDER.fullmatch(host):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _texts(system: System) -> dict[str, str]:
    """What a description says to the processes of the system, by where it says so."""
    texts = {f"env.{name}": value for name, value in system.env.items()}
    for component_name, component in system.components.items():
        where = f"components.{component_name}"
        texts |= {f"{where}.env.{name}": value for name, value in component.env.items()}
        texts |= {f"{where}.command[{n}]": value for n, value in enumerate(component.command)}
    return texts


def _refuse_other_hosts(path: Path | str, system: System, allowed: tuple[str, ...]) -> None:
    named = []
    for where, text in _texts(system).items():
        named += [(where, match[1]) for match in _URL.finditer(text)]
        if _HOST_NAME.search(where) and "://" not in text:
            named.append((where, text))
    for name, redis in system.redis.items():
        for directive, value in redis.config.items():
            words = value.split()[_REDIS_HOSTS.get(directive.lower(), slice(0))]
            named += [(f"redis.{name}.config.{directive}", word.strip("\"'").removeprefix("-")) for word in words]
    for where, host in named:
        if not is_loopback(host) and host not in allowed:
            raise DescriptionError(
                f"{path}: {where}: {host!r} is not this machine; storms go to loopback only, use a placeholder such as "
                f"{{redis.{system.broker}.url}}, or admit it with --allow-host"
            )


def _refuse_other_redis(path: Path | str, system: System, allowed: tuple[str, ...]) -> None:
    """A Redis on this machine that the run did not start is somebody's."""
    ours = {redis.port for redis in system.redis.values()}
    for where, text in _texts(system).items():
        for match in _REDIS_URL.finditer(text):
            port = int(match[1] or 6379)
            elsewhere = any(host in match[0] for host in allowed)
            if port not in ours and not elsewhere:
                raise DescriptionError(
                    f"{path}: {where}: the Redis at port {port} is not one that Stormproof starts; use a placeholder such as "
                    f"{{redis.{system.broker}.url}}"
                )


def _refuse_absolute_paths(path: Path | str, system: System) -> None:
    """What follows `http://127.0.0.1:PORT` must be a path: `@example.com/` would make another host of it."""
    paths = {"submit.path": system.submit.path, "status.path": system.status.path}
    if system.backlog:
        paths["backlog.path"] = system.backlog.path
    for name, component in system.components.items():
        if component.ready.http is not None:
            paths[f"components.{name}.ready.http"] = component.ready.http
    for where, text in paths.items():
        if not text.startswith("/"):
            raise DescriptionError(f"{path}: {where}: {text!r} is not a path; begin it with '/'")
