"""What a link costs: redis-benchmark straight to Redis, through a link (parsing on, nothing armed), and through HAProxy in TCP mode.

    python benchmarks/link.py [--requests 30000] [--rounds 5]

Needs redis-benchmark (Debian: redis-tools); HAProxy is compared where it is installed. All three are measured in turn, `rounds`
times; what is printed are medians of the ratios within a round, so that the machine's moods cancel out.
Goals: at 50 clients at least 0.7 of the direct throughput, with 1 client at most 0.1 ms more in the median.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import shutil
import statistics
import sys
import tempfile
import threading
from pathlib import Path

import uvloop
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.brokers.redis.server import RedisServer, find_binary
from stormproof.processes.launcher import Launcher, Running
from stormproof.processes.ports import Ports
from stormproof.spec.tables import Redis
from stormproof.wire.server import Link

Measured = dict[str, tuple[float, float]]
"""Command -> requests a second, median latency in ms."""

_CLIENTS = (1, 50)


async def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    program = shutil.which("redis-benchmark")
    if program is None:
        sys.exit("no redis-benchmark found; apt-get install redis-tools")
    folder = Path(tempfile.mkdtemp(prefix="stormproof-benchmark-"))
    ports = Ports()
    async with Launcher(folder.name, folder) as launcher:
        launcher.own_folder(folder)
        redis = RedisServer("broker", Redis(), find_binary(), launcher, folder / "redis", ports.free())
        await redis.start()
        where = {"direct": redis.port, "link": _link_beside(ports.free(), redis.port)}
        if haproxy := shutil.which("haproxy"):
            where["haproxy"] = ports.free()
            await _start_haproxy(haproxy, launcher, folder, where["haproxy"], redis.port)
        rounds = []
        for number in range(arguments.rounds):
            rounds.append(await _round(program, where, arguments.requests))
            print(f"round {number + 1} of {arguments.rounds} done", file=sys.stderr)
        await redis.close()
    _print(rounds, list(where))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def _link_beside(port: int, redis_port: int) -> int:
    """A link in a thread of its own, on the loop that the command uses."""
    ready = threading.Event()

    async def serve() -> None:
        await Link("benchmark", "benchmark", "broker", port, redis_port, RedisCodec()).open()
        ready.set()
        await asyncio.Event().wait()

    threading.Thread(target=uvloop.run, args=(serve(),), daemon=True).start()
    ready.wait(10)
    return port


async def _start_haproxy(program: str, launcher: Launcher, folder: Path, port: int, redis_port: int) -> Running:
    """HAProxy as its documentation has it for TCP, one thread (as a link has)."""
    config = folder / "haproxy.cfg"
    config.write_text(
        "global\n  nbthread 1\n  maxconn 4096\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
        f"listen redis\n  bind 127.0.0.1:{port}\n  server redis 127.0.0.1:{redis_port}\n"
    )
    running = await launcher.start("haproxy", [program, "-db", "-f", str(config)], env={}, cwd=folder)
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return running
    sys.exit("haproxy did not start: " + launcher.output("haproxy").tail())


async def _round(program: str, where: dict[str, int], requests: int) -> dict[tuple[str, int], Measured]:
    found = {}
    for clients in _CLIENTS:
        for name, port in where.items():
            found[name, clients] = await _measure(program, port, clients, requests if clients > 1 else requests // 4)
    return found


async def _measure(program: str, port: int, clients: int, requests: int) -> Measured:
    words = ["-p", str(port), "-t", "set,lpush", "-d", "800", "-c", str(clients), "-n", str(requests), "--csv"]
    process = await asyncio.create_subprocess_exec(program, *words, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    rows = csv.DictReader(io.StringIO(output.decode()))
    return {row["test"]: (float(row["rps"]), float(row["p50_latency_ms"])) for row in rows}


def _print(rounds: list[dict[tuple[str, int], Measured]], names: list[str]) -> None:
    for command in ("SET", "LPUSH"):
        for name in names[1:]:
            ratios = [one[name, 50][command][0] / one["direct", 50][command][0] for one in rounds]
            added = [one[name, 1][command][1] - one["direct", 1][command][1] for one in rounds]
            print(
                f"{command:<6} {name:<8} 50 clients: {statistics.median(ratios):.2f} of direct ({min(ratios):.2f}-{max(ratios):.2f}); "
                f"1 client: {statistics.median(added):+.3f} ms in the median ({min(added):+.3f} to {max(added):+.3f})"
            )
    direct = [one["direct", 50]["SET"][0] for one in rounds]
    print(f"direct, SET, 50 clients: {min(direct):,.0f}-{max(direct):,.0f} requests/s")


if __name__ == "__main__":
    uvloop.run(main())
