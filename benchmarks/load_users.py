"""The users that `load.py` compares, for Locust: what a person would write without us, and ours.

Where the system is steered, ours note all that they do in its history and are told of all that happens; the plain ones only post. What each has cost
in a window of time, after a while of running warm, is written as JSON to the file that the environment names.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import gevent
import psutil
from locust import FastHttpUser, events, task

sys.path.insert(0, str(Path(__file__).parents[1] / "loadtests"))
from stormproof.session.remote import Remote
from target import Target
from task_rows import TaskRows
from users import Arriving, FollowUser, SubmitUser

WARM_S = 2.0
ROUTE = "/send-email"


class Plain(FastHttpUser):
    """Posts, and does nothing else: at once again when it has its answer, or `--rate` times a second."""

    run_name: ClassVar[str]
    numbers = itertools.count(os.getpid() * 1_000_000)

    def wait_time(self) -> float:
        """Until the next second's share, or none."""
        rate = self.environment.parsed_options.rate
        now = time.monotonic()
        self._due = max(now, getattr(self, "_due", now) + 1 / rate) if rate < SATURATING else now
        return float(self._due - now)

    @task
    def post(self) -> None:
        """Another e-mail each time, or it would be the same task."""
        key = f"storm-{self.run_name}-{next(self.numbers)}"
        self.client.post(ROUTE, json={"recipient": f"{key}@example.org", "content": f"Hello from {key}"})


SATURATING = 10_000.0
"""Arrivals a second of each user that nobody can keep up with."""


class Ours(SubmitUser):
    """As many under way as plain users have: one each. Arrivals come when they come, and those that are late wait."""

    most_in_flight = 1


class OursOpen(SubmitUser):
    """As it is, with as many under way as it may have."""


class OursFollow(FollowUser):
    """As it is."""


@events.init_command_line_parser.add_listener
def options(parser: Any) -> None:
    """As the locustfile has them."""
    parser.add_argument("--rate", type=float, default=SATURATING)
    parser.add_argument("--steer", default="")
    parser.add_argument("--window-s", type=float, default=5.0)
    parser.add_argument("--to", default="")


@events.init.add_listener
def aim(environment: Any, **_: Any) -> None:
    """At a system that is steered."""
    remote = Remote(Path(environment.parsed_options.steer))
    target = Target.steered(remote)
    environment.host, Plain.run_name = target.url, target.run
    if Plain not in environment.user_classes:
        Arriving.target, Arriving.rows = target, TaskRows(target, environment.events.request.fire, remote)


@events.spawning_complete.add_listener
def measure(user_count: int, **_: Any) -> None:
    """Warm up, look, wait, look again, and end."""
    gevent.spawn(_window)


_ENVIRONMENTS: list[Any] = []
events.init.add_listener(lambda environment, **_: _ENVIRONMENTS.append(environment))


def _window() -> None:
    environment = _ENVIRONMENTS[0]
    gevent.sleep(WARM_S)
    first = _look(environment)
    gevent.sleep(environment.parsed_options.window_s)
    last = _look(environment)
    spent = {name: last[name] - value for name, value in first.items()}
    Path(environment.parsed_options.to).write_text(json.dumps(spent))
    environment.process_exit_code = 0  # What fails as the users are sent away is not compared.
    environment.runner.quit()


def _look(environment: Any) -> dict[str, float]:
    gc.collect()
    rows = environment.stats.entries
    return {
        "requests": rows[ROUTE, "POST"].num_requests,
        "failures": rows[ROUTE, "POST"].num_failures,
        "followed": rows["due to seen as done", "TASK"].num_requests,
        "seconds": time.monotonic(),
        "cpu_s": time.process_time(),
        "rss_bytes": psutil.Process().memory_info().rss,
    }
