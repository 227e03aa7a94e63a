"""`@stormproof.check_serialization(app)`: a test for each task of an app, which fails where a value would not survive its serializer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celery import Celery

Test = Callable[..., Any]


def check_serialization(
    app: Celery | str,
    *,
    expect: Mapping[str, str | Iterable[str]] | None = None,
    examples: int = 200,
    seed: int = 1,
) -> Callable[[Test], Test]:
    """Run a test once for each task of `app` (Celery's, or `"proj.celery:app"`), with it as the argument `task`.

    It fails, with the smallest example, if an argument or a result would not survive its serializer. It is skipped if nothing
    is found wrong but something is unknown. `expect` names known, harmless changes, such as
    `{"orders.ship.pair": "tuple becomes list"}`; the test fails if one of them no longer happens. `examples` is how many
    values are tried, and `seed` determines which.
    """
    # Neither pytest nor Hypothesis nor Celery is imported where only scenarios are.
    import pytest  # noqa: PLC0415

    from stormproof.errors import UsageError, require  # noqa: PLC0415
    from stormproof.serializers import expecting, tasks  # noqa: PLC0415

    try:
        require("hypothesis")
        found = tasks.tasks_of(tasks.load(app) if isinstance(app, str) else app)
        places = {task.name: tasks.places_of(task) for task in found}
        known = expecting.expected(expect or {}, [place for each in places.values() for place in each])
    except UsageError as error:
        pytest.fail(f"check_serialization: {error}", pytrace=False)

    def decorate(test: Test) -> Test:
        @pytest.mark.parametrize("task", found, ids=[task.name for task in found])
        @functools.wraps(test)
        def checked(*args: Any, task: Any, **kwargs: Any) -> None:
            unknown = _check(places[task.name], known, examples, seed)
            test(*args, task=task, **kwargs)
            if unknown:
                pytest.skip("\n".join(unknown))

        decorated: Test = checked
        return decorated

    return decorate


def _check(places: list[Any], known: Mapping[str, tuple[str, ...]], examples: int, seed: int) -> list[str]:
    """Fail the current test, or return what is unknown."""
    import pytest  # noqa: PLC0415

    from stormproof.checks.verdict import Status  # noqa: PLC0415
    from stormproof.serializers import judging, telling  # noqa: PLC0415

    judged = [judging.judge(place, examples, seed, known.get(place.key, ())) for place in places]
    told = {
        status: [line for each in judged if each.status is status for line in telling.lines(each)] for status in Status
    }
    if told[Status.INVALID]:
        pytest.fail("\n".join(told[Status.INVALID]), pytrace=False)
    return told[Status.UNKNOWN]
