"""One value through one serializer of kombu, as a producer and a consumer, or a worker and a reader of its result, do it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from kombu import serialization
from kombu.exceptions import DecodeError, EncodeError, SerializerNotInstalled

from stormproof.serializers.exact import Difference, brief, difference

_registry: Any = serialization.registry


class Fate(enum.Enum):
    """What happened to a value. The contract of a serializer is: UNCHANGED or REFUSED."""

    UNCHANGED = "unchanged"
    REFUSED = "refused"  # The encoder failed, and the producer with it: nobody was told a wrong thing.
    CHANGED = "changed"  # It arrives, as something else.
    UNREADABLE = "unreadable"  # It was encoded, and cannot be decoded: the receiver is the one to fail.
    CRASHED = "crashed"  # The producer failed, but with an error that kombu does not declare.


@dataclass(frozen=True, slots=True)
class Passage:
    """`error` names the exception of REFUSED, UNREADABLE and CRASHED (the cause, not kombu's wrapper); `difference` is that of CHANGED;
    `got` is what arrived, where anything did.
    """

    fate: Fate
    sent: Any
    error: str = ""
    difference: Difference | None = None
    got: Any = None

    @property
    def kept(self) -> bool:
        """Whether the serializer kept its contract."""
        return self.fate in (Fate.UNCHANGED, Fate.REFUSED)

    @property
    def what(self) -> str:
        """The outcome in words that are alike for alike outcomes: "unchanged", "refused: TypeError", "tuple becomes list"."""
        if self.difference:
            return self.difference.what
        return f"{self.fate.value}: {self.error}" if self.error else self.fate.value

    def __str__(self) -> str:
        return f"{brief(self.sent)}: {self.difference or self.what}"


def through(serializer: str, value: Any) -> Passage:
    """Encode and decode `value` by kombu's registered `serializer`.

    Raises kombu's SerializerNotInstalled if there is none with this name.
    """
    try:
        content_type, encoding, payload = _registry.dumps(value, serializer=serializer)
        wire = payload.encode() if isinstance(payload, str) else payload
    except SerializerNotInstalled:
        raise
    except EncodeError as error:
        return Passage(Fate.REFUSED, value, error=_cause(error))
    except Exception as error:
        return Passage(Fate.CRASHED, value, error=_cause(error))
    try:
        got = _registry.loads(wire, content_type, encoding, accept={content_type})
    except Exception as error:
        return Passage(Fate.UNREADABLE, value, error=_cause(error))
    found = difference(value, got)
    return Passage(Fate.CHANGED if found else Fate.UNCHANGED, value, difference=found, got=got)


def installed() -> list[str]:
    """Return the names of the serializers with which kombu can encode and decode here."""
    return sorted(name for name in _registry.name_to_type if _is_installed(name))


def _is_installed(name: str) -> bool:
    try:
        through(name, {})
    except SerializerNotInstalled:
        return False
    return True  # Also where the little that was tried went wrong: such a serializer must not be passed over.


def _cause(error: BaseException) -> str:
    """What was raised within kombu's wrapper; of other errors the error itself, whatever was being handled when it was raised."""
    cause = error.__cause__ or error.__context__ if isinstance(error, EncodeError | DecodeError) else None
    return type(cause or error).__name__
