"""Load on a task system: `locust -f loadtests/locustfile.py` starts the hardened reference system, and stops it; `--host` names another.

The classes of users are in `users.py`, the shapes in `shapes.py`, the rows for tasks in `task_rows.py`, thresholds in `thresholds.toml`.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.runners import MasterRunner, WorkerRunner
from shapes import NAMES, shape
from stormproof.errors import StormproofError
from stormproof.remote import Remote, RemoteError, Up
from target import Target
from task_rows import TaskRows
from thresholds import Thresholds, ThresholdsError, load
from users import Arriving, FollowUser, PollUser, RepeatUser, SubmitUser, WrongUser

__all__ = ["FollowUser", "PollUser", "RepeatUser", "SubmitUser", "WrongUser"]

ROOT = Path(__file__).parents[1]
_DRAIN_S = 30.0
_LOG = logging.getLogger("stormproof")
_SAYS_WHERE = "stormproof-target"

BROKEN_THRESHOLD = 3
"""The exit code where all was kept that the system promises, and a threshold was not. Else: 1 invalid, 2 unknown, 255 our own failure."""

_UP: list[Up] = []
_THRESHOLDS: list[Thresholds] = []


@events.init_command_line_parser.add_listener
def options(parser: Any) -> None:
    """Our own options, which stand in the web page's form, too."""
    parser.add_argument("--rate", type=float, default=1.0, help="arrivals a second of each user")
    parser.add_argument("--shape", default="", help=f"how many users there are, and when: {', '.join(NAMES)}")
    parser.add_argument(
        "--storm", default="", help="a scenario file whose faults strike while it runs", include_in_web_ui=False
    )
    parser.add_argument(
        "--thresholds",
        default=str(Path(__file__).with_name("thresholds.toml")),
        include_in_web_ui=False,
        help="what the rows may show at most",
    )
    parser.add_argument(
        "--system",
        default=str(ROOT / "system_under_test" / "hardened.toml"),
        help="description of the system to start, or of what answers at --host",
        include_in_web_ui=False,
    )


@events.init.add_listener
def begin(environment: Any, **_: Any) -> None:
    """Start the system, unless `--host` names one; processes of a distributed run hear from the master where it is."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message(_SAYS_WHERE, lambda environment, msg, **_: _aim(environment, msg.data))
        return
    try:
        _THRESHOLDS.append(load(Path(environment.parsed_options.thresholds)))
    except ThresholdsError as error:
        raise SystemExit(str(error)) from None
    where = _where(environment)
    if isinstance(runner, MasterRunner):
        events.worker_connect.add_listener(lambda client_id, **_: runner.send_message(_SAYS_WHERE, where, client_id))
    _aim(environment, where)
    remote = Remote(Path(where["steer"])) if "steer" in where else None
    if (found := shape(environment.parsed_options, remote)) is not None:
        found.runner, environment.shape_class = runner, found
    if environment.parsed_options.storm and remote is None:
        raise SystemExit("--storm: only on a system that is started here; leave out --host")
    gevent.spawn(_watch_thresholds, environment)


@events.test_start.add_listener
def strike(environment: Any, **_: Any) -> None:
    """Let the storm begin with the load."""
    if environment.parsed_options.storm and _UP:
        try:
            Remote(_UP[0].path).ask("storm", file=environment.parsed_options.storm)
        except RemoteError as error:
            _LOG.error(str(error))
            environment.process_exit_code = 254
            environment.runner.quit()


def _watch_thresholds(environment: Any) -> None:
    while True:
        gevent.sleep(1)
        if broken := _THRESHOLDS[0].broken(environment.stats, running=True):
            _LOG.error(f"stopped: {broken[0]}")
            environment.runner.quit()
            return


def _where(environment: Any) -> dict[str, str]:
    system = environment.parsed_options.system
    if environment.host:
        return {"host": environment.host, "system": system}
    try:
        up = Up(Path(system), ROOT / "runs")
    except RemoteError as error:
        raise SystemExit(str(error)) from None
    _UP.append(up)
    return {"steer": str(up.path)}


def _aim(environment: Any, where: dict[str, str]) -> None:
    try:
        remote = Remote(Path(where["steer"])) if "steer" in where else None
        target = Target.steered(remote) if remote else Target.foreign(where["host"], Path(where["system"]))
    except (RemoteError, StormproofError) as error:
        raise SystemExit(f"stormproof: {error}") from None
    environment.host = target.url
    Arriving.target, Arriving.rows = target, TaskRows(target, environment.events.request.fire, remote)


@events.test_stop.add_listener
def drain(environment: Any, **_: Any) -> None:
    """Wait for the tasks under way; those that do not end are failures, each with its id."""
    if not isinstance(environment.runner, MasterRunner):
        Arriving.rows.end(_DRAIN_S)


@events.quitting.add_listener
def judge(environment: Any, **_: Any) -> None:
    """Settle, read and judge, and stop the system."""
    for up in _UP:
        try:
            told = Remote(up.path).ask("end")
            for line in told["said"]:
                _LOG.info(line)
            _LOG.info(f"report: {told['folder']}/report.html")
            if told["status"] != "valid":
                environment.process_exit_code = 1 if told["status"] == "invalid" else 2
        except RemoteError as error:
            _LOG.error(str(error))
            environment.process_exit_code = 255
        up.stop()
    _UP.clear()
    if _THRESHOLDS and (broken := _THRESHOLDS[0].broken(environment.stats)):
        for line in broken:
            _LOG.error(line)
        environment.process_exit_code = environment.process_exit_code or BROKEN_THRESHOLD
