"""What it costs to draw the report of a long run: its time, its size, its memory.

    python benchmarks/report.py [--events 1000000]

Makes up a run with a storm in it (as `analyze.py` does), judges it, and renders its page in a process of its own. The goals for
1,000,000 events: at most 20 s, at most 5 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import analyze
from stormproof.brokers.redis.server import find_binary
from stormproof.campaign import conduct as campaign
from stormproof.report import html
from stormproof.runs import store
from stormproof.spec import description
from stormproof.spec.choices import Choices
from stormproof.spec.scenario import Scenario, State

ROOT = Path(__file__).parents[1]
SYSTEM = ROOT / "system_under_test" / "hardened.toml"


def make(runs: Path, events: int) -> tuple[Path, int]:
    """A run folder with about so many events, judged; and how many they are."""
    system, scenario = description.load(SYSTEM), Scenario(name="long", title="a long run")
    folder = store.create(runs, scenario, system, State.IDLE)
    store.write_plan(folder, scenario, system, State.IDLE, Choices.draw(scenario, analyze.SEED), find_binary())
    written = analyze.write(folder / "history.jsonl", events)
    run = store.load(folder)
    campaign.judge_run(run, run.history, analyze.all_checks())
    return folder, written


def render(folder: Path) -> None:
    """Render once, and print what it took."""
    run = store.load(folder)
    began, cpu = time.monotonic(), time.process_time()
    page = html.render(run)
    took = {"s": time.monotonic() - began, "cpu_s": time.process_time() - cpu, "bytes": len(page.encode())}
    again = time.process_time()
    html.render(run)
    took |= {"again_cpu_s": time.process_time() - again}
    print(json.dumps(took | {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--render", type=Path, help="render the report of this one folder and print what it took")
    options = parser.parse_args()
    if options.render:
        render(options.render)
        return
    with tempfile.TemporaryDirectory() as name:
        for events in (options.events // 100, options.events):
            folder, written = make(Path(name), events)
            command = [sys.executable, __file__, "--render", str(folder)]
            took = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            print(
                f"{written:9,} events: {took['s']:.2f} s (CPU {took['cpu_s']:.2f} s; once more {took['again_cpu_s']:.2f} s), "
                f"{took['bytes'] / 1e6:.2f} MB; peak {took['peak_bytes'] / 2**20:,.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
