"""Redis' protocol as a `WireCodec`."""

from __future__ import annotations

from stormproof.brokers.redis import shape
from stormproof.brokers.redis.pairing import RedisPairing
from stormproof.brokers.redis.resp import RespParser, request
from stormproof.wire.codec import Asked

_NILS = frozenset({b"*-1\r\n", b"$-1\r\n", b"_\r\n"})
_STUB = request("STORMPROOF.STUB")
_DISCARD = request("DISCARD")


class RedisCodec:
    """RESP2 and RESP3."""

    def parser(self, *, requests: bool) -> RespParser:
        """For one direction of a new connection."""
        return RespParser(requests=requests)

    def pairing(self) -> RedisPairing:
        """For a new connection."""
        return RedisPairing()

    def name(self, raw: bytes) -> tuple[str, str]:
        """Command in capitals and shape of the first key of a request."""
        return shape.name(raw)

    def ids(self, raw: bytes) -> tuple[str, ...]:
        """The task ids, delivery tags and submission keys in a frame's first bytes."""
        return shape.ids(raw)

    def waits(self, command: str) -> bool:
        """Whether it is one of the commands that block."""
        return command in shape.BLOCKING

    def is_empty(self, raw: bytes) -> bool:
        """Whether it is one of Redis' nulls."""
        return raw in _NILS

    def refuse(self, raw: bytes, reply: bytes) -> tuple[Asked, bytes]:
        """Send Redis a command that it does not know. So it answers in order, and discards a transaction as it would
        after a real error.
        """
        asked = Asked(raw, shape.name)
        asked.replace = reply
        if asked.name[0] == "EXEC":
            asked.replace = b"-EXECABORT Transaction discarded because of: " + reply[1:]
            return asked, _DISCARD
        return asked, _STUB
