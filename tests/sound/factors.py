"""What ordinary Celery systems differ in: factors, their values, and which values exclude each other, with the reason.

A configuration has one value of each factor. The first value of each is Celery's default, or what most people do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Configuration = Mapping[str, str]
"""Factor -> value."""

FACTORS: dict[str, tuple[str, ...]] = {
    "work": (
        "plain",
        "seconds",
        "long",
        "fails",
        "retried by Celery",
        "retried by hand",
        "countdown",
        "eta",
        "expires",
        "chain",
        "group",
        "chord",
        "linked",
        "replaced",
        "large result",
        "large argument",
    ),
    "celery": ("5.7.0", "5.6.3", "5.5.3", "5.4.0", "5.3.6"),
    "pool": ("prefork", "threads", "solo", "gevent", "eventlet"),
    "concurrency": ("2", "1", "4", "autoscale 4,1"),
    "workers": ("1", "2"),
    "recycled": ("never", "after 1 task", "after 5 tasks", "by memory"),
    "prefetch": ("4", "1", "0"),
    "acknowledges": ("early", "late"),
    "after a failure": ("acknowledges", "rejects"),
    "rate limit": ("none", "20/m", "5/s"),
    "time limits": ("none", "soft", "hard", "both"),
    "queues": ("celery", "renamed", "routed", "by pattern", "not described"),
    "database": ("0", "1", "7", "15"),
    "broker prefix": ("none", "shop:"),
    "priorities": ("none", "four steps", "ten steps"),
    "separator": ("default", "colon"),
    "visibility timeout": ("3600", "43200", "60"),
    "login": ("none", "password", "ACL user"),
    "results": ("another database", "the same database", "another Redis", "SQL", "ignored"),
    "results prefix": ("none", "results:"),
    "serializer": ("json", "pickle", "yaml", "msgpack"),
    "compression": ("none", "zlib", "bzip2"),
    "extended results": ("no", "yes"),
    "track started": ("no", "yes"),
    "events": ("no", "yes"),
    "time zone": ("UTC", "Asia/Shanghai"),
    "api": ("sync", "async", "threads"),
}


@dataclass(frozen=True)
class Rule:
    """What cannot be, or is not sound: `says` is the reason, `factors` are those that it looks at, `allows` tells whether they may be so."""

    says: str
    factors: tuple[str, ...]
    allows: Callable[[Configuration], bool]


def _only(says: str, factor: str, values: tuple[str, ...], where: str, needs: tuple[str, ...]) -> Rule:
    """Values of a factor that need certain values of another."""
    return Rule(says, (factor, where), lambda c: c[factor] not in values or c[where] in needs)


_SLOW = ("long", "seconds")
_PARTS = ("group", "chord")
_IN_REDIS = ("another database", "the same database", "another Redis")

RULES: tuple[Rule, ...] = (
    _only("the solo pool runs one task at a time", "pool", ("solo",), "concurrency", ("1",)),
    _only("we let the prefork pool alone grow and shrink", "concurrency", ("autoscale 4,1",), "pool", ("prefork",)),
    _only(
        "only the prefork pool replaces its processes",
        "recycled",
        ("after 1 task", "after 5 tasks", "by memory"),
        "pool",
        ("prefork",),
    ),
    _only(
        "only the prefork pool enforces both time limits",
        "time limits",
        ("soft", "hard", "both"),
        "pool",
        ("prefork",),
    ),
    _only("only Redis has keys with a prefix", "results prefix", ("results:",), "results", _IN_REDIS),
    _only(
        "a group, a chord and a large result are made to be read",
        "work",
        (*_PARTS, "large result"),
        "results",
        (*_IN_REDIS, "SQL"),
    ),
    _only("what is ignored is not extended", "extended results", ("yes",), "results", (*_IN_REDIS, "SQL")),
    _only("what is ignored has no state `started`", "track started", ("yes",), "results", (*_IN_REDIS, "SQL")),
    _only(
        "PyYAML takes seconds for each megabyte",
        "work",
        ("large result", "large argument"),
        "serializer",
        ("json", "pickle", "msgpack"),
    ),
    _only(
        "PyYAML's safe dumper refuses a signature, which these carry in their message",
        "work",
        ("chain", "chord", "linked"),
        "serializer",
        ("json", "pickle", "msgpack"),
    ),
    _only(
        "a visibility timeout is longer than tasks wait and last together",
        "visibility timeout",
        ("60",),
        "work",
        tuple(value for value in FACTORS["work"] if value not in _SLOW),
    ),
    _only(
        "a visibility timeout is longer than tasks wait for a rate limit",
        "visibility timeout",
        ("60",),
        "rate limit",
        ("none", "5/s"),
    ),
    _only("a rate limit of one task in 3 s is for short tasks", "work", _SLOW, "rate limit", ("none", "5/s")),
)
"""Each with its reason. What is not here can be combined."""


def allowed(configuration: Configuration) -> bool:
    """Whether the configuration breaks no rule."""
    return all(rule.allows(configuration) for rule in RULES)
