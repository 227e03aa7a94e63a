"""An app is found where `celery -A` finds it, its tasks are the user's own, and their places are what a caller and a reader meet."""

from __future__ import annotations

import datetime
import inspect
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, Task
from pydantic import BaseModel
from stormproof.errors import UsageError
from stormproof.serializers import tasks
from stormproof.serializers.place import Kind, Unresolved, Verdict

_names = itertools.count()


class Order(BaseModel):
    number: int


def nothing(number):  # type: ignore[no-untyped-def]
    """Without annotations."""


def tick() -> None: ...


def an_app(**conf: Any) -> Celery:
    """One that nobody else's tasks get into, and that no other test finds."""
    app = Celery("shop", backend="redis://127.0.0.1:1/1", set_as_current=False)
    app.conf.update(conf)
    return app


def places(function: Any, app: Celery | None = None, **options: Any) -> dict[str, Any]:
    """Of one task, by their names."""
    app = app or an_app()
    app.task(shared=False, name="t", **options)(function)
    (task,) = tasks.tasks_of(app)
    return {place.name: place for place in tasks.places_of(task)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's folder, from which the command is run; its modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def module(folder: Path, text: str) -> str:
    """A module of the project with a name that was never used before."""
    name = f"shop_{next(_names)}"
    (folder / f"{name}.py").write_text(text)
    return name


APP = "from celery import Celery\nmine = Celery('shop', set_as_current=False)\n"


@pytest.mark.parametrize("form", ["{}:mine", "{}.mine", "{}"])
def test_an_app_is_found_as_celery_finds_it(folder: Path, form: str) -> None:
    """With its attribute after a colon or a dot, or without it."""
    assert tasks.load(form.format(module(folder, APP))).main == "shop"


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        (APP, "no_such_module:app", "--app no_such_module:app: no module 'no_such_module' in"),
        (APP, "no_such_package.celery", "no module 'no_such_package' in"),
        (APP, "{}.celery:app", "no module '{}.celery' in"),
        (APP, "{}:app", "has no 'app'; did you mean {}:mine?"),
        ("x = 1", "{}:app", "has no 'app'; name the attribute that is the Celery app"),
        ("x = 1", "{}", "no Celery app is there"),
        ("app = dict()", "{}:app", "a dict is there, and no Celery app"),
        (
            "import no_such_library",
            "{}:app",
            "its import raised ModuleNotFoundError: No module named 'no_such_library'",
        ),
        ("raise KeyError('HOST')", "{}:app", "its import raised KeyError: 'HOST'"),
        ("raise KeyError('HOST')", "{}", "its import raised KeyError: 'HOST'"),
        ("1 +", "{}:app", "its import raised SyntaxError: invalid syntax"),
        ("import sys\nsys.exit(3)", "{}:app", "its import raised SystemExit: 3"),
        (APP, "", "--app '': name a module and its app, such as proj.celery:app"),
        (APP, ":app", "--app ':app': name a module and its app"),
        (APP, "{}:", "name a module and its app"),
    ],
)
def test_what_is_no_app_is_named_with_its_mend(folder: Path, text: str, form: str, said: str) -> None:
    """One line says what was looked for, what is there, and what to do."""
    name = module(folder, text)
    with pytest.raises(UsageError) as raised:
        tasks.load(form.format(name))
    assert said.format(name) in str(raised.value)


def test_what_a_module_prints_as_it_is_imported_stays_out_of_what_we_print(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or `--json` would be none."""
    tasks.load(f"{module(folder, APP + 'print(1)')}:mine")
    assert capsys.readouterr() == ("", "1\n")


def test_tasks_are_found_in_the_modules_that_a_worker_would_import(folder: Path) -> None:
    """Those of `include`, and what is discovered."""
    outer = module(folder, "from celery import Celery\napp = Celery('shop', include=['far'], set_as_current=False)\n")
    (folder / "far.py").write_text(f"import {outer}\n@{outer}.app.task(name='far.away', shared=False)\ndef f(): ...\n")
    assert [task.name for task in tasks.tasks_of(tasks.load(f"{outer}:app"))] == ["far.away"]


def test_a_module_that_cannot_be_included_is_told_in_one_line() -> None:
    """A worker would not start either."""
    app = Celery("shop", include=["no_such_module"], set_as_current=False)
    with pytest.raises(
        UsageError, match="app shop: its import raised ModuleNotFoundError: No module named 'no_such_mod"
    ):
        tasks.tasks_of(app)


def test_an_app_without_tasks_of_its_own_is_no_success() -> None:
    """Nothing to look at is not nothing wrong."""

    class OnlyItsOwn(Celery):
        def finalize(self, auto: bool = False) -> None:
            """Without those that other tests have shared with all apps."""
            self.finalized = True

    app = OnlyItsOwn("shop", set_as_current=False)
    with pytest.raises(UsageError, match="app shop: it has no tasks"):
        tasks.tasks_of(app)


def test_tasks_of_celery_itself_are_not_the_users() -> None:
    """By where they are defined, whatever they are called."""
    app = an_app()
    app.task(shared=False, name="celery.mine")(tick)
    names = [task.name for task in tasks.tasks_of(app)]
    assert "celery.mine" in names
    assert "celery.backend_cleanup" in app.tasks and "celery.backend_cleanup" not in names


def test_each_parameter_and_the_result_is_a_place() -> None:
    """In the order of the signature, and each with its own type, however it was written."""

    def ship(when: datetime.datetime, /, order: Order, *rest: int, note: str = "", **more: float) -> bytes: ...

    found = places(ship)
    assert [(str(place), place.kind, place.key) for place in found.values()] == [
        ("t(when: datetime.datetime)", Kind.ARGUMENT, "t.when"),
        ("t(order: Order)", Kind.ARGUMENT, "t.order"),
        ("t(*rest: int)", Kind.REST, "t.rest"),
        ("t(note: str)", Kind.ARGUMENT, "t.note"),
        ("t(**more: float)", Kind.NAMED_REST, "t.more"),
        ("t() -> bytes", Kind.RESULT, "t.return"),
    ]
    assert [place.annotation for place in found.values()] == [datetime.datetime, Order, int, str, float, bytes]


def test_the_task_itself_is_no_argument() -> None:
    """Nobody sends `self`, in whatever Celery has wrapped the function."""

    def bound(self: Any, number: int) -> None: ...

    for options in (
        {},
        {"pydantic": True},
        {"autoretry_for": (ValueError,)},
        {"pydantic": True, "autoretry_for": (OSError,)},
    ):
        assert list(places(bound, bind=True, **options)) == ["number", "return"]


def test_a_class_is_a_task_too() -> None:
    """Its `run` has the signature."""

    class Send(Task):  # type: ignore[misc]
        name = "send"

        def run(self, number: Order) -> int: ...

    app = an_app()
    app.register_task(Send())
    (task,) = tasks.tasks_of(app)
    assert [str(place) for place in tasks.places_of(task)] == ["send(number: Order)", "send() -> int"]
    assert tasks.places_of(task)[0].annotation is Order


def test_one_name_that_does_not_resolve_spoils_no_other() -> None:
    """Each annotation is read by itself."""

    def ship(order: NoSuchOrder, number: int) -> list[NoSuchOrder]: ...  # type: ignore[name-defined] # noqa: F821

    found = places(ship)
    assert found["order"].annotation == Unresolved("NameError: name 'NoSuchOrder' is not defined")
    assert isinstance(found["return"].annotation, Unresolved)
    assert found["number"].annotation is int


def test_what_is_not_annotated_is_known_to_be_so() -> None:
    """It is another thing than a wrong annotation."""
    found = places(nothing)
    assert [place.annotation for place in found.values()] == [inspect.Parameter.empty] * 2
    assert [str(place) for place in found.values()] == ["t(number)", "t() -> ?"]


def test_a_task_may_have_a_serializer_of_its_own() -> None:
    """Arguments by that of the task, results by that of the app."""
    found = places(nothing, an_app(accept_content=["json", "pickle"], result_serializer="pickle"), serializer="json")
    assert {name: place.serializer for name, place in found.items()} == {"number": "json", "return": "pickle"}


@pytest.mark.parametrize(
    ("conf", "name", "said"),
    [
        ({"task_serializer": "pickle"}, "*", "unreadable: ContentDisallowed: the worker accepts json, and not pickle"),
        ({"result_serializer": "pickle"}, "return", "readers of results accept json, and not pickle"),
        ({"result_accept_content": ["application/x-yaml"]}, "return", "readers of results accept yaml, and not json"),
        ({"accept_content": []}, "*", "the worker accepts nothing, and not json"),
        ({"task_serializer": "no_such"}, "*", "refused: SerializerNotInstalled: kombu has no encoder 'no_such' here"),
    ],
)
def test_a_serializer_that_lets_nothing_through_is_a_finding_of_its_own(
    conf: dict[str, Any], name: str, said: str
) -> None:
    """No value needs to be tried for it."""
    found = places(nothing, an_app(**conf))
    assert said in found[name].settled.what
    assert found[name].settled.verdict in (Verdict.UNREADABLE, Verdict.REFUSED)
    assert str(found["*"] if name == "*" else found["number"]) == ("t(...)" if name == "*" else "t(number)")


@pytest.mark.parametrize(
    "conf",
    [
        {
            "accept_content": ["application/x-python-serialize"],
            "task_serializer": "pickle",
            "result_serializer": "pickle",
        },
        {"accept_content": ["json"], "result_accept_content": ["pickle"], "result_serializer": "pickle"},
        {"accept_content": ["pickle", "json"], "task_serializer": "pickle"},
    ],
)
def test_a_serializer_that_is_accepted_is_none(conf: dict[str, Any]) -> None:
    """By its name or its content type, for tasks and for results."""
    assert [place.settled for place in places(nothing, an_app(**conf)).values()] == [None, None]


def test_a_result_that_is_not_stored_meets_no_serializer() -> None:
    """It is told as that, and not as having survived."""
    assert places(tick, ignore_result=True)["return"].settled.what == "ignore_result is set"
    none = Celery("shop", set_as_current=False)
    assert places(tick, none)["return"].settled.what == "no result backend is configured"
    assert places(tick)["return"].settled is None
