"""Maps images to programs. Nothing is pulled; a worker's image is a virtual environment."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stormproof.errors import NotSupportedError, UsageError
from stormproof.lab import environments
from stormproof.lab.versions import Environment
from stormproof.pytest_celery.dockerfile import IgnoredInstruction, ignored
from stormproof.pytest_celery.programs import Memcached, Program, Redis, Worker
from stormproof.pytest_celery.rabbitmq import RabbitMQ
from stormproof.pytest_celery.shared import Partial

_EXTRAS = "pymemcache,gevent"
"""Those of Celery that pytest-celery's own worker image has, as far as a wheel has them; for redis see `_NEEDED`."""
_NEEDED = ("kombu[redis]", "packaging", "pydantic")
"""The redis-py that the kombu at hand wants (old releases of Celery ask for one that a newer kombu refuses), what old releases of kombu
need and do not say, and what tasks need.
"""
_SCRIPT = """\
#!{python}
import sys
from celery.__main__ import main
if __name__ == "__main__":  # A pool that spawns its processes imports this file in each of them.
    sys.exit(main())
"""
_KNOWN = "redis, rabbitmq, memcached, celery:VERSION, venv:FOLDER, and Dockerfiles of workers (build argument CELERY_VERSION)"


@dataclass(frozen=True, slots=True)
class Image:
    """As docker-py's: `id` and `tags`."""

    id: str
    tags: tuple[str, ...]
    program: Program | None


class Images(Partial):
    """docker-py's `client.images`. `folder`: for our own scripts; `cache`: for virtual environments, kept from run to run."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder = folder
        self._cache = cache
        self._built: dict[str, Image] = {}
        self._refused: dict[Environment, NotSupportedError] = {}

    def get(self, name: str) -> Image:
        """Return the image with this name or id. Raises NotSupportedError if no program replaces it."""
        if name not in self._built:
            self._built[name] = Image(name, (name,), self._program(name))
        return self._built[name]

    def pull(self, repository: str, tag: str | None = None) -> Image:
        """Return the same as `get`: the program is installed, or it is not."""
        return self.get(f"{repository}:{tag}" if tag else repository)

    def build(
        self,
        *,
        path: str = "",
        tag: str = "",
        buildargs: Mapping[str, str] | None = None,
        dockerfile: str | None = None,
        **_: Any,
    ) -> tuple[Image, list[dict[str, str]]]:
        """A worker's image, which is known by its argument CELERY_VERSION. Nothing of the Dockerfile is executed; it warns of each
        instruction that is not in pytest-celery's own. Raises NotSupportedError.
        """
        if path.rstrip("/").endswith("contexts/scratch"):
            # Nothing runs in it: pytest_docker_tools fills volumes through it.
            return self._built.setdefault("scratch", Image("scratch", (), None)), []
        if not buildargs or "CELERY_VERSION" not in buildargs:
            raise NotSupportedError(f"Dockerfile {path}: cannot be built without Docker; known images: {_KNOWN}")
        for line in ignored(Path(path), dockerfile or "Dockerfile"):
            warnings.warn(line, IgnoredInstruction, stacklevel=2)
        package = buildargs.get("PYTEST_CELERY_PKG") or "psutil"
        worker = self._worker(buildargs["CELERY_VERSION"] or "", package, _command(buildargs))
        identity = hashlib.sha256(repr((tag, sorted(buildargs.items()))).encode()).hexdigest()
        image = self._built[identity] = self._built[tag] = Image(identity, (tag,), worker)
        return image, []

    def _program(self, name: str) -> Program:
        repository, _, tag = (name if name.startswith("venv:") else name.rpartition("/")[2]).partition(":")
        match repository:
            case "redis" | "valkey":
                return Redis()
            case "memcached":
                return Memcached()
            case "rabbitmq":
                return RabbitMQ(management="management" in tag)
            case "celery":
                return self._worker(tag.removeprefix("latest"), "psutil", _command({}))
            case "venv":
                return self._worker_of(Path(tag), _command({}))
        raise NotSupportedError(f"image {name!r}: no program of this machine stands for it; known: {_KNOWN}")

    def _worker(self, version: str, package: str, default: tuple[str, ...]) -> Worker:
        celery = f"celery[{_EXTRAS}]" + (f"=={version}" if version else "")
        # Celery 4 cannot be imported by Python 3.11.
        python = "3.10" if version.startswith(("3.", "4.")) else None
        environment = Environment(python=python, packages=(celery, package, *_NEEDED))
        if environment in self._refused:
            raise self._refused[environment]  # Not tried again: without a network that takes its time.
        try:
            interpreter = environments.build(f"celery {version or 'newest'}", environment, (), self._cache)
        except UsageError as error:
            self._refused[environment] = NotSupportedError(str(error))
            raise self._refused[environment] from error
        return self._worker_of(Path(interpreter).parents[1], default)

    def _worker_of(self, environment: Path, default: tuple[str, ...]) -> Worker:
        python = environment / "bin" / "python"
        if not python.exists():
            raise NotSupportedError(
                f"venv:{environment} is not a virtual environment; make one: python -m venv {environment}"
            )
        scripts = self._folder / f"scripts-{hashlib.sha256(os.fsencode(environment)).hexdigest()[:12]}"
        scripts.mkdir(parents=True, exist_ok=True)
        # Its own starts through a shell where uv made it relocatable, and its processes would not be called `celery`.
        script = scripts / "celery"
        script.write_text(_SCRIPT.format(python=python))
        script.chmod(0o755)
        return Worker(scripts, environment, default)


def _command(buildargs: Mapping[str, str]) -> tuple[str, ...]:
    """What ends each of those Dockerfiles."""
    level = buildargs.get("CELERY_LOG_LEVEL") or "INFO"
    name = buildargs.get("CELERY_WORKER_NAME") or "celery_test_worker"
    queue = buildargs.get("CELERY_WORKER_QUEUE") or "celery"
    return ("celery", "-A", "app", "worker", f"--loglevel={level}", "-n", f"{name}@%h", "-Q", queue)
