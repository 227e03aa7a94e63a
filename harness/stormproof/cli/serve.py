"""`stormproof serve`: serve the runs and print the address with the token. The web server is imported only by the command."""

from __future__ import annotations

import secrets
from pathlib import Path

import click
from rich.console import Console

from stormproof.errors import UsageError
from stormproof.processes import interruption
from stormproof.web.listing import Listing
from stormproof.web.replays import Replays

PORT = 8765


@click.command("serve")
@click.option(
    "--runs", type=click.Path(path_type=Path), default="runs", show_default=True, help="Where run folders are."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The port on 127.0.0.1; 0 chooses a free one.",
)
def command(runs: Path, port: int) -> int:
    """Show all runs in a browser: single runs, two side by side, a scenario over time, sweeps. Runs can be judged again and replayed.

    Only this machine is served, and only clients that use the printed address.
    """
    from stormproof.web import app, web  # noqa: PLC0415 - The help of the command needs no web server.

    if runs.exists() and not runs.is_dir():
        raise UsageError(f"--runs {runs}: not a folder; name the one that your runs are in")
    listing, replays, token, console = Listing(runs), Replays(runs), secrets.token_urlsafe(24), Console()
    with web.opened(port) as listener:
        port = listener.getsockname()[1]
        server = web.Server(app.build(listing, replays, token, f"stormproof-serve-{port}"))
        for line in (f"http://{web.HOST}:{port}/?token={token}", f"the runs in {runs}; Ctrl-C stops"):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        interruption.run(web.until_told(server, listener, replays))
    return 0
