"""The command `stormproof`: parse, call, map exit codes (0 valid, 1 invalid, 2 unknown, 254 wrong input, 255 our failure).

Each command has its own file here, which is imported only when the command is used, so `--help` and `report` need no
broker client.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import traceback

import click
from rich.console import Console

from stormproof.errors import StormproofError, UsageError, on_purpose
from stormproof.report import words
from stormproof.report.github import Tamed, on_github

errors = Console(stderr=True)

COMMANDS = {
    "analyze": "Judge a stored run again.",
    "compare": "Show what got better or worse between two groups of runs.",
    "demo": "Run the same storms on a fragile system and on a sound one.",
    "explain": "Draw the life of the task that went wrong in a run.",
    "matrix": "Run the same storms on several versions of Celery.",
    "prove": "Test Stormproof itself: it must catch planted mistakes and must not accuse sound systems.",
    "replay": "Replay a run, a sweep or a finding, and report how often it is reproduced.",
    "report": "Write the HTML report of a stored run again.",
    "run": "Run scenarios, or a random storm, on a system.",
    "serial": "Find arguments and results of your tasks that would not survive their serializers.",
    "serve": "Show all runs in a browser.",
    "shrink": "Find the smallest storm that still fails like a given run.",
    "sweep": "Inject every fault at every point of a task's life.",
    "up": "Start a system and keep it running until Ctrl-C.",
}
"""Name -> the line that `stormproof --help` prints for it. The file of the same name holds the command itself, as `command`."""


class _Commands(click.Group):
    """The commands of `COMMANDS`, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"stormproof.cli.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=_Commands)
@click.version_option(package_name="stormproof")
def app() -> None:
    """Storms for task systems: real processes, real Redis, a recorded history, a proof for every verdict."""


def main() -> None:
    """Run the command line. Every expected error is one line on standard error; a traceback is our own failure, exit code 255.

    If GitHub's runner reads the output, it takes no line as a command except our own annotations.
    """
    streams = sys.stdout, sys.stderr
    tamed = (Tamed(sys.stdout), Tamed(sys.stderr)) if on_github() else ()
    if tamed:
        sys.stdout, sys.stderr = tamed
    try:
        code = _run()
    except Exception:
        traceback.print_exc()
        code = StormproofError.exit_code
    finally:
        for stream in tamed:
            stream.finish()
        sys.stdout, sys.stderr = streams
    sys.exit(code)


def _run() -> int:
    try:
        code = app(standalone_mode=False)
    except click.ClickException as error:
        code = _complain(error.format_message(), UsageError.exit_code)
    except (KeyboardInterrupt, click.Abort):
        code = _complain("stopped by Ctrl-C; everything that was started is stopped", 130)
    except asyncio.CancelledError:
        code = _complain("stopped by SIGTERM; everything that was started is stopped", 143)
    except Exception as error:
        meant = on_purpose(error)
        if meant is None:
            raise
        code = _complain(str(meant), meant.exit_code)
    return code if isinstance(code, int) else 0


def _complain(message: str, code: int) -> int:
    errors.print(f"stormproof: {words.one_line(message)}", highlight=False, markup=False, soft_wrap=True)
    return code
