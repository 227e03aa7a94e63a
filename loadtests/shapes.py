"""How many users there are, and when: `--shape NAME`. `--users` is the most of them, and `--run-time` how long it takes."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
from locust import LoadTestShape
from stormproof.campaign import catalogue
from stormproof.errors import UsageError
from stormproof.session.remote import Remote, RemoteError

_LOG = logging.getLogger("stormproof")

Curve = Callable[[float], float]
"""The share of the run that is over (0 to 1) -> the share of the users that are there."""


def _steady(over: float) -> float:
    return 1.0


def _soak(over: float) -> float:
    """All of them, but for a twentieth of the time at each end."""
    return min(1.0, 20 * over, 20 * (1 - over))


def _spike(over: float) -> float:
    """A tenth of them, and for a fifth of the time all of them, at once."""
    return 1.0 if 0.4 <= over < 0.6 else 0.1


def _day(over: float) -> float:
    """A night, a morning, and two hills with a lunch between them, as a business sees them."""
    hills = math.exp(-(((over - 0.42) / 0.1) ** 2)) + 0.85 * math.exp(-(((over - 0.65) / 0.1) ** 2))
    return max(0.05, min(1.0, hills))


CURVES: dict[str, Curve] = {"steady": _steady, "spike": _spike, "soak": _soak, "day": _day}
STEPS = "steps"
NAMES = (*CURVES, STEPS)


class Along(LoadTestShape):
    """Follows a curve."""

    use_common_options = True

    def __init__(self, curve: Curve, users: int, seconds: float) -> None:
        super().__init__()
        self._curve, self._users, self._seconds = curve, users, seconds

    def tick(self) -> tuple[int, float] | None:
        """Users now, and how fast to get there; None at the end."""
        over = self.get_run_time() / self._seconds
        wanted = max(1, round(self._users * self._curve(over))) if over < 1 else None
        return None if wanted is None else (wanted, max(1.0, float(wanted)))


@dataclass(frozen=True)
class Step:
    """What one step showed. `left`: tasks a second that came and were not done, by the broker's own count."""

    users: int
    left: float

    @property
    def holds(self) -> bool:
        """Whether the queue did not grow by more than a task in ten seconds, or a hundredth of what came."""
        return self.left <= max(0.1, 0.01 * self.users)


class Steps(LoadTestShape):
    """More users, step by step, until the queue grows: the highest rate at which it did not is the knee.

    A second look of the same length is taken at a step whose queue grew: one burst is no trend.
    """

    use_common_options = True

    def __init__(self, rate: float, most: int, step: int, seconds: float, waiting: Callable[[], float]) -> None:
        super().__init__()
        self._rate, self._most, self._step, self._seconds, self._waiting = rate, most, step, seconds, waiting
        self._plan = self._climb()
        self._until, self._users = 0.0, 0
        self.knee: Step | None = None

    def tick(self) -> tuple[int, float] | None:
        """Users of this step; None when the knee has been found, or there are no more."""
        if self.get_run_time() >= self._until:
            users = next(self._plan, None)
            if users is None:
                return None
            self._users, self._until = users, self.get_run_time() + self._seconds
        return self._users, float(self._most)

    def _climb(self) -> Iterator[int]:
        for users in range(self._step, self._most + 1, self._step):
            for look in ("first", "second"):
                before = self._waiting()
                yield users
                step = Step(users, (self._waiting() - before) / self._seconds)
                _LOG.info(f"{users * self._rate:g} arrivals/s: {step.left:+.2f} tasks/s left waiting ({look} look)")
                if step.holds:
                    self.knee = step
                    break
            else:
                break
        _LOG.info(self.said)

    @property
    def said(self) -> str:
        """The knee, for people."""
        if self.knee is None:
            return "the knee: below the first step; take fewer users a step"
        if self.knee.users + self._step > self._most:
            return f"the knee: not reached; the queue did not grow at {self.knee.users * self._rate:g} arrivals/s"
        return f"the knee: {self.knee.users * self._rate:g} arrivals/s; one step more, and the queue grew"


class Waiting:
    """How many messages wait in the broker, or are in hand: what the system itself counts, ten times a second."""

    def __init__(self, steer: Path) -> None:
        self.count = 0.0
        self._watching = Remote(steer)
        gevent.spawn(self._watch)

    def _watch(self) -> None:
        try:
            for event in self._watching.watch("sample"):
                if event.get("up") and "queued" in event:
                    self.count = event["queued"] + event.get("unacked", 0)
        except RemoteError:
            pass


def check(options: Any, *, steered: bool) -> None:
    """Raises UsageError for a shape that is not known, and for what cannot be had of a system that somebody else has started;
    ScenarioError for a storm that is none.
    """
    if options.shape and options.shape not in NAMES:
        raise UsageError(f"--shape: {options.shape!r} is not known; it should be one of: {', '.join(NAMES)}")
    if options.shape == STEPS and not steered:
        raise UsageError("--shape steps: whose queue grows is not seen from outside; leave out --host")
    if options.storm and not steered:
        raise UsageError("--storm: only on a system that is started here; leave out --host")
    if options.storm:
        catalogue.load(Path(options.storm))


def shape(options: Any, steer: Path | None) -> LoadTestShape:
    """The shape that the options ask for. `steer`: the socket of the system, where it is steered."""
    seconds, users = float(options.run_time or 60), options.num_users or 10
    if options.shape != STEPS or steer is None:
        return Along(CURVES[options.shape], users, seconds)
    waiting = Waiting(steer)
    return Steps(options.rate, users, max(1, users // 10), max(5.0, seconds / 10), lambda: waiting.count)
