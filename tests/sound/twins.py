"""Guilty twins: sound systems with one mistake, and the finding that must give each away.

A mistake is a file in `mistakes/`, which runs before the component does. It is planted into several configurations, far apart in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from described import late, processes
from factors import Configuration
from stormproof import State
from stormproof.lab.proof import Mistake, planted
from stormproof.lab.sound import Sound, Twin

Where = Callable[[Configuration], bool]


@dataclass(frozen=True)
class Planted:
    """One mistake. `patch`: its file's name; `where`: in which configurations it is one; `times`: into how many it is planted."""

    patch: str
    says: str
    expect: tuple[str, ...]
    where: Where
    storm: str = "calm"
    times: int = 3


def _one_mail(c: Configuration) -> bool:
    """Whether `sound.work` ends well at its first attempt, or its second, and its outcome can be read."""
    return c["results"] != "ignored" and c["work"] not in ("fails", "group", "chord", "chain", "replaced", "linked")


def _keeps_until_done(c: Configuration) -> bool:
    """Whether it acknowledges late by its settings alone: a solo pool, which does all in one thread, can do no other."""
    return late(c) and c["pool"] != "solo"


def _readable(c: Configuration) -> bool:
    return c["results"] != "ignored"


MISTAKES: tuple[Planted, ...] = (
    Planted(
        "acknowledged_early",
        "late acknowledgement is switched off again by the task's own option",
        ("acknowledges_late.acknowledged_early",),
        lambda c: _keeps_until_done(c) and c["work"] in ("plain", "seconds", "expires", "large result"),
        times=4,
    ),
    Planted(
        "lost_with_its_worker",
        "late acknowledgement is switched off, and the worker dies",
        ("no_task_lost.lost",),
        lambda c: (
            _keeps_until_done(c)
            and c["work"] in ("plain", "expires", "large argument", "linked")
            and c["rate limit"] != "20/m"
        ),
        storm="worker_killed",
        times=4,
    ),
    Planted(
        "sends_twice",
        "the e-mail is sent twice",
        ("effects_once.effect_doubled",),
        lambda c: c["work"] != "fails",
        times=4,
    ),
    Planted(
        "cut_short",
        "the e-mail's text is cut off",
        ("effects_as_submitted.effect_differs",),
        lambda c: c["work"] != "fails",
        times=2,
    ),
    Planted(
        "failure_swallowed",
        "a mail server that cannot be reached is taken for a success",
        ("effects_once.effect_missing",),
        lambda c: _readable(c) and c["work"] != "fails",
        times=4,
    ),
    Planted(
        "another_result",
        "the status answers with the result of another task",
        ("results_readable.differs",),
        lambda c: _one_mail(c) and c["work"] != "large result",
        times=4,
    ),
    Planted(
        "success_claimed",
        "the status calls a failure a success",
        ("results_readable.contradicts",),
        lambda c: _readable(c) and c["work"] == "fails",
        times=3,
    ),
    Planted(
        "published_twice",
        "the API publishes each task twice, under two ids",
        ("effects_once.effect_doubled",),
        lambda c: c["work"] in ("plain", "countdown", "eta", "expires", "seconds", "large argument"),
        times=3,
    ),
    Planted(
        "not_published",
        "the API says yes before it has published, and forgets every third task",
        ("no_task_lost.lost",),
        _one_mail,
        times=4,
    ),
    Planted(
        "outcomes_forgotten",
        "an outcome can be read once",
        ("results_readable.vanished",),
        _one_mail,
        times=3,
    ),
    Planted(
        "goes_back",
        "a status that was read goes back to PENDING",
        ("legal_states.left_terminal",),
        _readable,
        times=3,
    ),
    Planted(
        "status_fails",
        "the status of a task that has ended is answered with 500",
        ("api_answers.server_error",),
        _readable,
        times=3,
    ),
    Planted(
        "hoards",
        "a worker takes more messages than it can run",
        ("holds_few.hoarded",),
        lambda c: (
            c["acknowledges"] == "late"
            and c["prefetch"] == "1"
            and c["work"] in ("seconds", "long")
            and processes(c) < 4
        ),
        times=2,
    ),
    Planted(
        "result_not_kept",
        "the task's own option ignores its result",
        ("results_readable.missing",),
        _one_mail,
        times=3,
    ),
    Planted(
        "published_again",
        "the API publishes each task twice, under one id",
        ("delivery.executed_twice",),
        lambda c: c["acknowledges"] == "early" and c["work"] in ("plain", "expires", "seconds"),
        times=2,
    ),
    Planted(
        "published_again",
        "the API publishes each task twice, under one id",
        ("effects_once.effect_doubled",),
        lambda c: c["acknowledges"] == "late" and c["work"] in ("plain", "expires", "seconds"),
        times=2,
    ),
    Planted(
        "events_off",
        "the worker sends no events, though they are promised",
        ("events_agree.silent",),
        lambda c: c["events"] == "yes",
        times=2,
    ),
    Planted(
        "dies",
        "the worker leaves after so many tasks, and nobody starts it again",
        ("stays_up.died_in_calm",),
        lambda c: c["workers"] == "1" and c["work"] in ("plain", "seconds", "expires", "large argument"),
        times=2,
    ),
)


def choose(configurations: Mapping[str, Configuration], sound: Iterable[Sound], folder: Path) -> Iterator[Twin]:
    """Each mistake in several configurations, far apart in the list; those that have none yet come first."""
    systems = {(each.system.name, each.scenario.name): each for each in sound}
    used: set[str] = set()
    for planned in MISTAKES:
        fitting = [
            name
            for name, c in configurations.items()
            if planned.where(c) and _plantable(c) and (name, planned.storm) in systems
        ]
        fresh = [name for name in fitting if name not in used]
        for name in _spread(fresh if len(fresh) >= planned.times else fitting, planned.times):
            used.add(name)
            yield _twin(planned, systems[name, planned.storm], folder)


def _plantable(c: Configuration) -> bool:
    """A mistake imports the application, and these two pools want to have patched everything before that."""
    return c["pool"] not in ("gevent", "eventlet")


def _spread(names: list[str], count: int) -> list[str]:
    return [names[len(names) * number // count] for number in range(min(count, len(names)))]


def _twin(planned: Planted, sound: Sound, folder: Path) -> Twin:
    name = f"{sound.system.name}-{planned.patch.replace('_', '-')}"
    system = planted(sound.system, folder / f"{planned.patch}.py").model_copy(update={"name": name})
    mistake = Mistake(
        name=name,
        says=planned.says,
        system=system,
        scenario=sound.scenario,
        state=State.IDLE,
        expect=planned.expect,
    )
    return Twin(of=sound.system.name, mistake=mistake, environment=sound.environment)
