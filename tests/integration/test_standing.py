"""`stormproof up`: a system that stands, answers where it says, and is gone after Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
from watching import living

ROOT = Path(__file__).parents[2]


def test_a_system_stands_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "stormproof",
        "up",
        "--system",
        str(ROOT / "system_under_test" / "tutorial.toml"),
    ]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [*command, "--runs", str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as standing:
        assert standing.stdout is not None
        said: list[str] = []
        for line in standing.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        address = re.search(r"^api +(http://127\.0\.0\.1:\d+)$", "".join(said), re.MULTILINE)
        assert address, said
        body = {"recipient": "a@example.org", "content": "hello"}
        assert httpx.post(f"{address[1]}/send-email", json=body, trust_env=False).json()["task_id"]
        assert re.search(r"^flower +http://127", "".join(said), re.MULTILINE)
        assert len(living(tmp_path)) > 3
        standing.send_signal(signal.SIGINT)
        assert standing.wait(timeout=20) == 0
    # Not whether its port answers: another system may have it by now.
    assert not living(tmp_path)
