"""A user's Celery app, its tasks, and their places. The app is imported as a worker imports it; no task runs, and nothing connects."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from celery import Celery
from celery.app.utils import find_app
from kombu import serialization

from stormproof.errors import UsageError
from stormproof.serializers.place import Kind, Place, Settled, Unresolved, Verdict

RETURN, ARGUMENTS = "return", "*"
_KINDS: dict[Any, Kind] = {inspect.Parameter.VAR_POSITIONAL: Kind.REST, inspect.Parameter.VAR_KEYWORD: Kind.NAMED_REST}
_NO_BACKEND = (None, "disabled", "disabled://")
_TRUSTED = serialization.TRUSTED_CONTENT
_registry: Any = serialization.registry


def load(name: str) -> Celery:
    """Load the app that `celery -A name` would use, from the current folder. Raises UsageError."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module, colon, attribute = name.partition(":")
    if not module or (colon and not attribute):
        raise UsageError(f"--app {name!r}: name a module and its app, such as proj.celery:app")
    with _imports_of_the_user(f"--app {name}", name):
        found = _attribute(importlib.import_module(module), attribute, name) if colon else _search(name)
    if not isinstance(found, Celery):
        raise UsageError(f"--app {name}: a {type(found).__name__} is there, and no Celery app; name another attribute")
    return found


def _attribute(module: types.ModuleType, attribute: str, name: str) -> Any:
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            apps = [f"{module.__name__}:{key}" for key, value in vars(module).items() if isinstance(value, Celery)]
            mend = f"did you mean {apps[0]}?" if apps else "name the attribute that is the Celery app"
            raise UsageError(f"--app {name}: {module.__name__} has no {attribute!r}; {mend}")
        found = getattr(found, part)
    return found


def _search(name: str) -> Any:
    try:
        return find_app(name)
    except AttributeError as error:
        raise UsageError(f"--app {name}: no Celery app is there ({error}); name it, as in {name}:app") from None


@contextlib.contextmanager
def _imports_of_the_user(what: str, name: str = "", doing: str = "its import") -> Iterator[None]:
    """Import the user's code: its errors become UsageErrors, and its output goes to standard error."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except UsageError:
        raise
    except ModuleNotFoundError as error:
        path = name.partition(":")[0]
        if error.name and (path == error.name or path.startswith(f"{error.name}.")):
            raise UsageError(f"{what}: no module {error.name!r} in {Path.cwd()}; run where `celery -A` runs") from None
        raise UsageError(f"{what}: {doing} raised {_told(error)}") from None
    except (Exception, SystemExit) as error:
        raise UsageError(f"{what}: {doing} raised {_told(error)}") from None


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def tasks_of(app: Celery) -> list[Any]:
    """Return the user's own tasks by name: all that a worker would know, except Celery's. Raises UsageError, also if there are none."""
    with _imports_of_the_user(f"app {app.main or 'without a name'}"):
        app.loader.import_default_modules()
    with _imports_of_the_user(f"app {app.main or 'without a name'}", doing="the making of its tasks"):
        app.finalize()
        known = dict(app.tasks)
    found = [task for _, task in sorted(known.items()) if type(task).__module__.partition(".")[0] != "celery"]
    if not found:
        raise UsageError(
            f"app {app.main or 'without a name'}: it has no tasks; does it `include` or autodiscover their modules?"
        )
    return found


def places_of(task: Any) -> list[Place]:
    """Return the places where values of this task meet a serializer: each argument, and the result."""
    accepted = _content_types(task.app.conf.accept_content)
    flaw = _flaw(task.serializer, accepted, "the worker accepts")
    whole = [Place(task, Kind.MESSAGE, ARGUMENTS, task.serializer, settled=flaw)]
    return [*(whole if flaw else _arguments(task)), _result(task)]


def _arguments(task: Any) -> list[Place]:
    try:
        parameters = inspect.signature(task.run).parameters
    except (TypeError, ValueError) as error:
        unreadable = Settled(Verdict.UNKNOWN, f"no signature: {error}")
        return [Place(task, Kind.MESSAGE, ARGUMENTS, task.serializer, settled=unreadable)]
    return [
        Place(
            task,
            _KINDS.get(parameter.kind, Kind.ARGUMENT),
            name,
            task.serializer,
            annotation=_resolved(task, name, parameter.annotation),
            shown=_shown(parameter.annotation),
            parameter=parameter,
        )
        for name, parameter in parameters.items()
    ]


def _result(task: Any) -> Place:
    conf = task.app.conf
    own = task._backend  # An instance, where the task was given one of its own.
    serializer = getattr(own, "serializer", None) or conf.result_serializer
    try:
        annotation = inspect.signature(task.run).return_annotation
    except (TypeError, ValueError):
        annotation = inspect.Signature.empty
    settled = None
    if task.ignore_result:
        settled = Settled(Verdict.NOT_STORED, "ignore_result is set")
    elif own is None and not task.app.backend_cls and conf.result_backend in _NO_BACKEND:
        settled = Settled(Verdict.NOT_STORED, "no result backend is configured")
    else:
        names = conf.accept_content if conf.result_accept_content is None else conf.result_accept_content
        settled = _flaw(serializer, getattr(own, "accept", None) or _content_types(names), "readers of results accept")
    return Place(
        task,
        Kind.RESULT,
        RETURN,
        serializer,
        annotation=_resolved(task, RETURN, annotation),
        shown=_shown(annotation),
        settled=settled,
    )


def _content_types(names: Any) -> set[str]:
    return {name if "/" in name else _registry.name_to_type.get(name, name) for name in names or ()}


def _flaw(serializer: str, accepted: set[str], who: str) -> Settled | None:
    """Return why nothing gets through this serializer, whatever the value."""
    if serializer == "raw":
        return Settled(Verdict.UNKNOWN, "raw hands on what it is given, and is not looked at")
    if not _registry._encoders.get(serializer):
        return Settled(Verdict.REFUSED, f"refused: SerializerNotInstalled: kombu has no encoder {serializer!r} here")
    content = _registry.name_to_type[serializer]
    if content in accepted or content in _TRUSTED:
        return None
    names = ", ".join(sorted(_registry.type_to_name.get(each, each) for each in accepted)) or "nothing"
    return Settled(Verdict.UNREADABLE, f"unreadable: ContentDisallowed: {who} {names}, and not {serializer}")


def _resolved(task: Any, name: str, annotation: Any) -> Any:
    """Resolve one annotation, which may be text, to a type. Each is resolved separately, so a bad name does not affect the others."""
    if annotation is inspect.Parameter.empty:
        return annotation
    function = inspect.unwrap(task.run)
    function = getattr(function, "__func__", function)
    alone = types.SimpleNamespace(__annotations__={name: annotation})
    try:
        return typing.get_type_hints(alone, globalns=getattr(function, "__globals__", {}), include_extras=True)[name]
    except Exception as error:  # Whatever evaluating the user's text raises.
        return Unresolved(_told(error))


def _shown(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
