"""Every error that Stormproof raises on purpose.

    StormproofError            exit code 255: our own failure
    ├── UsageError             exit code 254: wrong arguments, or a wrong file of the user's
    │   ├── DescriptionError     the system's description (`stormproof.toml`)
    │   ├── ScenarioError        a scenario file
    │   ├── RunFolderError       a run folder that cannot be written or read
    │   ├── NotSupportedError    something of a container that processes cannot be
    │   └── MissingPackageError  a package of an extra is not installed
    ├── ComponentError           a process of the system or a server did not start, or died at start
    └── UnreachableError         a server of the run does not answer, as a fault may have it

The message is one line: what happened, to what, and what to do next.
"""

import errno
import resource
from importlib import util
from typing import ClassVar

EXTRAS = {
    "bokeh": "report",
    "docker": "cluster",
    "fastapi": "serve",
    "hypothesis": "random",
    "pytest_celery": "cluster",
    "pytest_docker_tools": "cluster",
    "rq": "rq",
    "starlette": "serve",
    "uvicorn": "serve",
}
"""Optional package -> the extra that installs it."""


class StormproofError(Exception):
    """The base class of all errors here; `exit_code` is the exit code of the command."""

    exit_code: ClassVar[int] = 255


class UsageError(StormproofError):
    """The user's input is wrong."""

    exit_code = 254


class DescriptionError(UsageError):
    """A system's description cannot be used."""


class ScenarioError(UsageError):
    """A scenario file cannot be used."""


class RunFolderError(UsageError):
    """A run folder cannot be written or read."""


class NotSupportedError(UsageError):
    """A node asks for something that processes cannot do, or that this machine has no program for."""


class MissingPackageError(UsageError, ModuleNotFoundError):
    """A package of an extra is not installed. Also an ImportError, because code that imports a module of Stormproof may
    expect one.
    """

    def __init__(self, package: str, needed_by: str = "this") -> None:
        mend = f"pip install 'stormproof[{EXTRAS[package]}]'"
        super().__init__(f"{needed_by} needs {package}, which is not installed: {mend}", name=package)


class ComponentError(StormproofError):
    """A component did not become ready; `log_tail` holds its last lines of output."""

    def __init__(self, message: str, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail


class UnreachableError(StormproofError):
    """A server of the run does not answer now. Faults cause that on purpose, so callers must handle it."""


def is_installed(package: str) -> bool:
    """Return whether the package can be found, without importing it."""
    return util.find_spec(package) is not None


def require(package: str, needed_by: str = "this") -> None:
    """Raise MissingPackageError if a package of `EXTRAS` is not installed."""
    if not is_installed(package):
        raise MissingPackageError(package, needed_by)


def exhausted(error: OSError) -> StormproofError | None:
    """The error that names what the machine has run out of and how to fix it; None for any other error."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f"{error.filename}: " if error.filename else ""
        return RunFolderError(f"{where}the disk is full; make room there, or name another place with --runs or TMPDIR")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return StormproofError(f"out of file descriptors, of which {limit} are allowed; allow more: ulimit -n 4096")
    return None


def on_purpose(error: BaseException) -> StormproofError | None:
    """The error that was raised on purpose (also from inside a group of tasks), or one that the machine or the
    installation caused. None for any other.
    """
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := on_purpose(inner))), None)
    if isinstance(error, OSError):
        return exhausted(error)
    if isinstance(error, ModuleNotFoundError) and not isinstance(error, StormproofError):
        missing = (error.name or "").partition(".")[0]
        return MissingPackageError(missing) if missing in EXTRAS else None
    return error if isinstance(error, StormproofError) else None
