"""What clients do to the system during a run: values only."""

from __future__ import annotations

import hashlib

import msgspec


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tasks` submissions, `rate_per_s` of them a second, by `clients` clients; each is followed to its end.

    `copies`: each submission is sent that many times at once, unchanged, as an impatient user's browser would.
    `again`: what is answered with 503 is sent again, unchanged, when the answer says so, up to so many times.
    `held_s`: no task goes on before so many seconds of storm have passed, so that tasks pile up.
    """

    tasks: int = 8
    rate_per_s: float = 4.0
    clients: int = 4
    copies: int = 1
    again: int = 0
    held_s: float = 0.0
    poll_s: float = 0.25


def key(run: str, place: int) -> str:
    """The key of the submission at `place` in the run whose four hexadecimal digits are `run`."""
    return f"storm-{run}-{place:04d}"


_SIZES = (0, 300, 1500, 60, 700)
"""Characters of the texts, by the place of their submission: wherever a text is cut off, some text shows it.

A message of the longest has 6 KiB: the links look for ids in the first 8 KiB of a frame.
"""

_WORDS = "all work, and no play grüße naïve cœur señor Ждём 日本 smörgås façade über 🙂 17.".split()
_WORDS_A_LINE = 8


def text(key: str) -> str:
    """What `{text}` becomes in the submission of this key: always the same for one key, and another for each key.

    It begins with the key, has up to about 1,500 characters of one to four bytes of UTF-8 in lines of fewer than 80, and is made so that no
    honest carrier changes it: no line ends with a space. One line begins with a dot, which SMTP must not swallow.
    """
    chance = hashlib.shake_128(key.encode()).digest(512)
    words = [_WORDS[byte % len(_WORDS)] for byte in chance]
    lines = [" ".join(words[at : at + _WORDS_A_LINE]) for at in range(0, len(words), _WORDS_A_LINE)]
    lines[1] = f".{lines[1]}"
    size = _SIZES[number_of(key) % len(_SIZES)] + chance[0] % 40
    return f"{key}:\n" + "\n".join(lines)[: 1 + size].rstrip()


def number_of(key: str) -> int:
    """The place of the submission with this key, as `{number}` in a description: a whole number that no other submission of the run has."""
    place = key.rpartition("-")[2]
    return int(place) if place.isascii() and place.isdigit() else 0
