"""Ends everything that a run started, however it ends: success, exception, Ctrl-C, or SIGKILL of the harness itself.

A separate process, standard library only, started before anything else. The harness announces each process group to it.
When its standard input closes, for whatever reason, it kills what is still running and removes the run's private
folder. A normal stop of a run just closes that pipe, so every run exercises this path.

Lines on standard input: `session PID STARTTIME` and `folder PATH`. A process is the run's own if it carries the run's mark
in its environment, or lives in the session of a process that was announced.
"""

import os
import shutil
import signal
import sys
import time

MARK = "STORMPROOF_RUN"


def start_time(pid: int | str) -> str | None:
    """The kernel's start time of a process in clock ticks (together with the pid, it identifies a process permanently), or None."""
    fields = _stat(pid)
    return fields[19] if fields else None


def _stat(pid: int | str) -> list[str] | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2].decode().split()
    except OSError:
        return None


def _marked(pid: str, mark: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return mark in file.read().split(b"\0")
    except OSError:
        return False


def survivors(mark: bytes, sessions: dict[str, str]) -> list[int]:
    """The pids of all live processes of the run. `sessions`: session id -> start time of its first process."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        fields = _stat(name)
        if not fields or fields[0] in "ZX":
            continue
        session = fields[3]
        # A session's number is not given to another process while the session lives; only a new leader can deceive.
        ours = session in sessions and start_time(session) in (None, sessions[session])
        if ours or _marked(name, mark):
            found.append(int(name))
    return found


def reap(mark: bytes, sessions: dict[str, str], folders: list[str], within_s: float = 10.0) -> None:
    """Kill until no process is left, then remove the folders."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        left = survivors(mark, sessions)
        if not left:
            break
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.01)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def main(run: str) -> None:
    """Read announcements until the harness is gone, then reap."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions: dict[str, str] = {}
    folders: list[str] = []
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "session":
            pid, _, started = rest.partition(" ")
            sessions[pid] = started
        elif word == "folder":
            folders.append(rest)
    reap(f"{MARK}={run}".encode(), sessions, folders)


if __name__ == "__main__":
    main(sys.argv[1])
