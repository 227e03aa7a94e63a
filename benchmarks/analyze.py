"""What it costs to judge a long history: load it, and have every check look at it.

    python benchmarks/analyze.py [--events 1000000]

Writes valid histories of a system under steady load after a storm, of a quarter, a half and all of the events, and
judges each in a process of its own. The goals for 1,000,000 events: at most 5 s, at most 1 GB, and time that grows as the
history does. CPU seconds are printed too, because other work on the machine stretches the others.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from stormproof import checks
from stormproof.checks.verdict import Status, merge
from stormproof.history import (
    AnyEvent,
    CeleryEvent,
    Closed,
    Effect,
    Fault,
    History,
    Invoked,
    Phase,
    Probe,
    ProbeWord,
    Process,
    ProcessSample,
    Purpose,
    Quiescence,
    Returned,
    Sample,
    encode,
)

SEED = 5
TASKS_PER_S = 50.0
WARMUP, RECOVERY = 8000, 7000
WORKER, CHILDREN = 4000, (4001, 4002, 4003, 4004)


def all_checks() -> tuple[checks.Check, ...]:
    return (
        checks.NoTaskLost(),
        checks.Delivery(promise="at_least_once"),
        checks.EffectsOnce(),
        checks.NoPhantom(),
        checks.ResultsReadable(),
        checks.LegalStates(pending=("PENDING",), success=("SUCCESS",), failure=("FAILURE",)),
        checks.ApiAnswers(deadline_s=2.0),
        checks.KeepsConsuming(stall_s=12.0),
        checks.RecoversWithin(recovery_s=20.0),
        checks.NoResidue(),
        checks.EventsAgree(),
        checks.FaultHappened(planned=("pause",)),
        checks.RunComplete(),
    )


class Story:
    """Makes up the events of a run. Operations are numbered as they begin."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._op = 0
        self._read: list[tuple[str, str]] = []
        self._sampled_t = 0.0

    def events(self, count: int) -> Iterator[AnyEvent]:
        """About `count` events: start, warm-up, storm, settling, and reading each result again."""
        yield Phase(t=0.0, name="start")
        for component, role, pid in (("api", "api", 3000), ("worker", "worker", WORKER)):
            yield Process(t=0.1, component=component, role=role, pid=pid, word="started")
            yield Process(t=0.9, component=component, role=role, pid=pid, word="ready")
        t, written = 1.0, 5
        yield Phase(t=t, name="warmup")
        yield from self._task(t, f"storm-00ab-{WARMUP}", "warmup")
        yield from self._samples(2.0)
        yield Phase(t=2.0, name="storm")
        yield Fault(t=2.0, fault="0.0", name="pause", stage="injected", target="redis.broker")
        yield Fault(t=2.1, fault="0.0", name="pause", stage="bit", target="redis.broker", detail="it did not answer")
        yield Fault(t=4.0, fault="0.0", name="pause", stage="healed", target="redis.broker")
        t = 4.0
        yield Phase(t=t, name="recover")
        yield from self._task(t, f"storm-00ab-{RECOVERY}", "recovery")
        place = 10_000
        while written + 2 * len(self._read) + 40 < count:
            t += self._random.expovariate(TASKS_PER_S)
            for event in (*self._task(t, f"storm-00ab-{place}", "workload"), *self._samples(t)):
                written += 1
                yield event
            place += 1
        yield Phase(t=t, name="settle")
        yield from self._samples(t + 1)
        yield Quiescence(t=t + 1, proved=True, detail="nothing queued, unacknowledged, executing or held back")
        yield Phase(t=t + 1, name="read")
        for key, task_id in self._read:
            yield from self._status(t + 1, key, task_id, "SUCCESS", "workload")
        yield Phase(t=t + 2, name="stop")

    def _task(self, t: float, key: str, purpose: Purpose) -> Iterator[AnyEvent]:
        task_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        self._read.append((key, task_id))
        self._op += 1
        op, pid = self._op, self._random.choice(CHILDREN)

        def probe(after_s: float, pid: int, word: ProbeWord, value: str = "", detail: str = "") -> Probe:
            return Probe(
                t=t + after_s,
                component="worker",
                pid=pid,
                parent=WORKER,
                word=word,
                task_id=task_id,
                task="send_email_task",
                key=key,
                value=value,
                detail=detail,
            )

        yield Invoked(t=t, op=op, kind="submit", key=key, client=op % 4, purpose=purpose)
        yield CeleryEvent(t=t + 0.004, word="sent", task_id=task_id, hostname="gen3000@host")
        yield Returned(t=t + 0.005, op=op, outcome="ok", http_status=202, task_id=task_id)
        yield probe(0.006, WORKER, "received")
        yield CeleryEvent(t=t + 0.006, word="received", task_id=task_id, hostname="celery@host")
        yield from self._status(t + 0.007, key, task_id, "PENDING", purpose)
        yield probe(0.010, pid, "started")
        yield CeleryEvent(t=t + 0.011, word="started", task_id=task_id, hostname="celery@host")
        yield from self._status(t + 0.012, key, task_id, "STARTED", purpose)
        if self._random.random() < 0.05:
            yield probe(0.020, pid, "retried", detail="ConnectionRefusedError: [Errno 111]")
            yield CeleryEvent(t=t + 0.021, word="retried", task_id=task_id, hostname="celery@host")
            yield probe(0.030, pid, "started")
        yield Effect(t=t + 0.040, key=key, recipient=f"{key}@example.org", message_id=f"<{task_id}@example.org>")
        value = f'{{"status":"sent","recipient":"{key}@example.org"}}'
        yield probe(0.041, pid, "succeeded", value=value)
        yield CeleryEvent(t=t + 0.042, word="succeeded", task_id=task_id, hostname="celery@host")
        yield from self._status(t + 0.050, key, task_id, "SUCCESS", purpose)

    def _status(self, t: float, key: str, task_id: str, state: str, purpose: Purpose) -> Iterator[AnyEvent]:
        self._op += 1
        ended = state == "SUCCESS"
        yield Invoked(t=t, op=self._op, kind="status", key=key, task_id=task_id, client=self._op % 4, purpose=purpose)
        yield Returned(
            t=t + 0.003,
            op=self._op,
            outcome="ok",
            http_status=200,
            task_id=task_id,
            state=state,
            terminal=ended,
            success=ended,
            value=f'{{"recipient": "{key}@example.org", "status": "sent"}}' if ended else "",
        )

    def _samples(self, t: float) -> Iterator[AnyEvent]:
        if t - self._sampled_t < 0.1:
            return
        self._sampled_t = t
        for store in ("broker", "results"):
            memory = 1_000_000 + self._random.randrange(10_000)
            queued = 3 if store == "broker" else 0
            yield Sample(t=t, store=store, up=True, queued=queued, connections=9, memory_bytes=memory, keys=3)
        for component in ("api", "worker"):
            yield ProcessSample(t=t, component=component, rss_bytes=60_000_000, processes=5)


def write(path: Path, count: int) -> int:
    """Write a history of about `count` events and return how many they are."""
    events = [*Story(SEED).events(count)]
    events.append(Closed.of(events))
    with path.open("wb") as file:
        file.writelines(map(encode, events))
    return len(events)


def judge(path: Path) -> None:
    """Load and judge, and print what it took as JSON."""
    began, began_cpu = time.perf_counter(), time.process_time()
    history = History.load(path)
    loaded = time.perf_counter()
    verdicts = checks.judge(history, all_checks())
    ended, cpu_s = time.perf_counter(), time.process_time() - began_cpu
    wrong = [f"{v.check}: {f.kind}: {f.message}" for v in verdicts for f in v.findings]
    if merge(verdicts) is not Status.VALID:
        raise SystemExit(f"the history of the benchmark should be valid: {len(wrong)} findings, first: {wrong[0]}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"load_s": loaded - began, "judge_s": ended - loaded, "cpu_s": cpu_s, "peak_bytes": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--judge", type=Path, help="judge this one file and print what it took")
    options = parser.parse_args()
    if options.judge:
        judge(options.judge)
        return
    before = 0.0
    with tempfile.TemporaryDirectory() as name:
        for count in (options.events // 4, options.events // 2, options.events):
            path = Path(name) / "history.jsonl"
            written = write(path, count)
            command = [sys.executable, __file__, "--judge", str(path)]
            took = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            total = took["load_s"] + took["judge_s"]
            ratio = f", {total / before:.2f} x the one before" if before else ""
            print(
                f"{written:9,} events: load {took['load_s']:.2f} s + judge {took['judge_s']:.2f} s = {total:.2f} s"
                f"{ratio} (CPU {took['cpu_s']:.2f} s); peak {took['peak_bytes'] / 2**20:,.0f} MiB",
                flush=True,
            )
            before = total


if __name__ == "__main__":
    main()
