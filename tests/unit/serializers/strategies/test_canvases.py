"""Canvases are valid, and of all sorts that hurt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import celery
import pytest
from celery import canvas as celery_canvas
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from kombu.utils import json as kombu_json
from stormproof.serializers.strategies import canvases, chains, chords, groups, maps, signatures

PATIENT = settings(
    database=None, deadline=None, max_examples=2000, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def plain(canvas: Any) -> Any:
    """As JSON has it."""
    return json.loads(kombu_json.dumps(canvas))


def within(canvas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All canvases in a plain one."""
    for place in ("tasks", "header", "body"):
        inner = canvas["kwargs"].get(place) or []
        for each in inner if isinstance(inner, list) else [inner]:
            yield each
            yield from within(each)


def holds(kind: str, inner: str) -> Callable[[Any], bool]:
    """Whether there is such a canvas directly within such another."""

    def does(canvas: Any) -> bool:
        made = plain(canvas)
        outer = [each for each in (made, *within(made)) if each["subtask_type"] == kind]
        return any(each["subtask_type"] == inner for one in outer for each in within(one))

    return does


SOME: list[tuple[st.SearchStrategy[Any], Callable[[Any], bool]]] = [
    (signatures(), lambda c: c.options.get("link")),
    (signatures(), lambda c: c.options.get("link_error")),
    (signatures(), lambda c: c.immutable),
    (signatures(), lambda c: "expires" in c.options),
    (signatures(), lambda c: c.args and c.kwargs),
    (signatures(st.just("given")), lambda c: c.args == ("given",)),
    (chains(), lambda c: c.options.get("link_error")),
    (chains(), lambda c: c.options.get("link")),
    (chains(), lambda c: c.immutable),
    (chains(), lambda c: len(c.tasks) == 1),
    (chains(), lambda c: len(c.tasks) == 3),
    (groups(), lambda c: not c.tasks),
    (groups(), lambda c: len(c.tasks) == 3),
    (chords(), lambda c: len(c.tasks) == 3),
    (maps(), lambda c: isinstance(c, celery_canvas.xmap)),
    (maps(), lambda c: isinstance(c, celery_canvas.xstarmap)),
    (maps(), lambda c: isinstance(c, celery_canvas.chunks)),
    (canvases(), holds("chain", "group")),
    (canvases(), holds("chain", "chord")),
    (canvases(), holds("chord", "group")),
    (canvases(), holds("chord", "chain")),
    (canvases(), holds("group", "group")),
    (canvases(), holds("group", "chord")),
    (canvases(), lambda c: any(each["task"] == "celery.map" for each in within(plain(c)))),
]


@pytest.mark.parametrize(("drawn", "is_hard"), SOME)
def test_canvases_of_each_hard_sort_are_drawn(drawn: st.SearchStrategy[Any], is_hard: Callable[[Any], bool]) -> None:
    """`find` raises where there is none."""
    assert is_hard(find(drawn, lambda canvas: bool(is_hard(canvas)), settings=PATIENT))


@given(canvases())
def test_every_canvas_is_one_that_celery_understands(canvas: Any) -> None:
    """It can be made anew of its JSON, shown and cloned."""
    assert isinstance(canvas, celery.Signature)
    assert repr(celery.signature(plain(canvas)))
    assert canvas.clone().task == canvas.task


@given(canvases())
def test_no_canvas_has_a_group_of_none(canvas: Any) -> None:
    """Celery cannot build all of the others of such."""
    made = plain(canvas)
    assert all(each["kwargs"]["tasks"] for each in (made, *within(made)) if each["subtask_type"] == "group")


@given(groups(st.just(celery.Signature("a")), least=2))
def test_a_group_has_the_least_number_of_members(group: Any) -> None:
    """Where it is asked for."""
    assert len(group.tasks) >= 2
