"""What the plugin costs a run of pytest that does not use it.

    python benchmarks/plugin.py [--rounds 40]

Runs of pytest on one empty test, in turn with the plugin and without it, no other plugin loaded, each in a process of its own. Quoted is the
median of the differences, with the middle half of them, beside what two runs without it differ by.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(folder: Path, *more: str) -> float:
    """Of one run; raises CalledProcessError where it fails."""
    began = time.monotonic()
    only = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more]
    subprocess.run(command, cwd=folder, env=only, check=True, capture_output=True)
    return time.monotonic() - began


def told(differences: list[float]) -> str:
    """In milliseconds."""
    first, median, third = (1000 * value for value in statistics.quantiles(differences, n=4))
    return f"{median:.1f} ms (half of them between {first:.1f} and {third:.1f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing(): pass\n")
        runs = [
            (seconds(folder), seconds(folder, "-p", "stormproof.pytest_plugin"), seconds(folder)) for _ in range(rounds)
        ]
    print(f"a run without the plugin: {statistics.median(run[0] for run in runs):.2f} s")
    print(f"with it, longer by {told([with_it - before for before, with_it, _ in runs])}")
    print(f"two runs without it differ by {told([after - before for before, _, after in runs])}")


if __name__ == "__main__":
    main()
