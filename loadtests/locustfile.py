"""Load on a task system: `locust -f loadtests/locustfile.py` starts the hardened reference system, and stops it; `--host` names another.

The classes of users are in `users.py`, the shapes in `shapes.py`, the rows for tasks in `task_rows.py`, thresholds in `thresholds.toml`.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import socket
import sys
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.exception import RPCError
from locust.runners import STATE_RUNNING, STATE_SPAWNING, MasterRunner, WorkerRunner
from shapes import NAMES, check, shape
from stormproof.errors import StormproofError, UsageError
from stormproof.session.remote import Remote, RemoteError, Up, tie_forks
from target import Target
from task_rows import TaskRows
from thresholds import Thresholds, load
from users import Arriving, FollowUser, PollUser, RepeatUser, SubmitUser, WrongUser

__all__ = ["FollowUser", "PollUser", "RepeatUser", "SubmitUser", "WrongUser"]

ROOT = Path(__file__).parents[1]
_DRAIN_S = 30.0
_LOG = logging.getLogger("stormproof")
_SAYS_WHERE = "stormproof-target"

BROKEN_THRESHOLD = 3
"""The exit code where all was kept that the system promises, and a threshold was not. Else: 1 invalid, 2 unknown, 255 our own failure."""

WRONG_INPUT = 254

tie_forks()  # Those of --processes would look for a master that died for five minutes.


def _tell(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Locust has no event for a master that cannot listen: its error comes here, and is a line, too."""
    found = re.search(r"Address already in use \(addr='tcp://\S*:(\d+)'\)", str(error))
    if not isinstance(error, RPCError) or not found:
        sys.__excepthook__(kind, error, trace)
        return
    print(
        f"stormproof: the master's port {found[1]} is in use; name another with --master-bind-port and --master-port",
        file=sys.stderr,
    )
    sys.stderr.flush()
    os._exit(WRONG_INPUT)


sys.excepthook = _tell

_UP: list[Up] = []
_THRESHOLDS: list[Thresholds] = []
_TABS: list[Any] = []


@events.init_command_line_parser.add_listener
def options(parser: Any) -> None:
    """Our own options, which stand in the web page's form, too; and a page that only this machine sees, unless --web-host says otherwise."""
    parser.set_defaults(web_host="127.0.0.1")
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
    parser.add_argument(
        "--scenarios",
        default=str(ROOT / "chaos"),
        include_in_web_ui=False,
        help="the folder into which the chaos tab saves",
    )


@events.init.add_listener
def begin(environment: Any, **_: Any) -> None:
    """Start the system, unless `--host` names one; processes of a distributed run hear from the master where it is."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message(_SAYS_WHERE, lambda environment, msg, **_: _aim(environment, msg.data))
        return
    try:
        _check_port(environment)
        where = _prepared(environment)
    except (RemoteError, StormproofError) as error:
        _stop_all()
        print(f"stormproof: {error}", file=sys.stderr)
        sys.exit(WRONG_INPUT)
    if isinstance(runner, MasterRunner):
        events.worker_connect.add_listener(lambda client_id, **_: runner.send_message(_SAYS_WHERE, where, client_id))
        if runner.clients:  # They came while the system was starting.
            runner.send_message(_SAYS_WHERE, where)


def _check_port(environment: Any) -> None:
    """Of the web page, which is about to be served. Raises UsageError."""
    if environment.web_ui is not None:
        host, port = environment.web_ui.host, environment.web_ui.port
        try:
            with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
                pass
        except OSError as error:
            raise UsageError(f"--web-port {port}: {os.strerror(error.errno)}; name another") from error


def _prepared(environment: Any) -> dict[str, str]:
    """Everything that can be wrong is found before the first user comes."""
    options, runner = environment.parsed_options, environment.runner
    _THRESHOLDS.append(load(Path(options.thresholds)))
    check(options, steered=not environment.host)
    where = {"host": environment.host or "", "system": options.system}
    if not environment.host:
        _UP.append(Up(Path(options.system), ROOT / "runs"))
        where["steer"] = str(_UP[0].path)
    _aim(environment, where)
    if options.storm:
        with Remote(_UP[0].path) as remote:
            _LOG.info(remote.ask("plan", file=options.storm)["title"])
    if environment.web_ui is not None:
        # Whoever has no page does not wait for its plots; and Locust has taken this folder off the path by now.
        sys.path.append(str(Path(__file__).parent))
        tab = importlib.import_module("chaos_tab").ChaosTab(
            environment, _UP[0].path if _UP else None, Path(options.scenarios)
        )
        _TABS.append(tab)
        _LOG.info(f"with the chaos tab, which is not for strangers: {tab.address(_page(environment))}")
    if options.shape:
        found = shape(options, _UP[0].path if _UP else None)
        found.runner, environment.shape_class = runner, found
    gevent.spawn(_watch_thresholds, environment)
    return where


def _aim(environment: Any, where: dict[str, str]) -> None:
    remote = Remote(Path(where["steer"])) if "steer" in where else None
    target = Target.steered(remote) if remote else Target.foreign(where["host"], Path(where["system"]))
    environment.host = target.url
    Arriving.target, Arriving.rows = target, TaskRows(target, environment.events.request.fire, remote)


def _page(environment: Any) -> str:
    options = environment.parsed_options
    scheme = "https" if options.tls_cert else "http"
    return f"{scheme}://{environment.web_ui.host or '127.0.0.1'}:{environment.web_ui.port}{options.web_base_path or ''}"


def _watch_thresholds(environment: Any) -> None:
    """Ends a run that breaks what may not be broken; where there is a page, the page stays."""
    while True:
        gevent.sleep(1)
        running = environment.runner.state in (STATE_SPAWNING, STATE_RUNNING)
        if running and (broken := _THRESHOLDS[0].broken(environment.stats, running=True)):
            _LOG.error(f"stopped: {broken[0]}")
            if not _TABS:
                environment.runner.quit()
                return
            _TABS[0].halted = broken[0]
            environment.runner.stop()


@events.test_start.add_listener
def strike(environment: Any, **_: Any) -> None:
    """Let the storm begin with the load."""
    for tab in _TABS:
        tab.halted = ""
    if environment.parsed_options.storm and _UP:
        with Remote(_UP[0].path) as remote:
            remote.ask("storm")


@events.test_stop.add_listener
def drain(environment: Any, **_: Any) -> None:
    """Heal what was struck by hand, and wait for the tasks under way; those that do not end are failures, each with its id."""
    for tab in _TABS:
        tab.heal()
    if not isinstance(environment.runner, MasterRunner) and (rows := getattr(Arriving, "rows", None)) is not None:
        rows.end(_DRAIN_S)


@events.quitting.add_listener
def judge(environment: Any, **_: Any) -> None:
    """Settle, read and judge, and stop the system."""
    if not isinstance(environment.runner, WorkerRunner):
        environment.runner.stop()  # After SIGTERM users are still coming; nothing can settle while they do.
    for up in _UP:
        try:
            with Remote(up.path) as remote:
                told = remote.ask("end")
            for line in (*told["said"], f"report: {told['folder']}/report.html"):
                _LOG.info(line)
            # Not Locust's own count of failures: in a storm the best of systems says "later".
            environment.process_exit_code = {"valid": 0, "invalid": 1}.get(told["status"], 2)
        except RemoteError as error:
            _LOG.error(str(error))
            environment.process_exit_code = 255
    _stop_all()
    for line in _THRESHOLDS[0].broken(environment.stats) if _THRESHOLDS else ():
        _LOG.error(line)
        environment.process_exit_code = environment.process_exit_code or BROKEN_THRESHOLD


def _stop_all() -> None:
    while _UP:
        _UP.pop().stop()
