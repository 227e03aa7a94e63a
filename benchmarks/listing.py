"""What the listing of `stormproof serve` costs: with nothing known yet, and when all was read before.

    python benchmarks/listing.py RUN [--runs 2000]

RUN is a folder with a run in it, which is copied so often (without its logs). The whole page is asked for, as a browser does.
CPU seconds are printed too, because other work on the machine stretches the others.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from pathlib import Path

import httpx
from stormproof.web.app import build
from stormproof.web.listing import Listing
from stormproof.web.replays import Replays
from stormproof.web.web import Server, opened

TOKEN, COOKIE = "token", "cookie"
TURNS = 5


def copies(run: Path, folder: Path, count: int) -> None:
    """As many folders with the files of a run, its history among them: that it is not read is a part of what is measured."""
    for number in range(count):
        copy = folder / f"20261127T{number:06}-{run.name}"
        copy.mkdir()
        for name in ("scenario.json", "verdict.json", "history.jsonl"):
            shutil.copy(run / name, copy / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--runs", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, opened(0) as listener:
        copies(options.run, Path(name), options.runs)
        server = Server(build(Listing(Path(name)), Replays(Path(name)), TOKEN, COOKIE))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=base, cookies={COOKIE: TOKEN}, trust_env=False, timeout=120) as client:
            client.get("/replay").raise_for_status()
            for turn in range(TURNS):
                began, cpu = time.perf_counter(), time.process_time()
                client.get("/").raise_for_status()
                took, used = time.perf_counter() - began, time.process_time() - cpu
                print(f"{options.runs} runs, {'first' if turn == 0 else 'again'}: {took:.2f} s, {used:.2f} s of CPU")
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
