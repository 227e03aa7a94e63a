"""RabbitMQ as a node: a broker, and the epmd that Erlang needs, of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from stormproof.errors import NotSupportedError
from stormproof.pytest_celery.place import Place
from stormproof.pytest_celery.programs import Program

_DEBIAN = Path("/usr/lib/rabbitmq/bin")
"""Debian's commands on PATH change the user; what they wrap is here."""

_CONFIGURATION = """\
listeners.tcp.1 = {address}:5672
management.tcp.ip = {address}
management.tcp.port = 15672
loopback_users = none
log.console = true
log.console.level = info
log.file = false
"""


class RabbitMQ(Program):
    """rabbitmq-server, where it is installed."""

    spare_ports = 2

    def __init__(self, *, management: bool) -> None:
        self._management = management

    def argv(self, given: Sequence[str] | None, place: Place) -> list[str]:
        """The server; its own files say where it lives."""
        found = _found("rabbitmq-server")
        (place.folder / "rabbitmq.conf").write_text(_CONFIGURATION.format(address=place.address))
        plugins = "[rabbitmq_management]." if self._management else "[]."
        (place.folder / "enabled_plugins").write_text(plugins)
        return [found, *(given or ["rabbitmq-server"])[1:]]

    def environ(self, place: Place) -> dict[str, str]:
        """All that would lie in the system's folders lies in the node's."""
        folder, (epmd, distribution) = place.folder, place.spare
        return {
            "RABBITMQ_NODENAME": "rabbit@localhost",
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(place.data),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # As much of the machine as one node of several needs: Erlang would spin on all processors.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def inside(self, argv: Sequence[str], place: Place) -> list[str]:
        """`rabbitmqctl` and its like, which find the broker by the environment."""
        return [_found(argv[0]), *argv[1:]] if argv[0].startswith("rabbitmq") else list(argv)


def _found(name: str) -> str:
    found = shutil.which(name, path=str(_DEBIAN)) or shutil.which(name)
    if found is None:
        raise NotSupportedError(f"{name} is not installed; apt-get install rabbitmq-server")
    return found
