"""What clients do to the system during a run: values only."""

from __future__ import annotations

import hashlib

import msgspec


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The submissions of a run: `tasks` submissions, `rate_per_s` a second, by `clients` clients. Each is followed to
    its end.

    `copies`: each submission is sent that many times at once, unchanged, as an impatient user's browser would. `again`:
    after a 503, the request is sent again, unchanged, when the answer says so, up to this many times. `held_s`: no task
    continues before this many seconds of storm have passed, so that tasks pile up.
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
"""Lengths of the texts in characters, by the place of their submission. They differ so that a cut at any length shows
in some text.

A message with the longest has 6 KiB: the links search the first 8 KiB of a frame for ids.
"""

_WORDS = "all work, and no play grüße naïve cœur señor Ждём 日本 smörgås façade über 🙂 17.".split()
_WORDS_A_LINE = 8


def text(key: str) -> str:
    """The value of `{text}` for the submission of this key: always the same for one key, and different for each key.

    It begins with the key and has up to about 1,500 characters of one to four bytes of UTF-8, in lines of fewer than
    80. A correct carrier does not change it: no line ends with a space. One line begins with a dot, which SMTP must not
    swallow.
    """
    chance = hashlib.shake_128(key.encode()).digest(512)
    words = [_WORDS[byte % len(_WORDS)] for byte in chance]
    lines = [" ".join(words[at : at + _WORDS_A_LINE]) for at in range(0, len(words), _WORDS_A_LINE)]
    lines[1] = f".{lines[1]}"
    size = _SIZES[number_of(key) % len(_SIZES)] + chance[0] % 40
    return f"{key}:\n" + "\n".join(lines)[: 1 + size].rstrip()


def number_of(key: str) -> int:
    """The value of `{number}` in a description, for the submission with this key: its place, a whole number that no
    other submission of the run has.
    """
    place = key.rpartition("-")[2]
    return int(place) if place.isascii() and place.isdigit() else 0
