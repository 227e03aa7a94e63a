"""How fast one real worker of the hardened system gets rid of hostile messages: drawn first, then pushed in batches, an ordinary task behind each.

    python benchmarks/hostile.py [--messages 5000] [--rounds 3]

What the suite checks of each batch is checked here, too. Goal: at least 200 messages a second on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests" / "serialization"), str(HERE.parent / "system_under_test")]

from siege import SOUND, Siege, Touch, siege  # noqa: E402
from stormproof.serializers.strategies import Hostile, hostile_messages  # noqa: E402

BATCH = 50


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stormproof-benchmark-") as folder, siege(Path(folder)) as besieged:
        messages = drawn(arguments.messages, besieged)
        rates = []
        for number in range(arguments.rounds):
            began = time.monotonic()
            for first in range(0, len(messages), BATCH):
                besieged.holds(messages[first : first + BATCH])
            rates.append(len(messages) / (time.monotonic() - began))
            print(f"round {number + 1} of {arguments.rounds}: {rates[-1]:.0f} messages a second", file=sys.stderr)
    print(
        f"{len(messages)} messages of {len({message.kind for message in messages})} kinds, one worker that survived all"
    )
    print(
        f"messages a second: {statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f} in {len(rates)} rounds)"
    )


def drawn(count: int, besieged: Siege) -> list[Hostile]:
    """So many hostile messages, the same each time."""
    found: list[Hostile] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(hostile_messages(SOUND, unpickled=lambda: Touch(besieged.trap)))
    def keep(message: Hostile) -> None:
        found.append(message)

    keep()
    return found[:count]


if __name__ == "__main__":
    main()
