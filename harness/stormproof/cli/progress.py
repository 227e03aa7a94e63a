"""One live line for each storm in progress; without a terminal, a few plain lines."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from stormproof.campaign.conduct import Job
from stormproof.report import words
from stormproof.runs.store import Run


class Progress:
    """Shows progress. Use as a context manager around `total` jobs."""

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total, self._finished = console, total, 0
        self._began = time.monotonic()
        self._now: dict[int, tuple[Job, str, float]] = {}
        self._live = Live(console=console, refresh_per_second=8, transient=True, get_renderable=self._render)

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def phase(self, job: Job, name: str) -> None:
        """Record that a job's next phase began."""
        began = self._now[id(job)][2] if id(job) in self._now else time.monotonic()
        self._now[id(job)] = (job, name, began)

    def done(self, job: Job) -> None:
        """Record that a job ended."""
        self._now.pop(id(job), None)
        self._finished += 1

    def say(self, lines: list[str]) -> None:
        """Print lines that stay on the screen."""
        for line in lines:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def finished(self, job: Job, run: Run) -> None:
        """Print a line for a job that ended; it stays on the screen."""
        self.done(job)
        self.say([f"[{self._finished:>2}/{self._total}] {job.title:<34} {job.system.name:<9} {words.summary(run)}"])

    def _render(self) -> Group:
        now = time.monotonic()
        rows = [
            Spinner("dots", Text(f"{job.title:<34} {job.system.name:<9} {name:<8} {now - began:4.0f} s"))
            for job, name, began in list(self._now.values())
        ]
        done = f"{self._finished} of {self._total} runs done"
        return Group(*rows, Text(done + time_left(now - self._began, self._finished, self._total)))


def time_left(took_s: float, finished: int, total: int) -> str:
    """Return an estimate of the remaining time, for the end of a line; empty if too few runs have ended."""
    if finished < min(3, total) or finished == total:
        return ""
    left_s = took_s / finished * (total - finished)
    return f", about {left_s / 60:.0f} min left" if left_s >= 90 else f", about {left_s:.0f} s left"
