"""A configuration as the description of a system: processes, settings, promises."""

from __future__ import annotations

import json
import math
from typing import Any

from factors import Configuration

_PASSWORD = "correct-horse"
_LARGE_BYTES = 3_000_000
_LASTS_S = {"seconds": (1.0, 4.0), "long": (15.0, 15.0)}
_STEPS = {"none": (), "four steps": (0, 3, 6, 9), "ten steps": tuple(range(10))}
_LIMITS_S = {
    "soft": ("task_soft_time_limit",),
    "hard": ("task_time_limit",),
    "both": ("task_soft_time_limit", "task_time_limit"),
}
_RECYCLED = {
    "after 1 task": {"worker_max_tasks_per_child": 1},
    "after 5 tasks": {"worker_max_tasks_per_child": 5},
    # A process has more than this as it starts: it is replaced after each task.
    "by memory": {"worker_max_memory_per_child": 20_000},
}
_COMPRESSION = {"none": None, "zlib": "zlib", "bzip2": "bzip2"}


def processes(c: Configuration) -> int:
    """How many tasks its workers run at once, at most."""
    return int(c["workers"]) * (4 if c["concurrency"].startswith("autoscale") else int(c["concurrency"]))


def starts_every_s(c: Configuration) -> float:
    """How much time passes from one task's start to the next one's, on average, where enough of them wait."""
    shortest, longest = _LASTS_S.get(c["work"], (0.0, 0.2))
    limit_s = {"none": 0.0, "20/m": 3.0, "5/s": 0.2}[c["rate limit"]]
    return max((shortest + longest) / 2 / processes(c), limit_s / int(c["workers"]))


def tasks(c: Configuration, most: int, least: int) -> int:
    """So many that they take about a quarter of a minute, between the two bounds."""
    return max(least, min(most, math.floor(15 / starts_every_s(c))))


def late(c: Configuration) -> bool:
    """Whether a task's message outlives its worker."""
    return c["acknowledges"] == "late"


def describe(c: Configuration, *, calm: bool) -> dict[str, Any]:
    """The values of the description. `calm`: nothing is struck, so each submission has exactly one effect."""
    env = {
        "SOUND_SETTINGS": json.dumps(_settings(c)),
        "SMTP_HOST": "{smtp.host}",
        "SMTP_PORT": "{smtp.port}",
        # Celery refuses to unpickle as root, whatever it was told.
        **({"C_FORCE_ROOT": "1"} if c["serializer"] == "pickle" else {}),
    }
    return {
        "redis": _redis(c),
        "results": {"another Redis": "results", "SQL": None, "ignored": None}.get(c["results"], "broker"),
        "queues": ["celery"] if c["queues"] == "not described" else list(dict.fromkeys(["celery", *_queues(c)])),
        "env": env,
        "components": {
            "api": {
                "role": "api",
                "command": [
                    "{python}",
                    "-m",
                    "uvicorn",
                    "app.api:api",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    "{port}",
                    "--no-access-log",
                ],
                "ready": {"http": "/openapi.json"},
            },
            "worker": {"role": "worker", "command": _worker(c), "replicas": int(c["workers"])},
        },
        "submit": {"path": "/work", "json": {"key": "{key}"}, "accept": [202]},
        "status": {"path": "/work/{task_id}", "running": ["STARTED"] if c["track started"] == "yes" else []},
        "promises": _promises(c, calm=calm),
    }


def _redis(c: Configuration) -> dict[str, Any]:
    config = {
        "password": {"requirepass": _PASSWORD},
        "ACL user": {"user": f"shop on >{_PASSWORD} ~* &* +@all"},
    }.get(c["login"], {})
    one = {"config": config} if config else {}
    return {"broker": one, **({"results": one} if c["results"] == "another Redis" else {})}


def _url(c: Configuration, store: str, database: int) -> str:
    login = {"password": f":{_PASSWORD}@", "ACL user": f"shop:{_PASSWORD}@"}.get(c["login"], "")
    return f"redis://{login}{{redis.{store}.host}}:{{redis.{store}.port}}/{database}"


def _result_backend(c: Configuration) -> str | None:
    number = int(c["database"])
    return {
        "another database": _url(c, "broker", number + 1 if number < 15 else 0),
        "the same database": _url(c, "broker", number),
        "another Redis": _url(c, "results", 0),
        "SQL": "db+sqlite:///{work}/results.sqlite3",
        "ignored": None,
    }[c["results"]]


def _queues(c: Configuration) -> tuple[str, ...]:
    """The queues that are in use."""
    return {
        "celery": ("celery",),
        "renamed": ("jobs",),
        "routed": ("celery", "mail"),
        "by pattern": ("celery", "sound"),
        "not described": ("celery", "elsewhere"),
    }[c["queues"]]


def _routes(c: Configuration) -> dict[str, Any]:
    return {
        "celery": {},
        "renamed": {"task_default_queue": "jobs"},
        "routed": {"task_routes": {"sound.work": {"queue": "mail"}}},
        "by pattern": {"task_routes": {"sound.*": {"queue": "sound"}}},
        "not described": {"task_routes": {"sound.work": {"queue": "elsewhere"}}},
    }[c["queues"]]


def _transport(c: Configuration) -> dict[str, Any]:
    steps = _STEPS[c["priorities"]]
    return {
        "visibility_timeout": int(c["visibility timeout"]),
        **({"global_keyprefix": c["broker prefix"]} if c["broker prefix"] != "none" else {}),
        **({"priority_steps": steps, "queue_order_strategy": "priority"} if steps else {}),
        **({"sep": ":"} if c["separator"] == "colon" else {}),
    }


def _settings(c: Configuration) -> dict[str, Any]:
    """What the application reads: see `app/settings.py`."""
    ignored = c["results"] == "ignored"
    celery = {
        "broker_url": _url(c, "broker", int(c["database"])),
        "broker_transport_options": _transport(c),
        "broker_connection_retry_on_startup": True,
        "result_backend": _result_backend(c),
        "task_ignore_result": ignored,
        "result_extended": c["extended results"] == "yes",
        "task_track_started": c["track started"] == "yes",
        "task_serializer": c["serializer"],
        "result_serializer": c["serializer"],
        "accept_content": list(dict.fromkeys([c["serializer"], "json"])),
        "task_compression": _COMPRESSION[c["compression"]],
        "result_compression": _COMPRESSION[c["compression"]],
        "task_acks_late": late(c),
        "task_reject_on_worker_lost": late(c),
        "task_acks_on_failure_or_timeout": c["after a failure"] == "acknowledges",
        "worker_prefetch_multiplier": int(c["prefetch"]),
        "worker_send_task_events": c["events"] == "yes",
        "task_send_sent_event": c["events"] == "yes",
        "timezone": c["time zone"],
        **(
            {"result_backend_transport_options": {"global_keyprefix": c["results prefix"]}}
            if c["results prefix"] != "none"
            else {}
        ),
        **dict.fromkeys(_LIMITS_S.get(c["time limits"], ()), 60),
        **({"task_time_limit": 70} if c["time limits"] == "both" else {}),
        **_RECYCLED.get(c["recycled"], {}),
        **_routes(c),
    }
    return {
        "celery": celery,
        "work": c["work"],
        "task": {"rate_limit": c["rate limit"]} if c["rate limit"] != "none" else {},
        "lasts_s": _LASTS_S.get(c["work"], (0.0, 0.2)),
        "bytes": [
            _LARGE_BYTES if c["work"] == "large argument" else 0,
            _LARGE_BYTES if c["work"] == "large result" else 0,
        ],
        "priorities": 10 if c["priorities"] != "none" else 0,
        "queues": _queues(c) if c["queues"] == "routed" else [],
        "reads_results": not ignored,
        "api": c["api"],
    }


def _worker(c: Configuration) -> list[str]:
    alone = c["concurrency"].removeprefix("autoscale ")
    size = [f"--concurrency={alone}"] if alone == c["concurrency"] else [f"--autoscale={alone}"]
    return [
        *("{python}", "-m", "celery", "-A", "app.worker", "worker", "--loglevel=INFO", f"--pool={c['pool']}"),
        *size,
        f"--queues={','.join(_queues(c))}",
        # Two workers of one machine need names of their own.
        "--hostname=worker-{port}@%h",
    ]


def _promises(c: Configuration, *, calm: bool) -> dict[str, Any]:
    sends = calm and c["work"] != "fails"
    answers = c["results"] != "ignored" and c["work"] not in ("fails", "group")
    return {
        "delivery": "at_least_once" if late(c) else "at_most_once",
        **(
            {"effects": "once", "effects_to": "{key}@example.org", "effects_contain": ["Hello from {key}"]}
            if sends
            else {}
        ),
        **({"result_contains": ["{key}"]} if answers else {}),
        # One processor serves everybody here.
        "api_deadline_s": 5.0,
        # A group's id is that of no message.
        **({"acknowledges": "late"} if late(c) and c["work"] != "group" else {}),
        **({"in_hand": processes(c)} if _holds_few(c) else {}),
        **({"events": True} if c["events"] == "yes" else {}),
        **({"results": "ignored"} if c["results"] == "ignored" else {}),
    }


def _holds_few(c: Configuration) -> bool:
    """Whether a worker takes no more than it can run. What waits for its time (a countdown, a retry) is taken besides; so is the task by which
    Celery asks every second whether a chord's parts are done, where a backend cannot count them.
    """
    waits = c["work"] in ("countdown", "eta", "retried by Celery", "retried by hand")
    waits = waits or (c["work"] == "chord" and c["results"] == "SQL")
    return late(c) and c["prefetch"] == "1" and not waits and not c["concurrency"].startswith("autoscale")
