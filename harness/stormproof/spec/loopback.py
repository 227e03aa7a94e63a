"""Restricts storms to this machine: refuses a description that names other hosts, or a Redis that the run does not
start.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stormproof.errors import DescriptionError
from stormproof.spec.seams import EFFECTS
from stormproof.spec.system import System
from stormproof.spec.templates import fill_known

_OF_A_SCHEME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"
_AUTHORITY = re.compile(r"[^\s\"'<>/?#\\]*")
_REDIS = frozenset({"redis", "rediss", "valkey", "valkeys", "sentinel"})
_TLS = frozenset({"rediss", "valkeys"})
_SOCKET = "socket"
_SERVICES = _REDIS | frozenset(
    "amqp amqps pyamqp http https ws wss smtp smtps postgres postgresql mysql mariadb mongodb memcached kafka socket".split()
)
"""Schemes of what a task system connects to. Libraries add a driver before or after these words: `db+postgresql`,
`postgresql+psycopg`.
"""
_REDIS_HOSTS = {"bind": slice(None), "replicaof": slice(1), "slaveof": slice(1)}
"""The directives of redis.conf that name hosts, and which of their words are hosts."""
_HOST_NAME = re.compile(r"(?:^|_)HOST(?:NAME)?$")
_REDIS_PORT = 6379
_OF_THE_RUN = 0
"""Stands for the port of a Redis that the run starts; the real one is known only when it runs."""


class Address(NamedTuple):
    """A host that a URL names, empty if the URL leaves it out. `services`: the services that its scheme names; `port`:
    -1 if there is none.
    """

    services: frozenset[str]
    host: str
    port: int


def refuse_others(path: Path | str, system: System, allowed: tuple[str, ...] = ()) -> None:
    """Raise DescriptionError for the first text that refers to a host other than this machine (unless `allowed` names
    it), to a Redis that is not the run's, or to one of the run's servers by a protocol that it does not speak.
    """
    texts = _texts(system)
    _refuse_other_hosts(path, system, texts, allowed)
    _refuse_other_redis(path, system, texts, allowed)
    _refuse_absolute_paths(path, system)


def warning(host: str) -> str:
    """The warning for a host that the user has allowed by name."""
    return (
        f"{host} is not this machine: the system under test may connect to it, with whatever a storm makes the system do; Stormproof itself "
        "connects to nothing there, strikes nothing there, and cannot undo what is done there"
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    host = host.strip("[]")
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def addresses(text: str) -> Iterator[Address]:
    """Every host of every URL in a text. A URL may name several: `sentinel://a:1;b:2`, `mongodb://a,b`. Takes time
    linear in the text's length.
    """
    before, *rest = text.split("://")
    for number, after in enumerate(rest):
        services = _services(before[len(before.rstrip(_OF_A_SCHEME)) :].lower())
        whole = _AUTHORITY.match(after)[0]  # type: ignore[index]  # It matches the empty text, too.
        if whole == after and number < len(rest) - 1:
            whole = whole.rstrip(_OF_A_SCHEME)  # The next URL's scheme.
        # A password may hold the characters that separate hosts. So only the text after the last `@` counts, of each
        # part and of the whole.
        parts = {part.rpartition("@")[2] for part in (*whole.split(";"), whole)}
        for each in sorted({host for part in parts for host in re.split("[;,]", part)}):
            host, port = _host_and_port(each)
            if host or each == whole.rpartition("@")[2]:
                yield Address(services, host, port)
        before = after


def _services(scheme: str) -> frozenset[str]:
    """The services that a scheme names. An option may be attached to it, as in `-bredis://`."""
    known = (
        max((name for name in _SERVICES if part.endswith(name)), key=len, default="") for part in scheme.split("+")
    )
    return frozenset(known) - {""}


def _host_and_port(text: str) -> tuple[str, int]:
    bracketed, closing, rest = text.partition("]")
    host, _, port = (bracketed + closing, "", rest.removeprefix(":")) if closing else text.partition(":")
    return host, int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else -1


def _texts(system: System) -> dict[str, str]:
    """The texts of a description that reach the system's processes, by their place in it, with placeholders filled in."""
    effects = EFFECTS.get(system.effects.kind).placeholders
    known: dict[str, str | int] = {name: "127.0.0.1" if name.endswith("host") else 1 for name in effects} | {"port": 1}
    for server in system.server_names:
        url = f"redis://127.0.0.1:{_OF_THE_RUN}"
        known |= {f"{server}.host": "127.0.0.1", f"{server}.port": _OF_THE_RUN, f"{server}.url": url}
    texts = {f"env.{name}": fill_known(value, known) for name, value in system.env.items()}
    for component_name, component in system.components.items():
        where = f"components.{component_name}"
        own = {**known, "port": component.port or 1, "python": component.python}
        texts |= {f"{where}.env.{name}": fill_known(value, own) for name, value in component.env.items()}
        texts |= {f"{where}.command[{n}]": fill_known(value, own) for n, value in enumerate(component.command)}
    return texts


def _refuse_other_hosts(path: Path | str, system: System, texts: dict[str, str], allowed: tuple[str, ...]) -> None:
    named = []
    for where, text in texts.items():
        named += [(where, found.host) for found in addresses(text) if found.host and found.services]
        if _HOST_NAME.search(where) and "://" not in text:
            named.append((where, text))
    for name, redis in system.redis.items():
        for directive, lines in redis.config.items():
            words = [word for line in lines for word in line.split()[_REDIS_HOSTS.get(directive.lower(), slice(0))]]
            named += [(f"redis.{name}.config.{directive}", word.strip("\"'").removeprefix("-")) for word in words]
    for where, host in named:
        if not is_loopback(host) and host not in allowed:
            raise DescriptionError(
                f"{path}: {where}: {host!r} is not this machine; storms go to loopback only, use a placeholder such as "
                f"{{redis.{system.broker}.url}}, or admit it with --allow-host"
            )


def _refuse_other_redis(path: Path | str, system: System, texts: dict[str, str], allowed: tuple[str, ...]) -> None:
    """Refuse a Redis on this machine that the run did not start: it belongs to somebody."""
    ours = {_OF_THE_RUN, *(redis.port for redis in system.redis.values())}
    ours |= {component.port for component in system.components.values()}
    mend = f"use a placeholder such as {{redis.{system.broker}.url}}"
    for where, text in texts.items():
        for found in addresses(text):
            if not found.services & _REDIS or found.host in allowed:
                continue
            if found.services & _TLS:
                raise DescriptionError(
                    f"{path}: {where}: {min(found.services & _TLS)}:// asks for TLS, which the Redis that Stormproof starts does not "
                    f"speak; {mend}"
                )
            port = _REDIS_PORT if found.port < 0 else found.port
            if port not in ours or _SOCKET in found.services:
                which = "behind that socket" if _SOCKET in found.services else f"at port {port}"
                raise DescriptionError(f"{path}: {where}: the Redis {which} is not one that Stormproof starts; {mend}")


def _refuse_absolute_paths(path: Path | str, system: System) -> None:
    """Refuse anything but a path after `http://127.0.0.1:PORT`: `@example.com/` would turn it into another host."""
    paths = {"submit.path": system.submit.path, "status.path": system.status.path}
    if system.backlog:
        paths["backlog.path"] = system.backlog.path
    if system.metrics:
        paths["metrics.path"] = system.metrics.path
    for name, component in system.components.items():
        if component.ready.http is not None:
            paths[f"components.{name}.ready.http"] = component.ready.http
    for where, text in paths.items():
        if not text.startswith("/"):
            raise DescriptionError(f"{path}: {where}: {text!r} is not a path; begin it with '/'")
