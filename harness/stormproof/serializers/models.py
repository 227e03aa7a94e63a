"""What Celery itself does to the models of a task with `pydantic=True`, by its own code: a caller's model is dumped as the task is sent, the
worker validates it, and a returned model is dumped.

That code lives in the wrapper which Celery puts around the user's function. It is run here with another function in that one's place.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any

from stormproof.serializers.place import Kind


class UnlikeCeleryError(Exception):
    """This release of Celery has another wrapper than the one that is known here; the message says what is missing."""


def handles_models(task: Any) -> bool:
    """Whether the task was made with `pydantic=True`."""
    return task._dump_pydantic_arguments is not None


def dumped(task: Any, name: str, kind: Kind, value: Any) -> Any:
    """An argument as `apply_async` hands it to the serializer. Models within `*args` and `**kwargs` Celery leaves alone."""
    if kind is not Kind.ARGUMENT or task.serializer == "pickle":
        return value
    return _cell(task._dump_pydantic_arguments.func, "dump_argument")(name, value)


def received(task: Any, parameter: inspect.Parameter, kind: Kind, value: Any) -> Any:
    """What the user's function is called with where `value` came out of the serializer. Raises what the wrapper raises."""
    seen: list[Any] = []

    def stand_in(*args: Any, **kwargs: Any) -> None:
        if kind is Kind.ARGUMENT:
            seen.append(args[0] if args else kwargs[parameter.name])
        else:
            seen.append(list(args) if kind is Kind.REST else kwargs)

    wrapper = _wrapper(task)
    only = _cell(wrapper, "task_signature").replace(parameters=[parameter])
    call = _rewired(wrapper, task_fun=stand_in, task_signature=only)
    if kind is Kind.REST:
        call(*value)
    elif kind is Kind.NAMED_REST:
        call(**value)
    elif parameter.kind is inspect.Parameter.KEYWORD_ONLY:
        call(**{parameter.name: value})
    else:
        call(value)
    return seen[0]


def returned(task: Any, value: Any) -> Any:
    """What the worker hands to the result's serializer where the user's function returns `value`."""
    wrapper = _wrapper(task)
    nothing = _cell(wrapper, "task_signature").replace(parameters=[])
    return _rewired(wrapper, task_fun=lambda: value, task_signature=nothing)()


def _wrapper(task: Any) -> FunctionType:
    """`run` may be bound, and wrapped once more for `autoretry_for`."""
    wrapped = task.__wrapped__
    found = getattr(wrapped, "__func__", wrapped)
    if not isinstance(found, FunctionType):
        raise UnlikeCeleryError(f"{type(found).__name__} in place of the wrapper")
    return found


def _cell(function: Callable[..., Any], name: str) -> Any:
    closure = inspect.getclosurevars(function).nonlocals
    if name not in closure:
        raise UnlikeCeleryError(f"no {name} in {getattr(function, '__qualname__', function)}")
    return closure[name]


def _rewired(function: FunctionType, **values: Any) -> FunctionType:
    """The same code, with other values for these names of its closure."""
    names = function.__code__.co_freevars
    if not set(values) <= set(names):
        raise UnlikeCeleryError(f"no {', '.join(sorted(set(values) - set(names)))} in {function.__qualname__}")
    cells = zip(names, function.__closure__ or (), strict=True)
    closure = tuple(CellType(values[name]) if name in values else cell for name, cell in cells)
    return FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, closure)
