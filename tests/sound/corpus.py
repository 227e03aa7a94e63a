"""The sound systems, and the guilty twins of some: values for `stormproof prove`.

`configurations.csv` is the list, which `generate.py` writes; `described.py` makes a system of a row. Nothing here starts anything.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from described import describe, late, tasks
from factors import FACTORS, Configuration
from stormproof import Injection, Kill, Misbehave, Pause, Scenario, Workload
from stormproof.lab.sound import Corpus, Sound
from stormproof.lab.versions import Environment
from stormproof.spec.description import described
from stormproof.spec.system import System
from twins import choose

HERE = Path(__file__).parent

ENVIRONMENTS = {
    "5.3.6": Environment(packages=("celery==5.3.6", "kombu==5.3.4", "redis==5.0.1")),
    "5.4.0": Environment(packages=("celery==5.4.0", "kombu==5.3.7", "redis==5.0.4")),
    "5.5.3": Environment(packages=("celery==5.5.3", "kombu==5.5.4", "redis==5.2.1")),
    "5.6.3": Environment(packages=("celery==5.6.3", "kombu==5.6.2", "redis==6.4.0")),
    "5.7.0": Environment(packages=("celery==5.7.0", "kombu==5.7.0", "redis==8.1.0")),
}
COMMON = (
    "eventlet>=0.40",
    "fastapi>=0.120",
    "gevent>=25",
    "msgpack>=1.1",
    "packaging",
    "pyyaml>=6",
    "sqlalchemy>=2",
    "uvicorn>=0.38",
)

SETTLE_S = 180.0
"""A single process with tasks of seconds is long at work on what the storm has left, and on what looks for its recovery."""

CALM = Scenario(name="calm", title="no fault at all", workload=Workload(tasks=12, rate_per_s=6), settle_s=SETTLE_S)
KILLED = Scenario(
    name="worker_killed",
    title="the worker and all its processes are killed in mid-task, and started again after 1 s",
    workload=Workload(tasks=8, rate_per_s=8),
    settle_s=SETTLE_S,
    storm=(
        # Long enough for a first task that waits for its countdown or for a rate limit.
        Injection(fault=Misbehave(do="hold", place=0), for_s=8.0),
        # Not as it begins: what acknowledges early does so a moment after that. And not while tasks arrive: a message that a dying worker has
        # popped and not yet noted is lost, whatever was promised.
        Injection(fault=Kill(component="worker"), started=0, at_s=5.0, for_s=1.0),
    ),
)
FROZEN = Scenario(
    name="worker_frozen",
    title="the worker and all its processes are stopped for 3 s while tasks arrive, and then go on",
    workload=Workload(tasks=8, rate_per_s=4),
    settle_s=SETTLE_S,
    storm=(Injection(fault=Pause(component="worker"), at_s=1.0, for_s=3.0),),
)

SAMPLE: dict[str, Callable[[Configuration], bool]] = {
    "a rate limit that several tasks wait for": lambda c: c["rate limit"] == "20/m",
    "pool processes that last for one task": lambda c: c["recycled"] == "after 1 task",
    "late acknowledgement in another database": lambda c: c["database"] != "0" and late(c),
    "a prefix of the broker's keys": lambda c: c["broker prefix"] != "none",
    "ten priorities, and another separator": lambda c: c["priorities"] == "ten steps" and c["separator"] == "colon",
    "a queue that the description does not name": lambda c: c["queues"] == "not described",
    "tasks that last longer than `stall_s`": lambda c: c["work"] == "long" and c["concurrency"] == "1",
    "a pool that grows": lambda c: c["concurrency"].startswith("autoscale"),
    "threads that open a connection each": lambda c: c["api"] == "threads",
    "a result of 3 MB": lambda c: c["work"] == "large result",
    "results that are ignored": lambda c: c["results"] == "ignored",
    "results in SQL": lambda c: c["results"] == "SQL",
    "a task that another one replaces": lambda c: c["work"] == "replaced",
    "a password": lambda c: c["login"] == "password",
    "an ACL user": lambda c: c["login"] == "ACL user",
    "two workers": lambda c: c["workers"] == "2",
    "greenlets": lambda c: c["pool"] in ("gevent", "eventlet"),
}
"""What a few systems that stand for all must show between them."""


def configurations() -> list[Configuration]:
    """The rows of the list."""
    with (HERE / "configurations.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def name_of(number: int) -> str:
    """How the configuration of this row is called, the first being 1."""
    return f"sound-{number:03d}"


def system(name: str, c: Configuration, scenario: Scenario) -> System:
    """The system of a configuration, with what it promises in this storm."""
    values = {"name": name, **describe(c, calm=scenario.calm)}
    return described(values, HERE, f"{HERE / 'configurations.csv'}: {name}")


def storms(c: Configuration) -> Iterator[Scenario]:
    """What it is promised to survive, with as many tasks as it can do in a quarter of a minute."""
    yield _sized(CALM, c, least=3)
    if c["work"] == "long":
        return  # A task each second is sent to see whether it has recovered: these would be minutes of work.
    if not late(c):
        # Nothing more: what has begun dies with its worker, and one that is terminated while messages arrive loses what it has just popped.
        yield _sized(FROZEN, c, least=4)
    elif c["work"] != "chord":  # A part of a chord that is done again is counted again.
        yield _sized(KILLED, c, least=4)


def _sized(scenario: Scenario, c: Configuration, least: int) -> Scenario:
    load = msgspec.structs.replace(scenario.workload, tasks=tasks(c, scenario.workload.tasks, least))
    return msgspec.structs.replace(scenario, workload=load)


def sample(rows: list[tuple[int, Configuration]]) -> tuple[str, ...]:
    """The names of a few systems that show all of `SAMPLE`: again and again the one that shows most of what is missing."""
    missing, chosen = set(SAMPLE), []
    while missing:
        number, c = max(rows, key=lambda row: sum(SAMPLE[each](row[1]) for each in missing))
        missing -= {each for each in missing if SAMPLE[each](c)}
        chosen.append(name_of(number))
    return tuple(chosen)


def says(c: Configuration) -> str:
    """What is not as most people have it."""
    special = [f"{name} {value}" for name, value in c.items() if value != FACTORS[name][0]]
    return ", ".join(
        [
            f"{c['work']} work on celery {c['celery']}",
            *(each for each in special if not each.startswith(("work ", "celery "))),
        ]
    )


def sound(number: int, c: Configuration) -> list[Sound]:
    """One for each of its storms."""
    name = name_of(number)
    return [
        Sound(says=says(c), system=system(name, c, scenario), scenario=scenario, environment=c["celery"])
        for scenario in storms(c)
    ]


_rows = list(enumerate(configurations(), 1))
_sound = tuple(each for number, c in _rows for each in sound(number, c))

corpus = Corpus(
    environments=ENVIRONMENTS,
    common=COMMON,
    sound=_sound,
    twins=tuple(choose({name_of(number): c for number, c in _rows}, _sound, HERE / "mistakes")),
    sample=sample(_rows),
)
