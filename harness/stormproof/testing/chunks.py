"""Ways to cut a stream into the chunks in which a network may deliver it. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

_EACH_BYTE = 4096
"""Streams of at most so many bytes are cut at each byte."""
_EACH_PAIR = 48
"""Streams of at most so many bytes are also cut at each two bytes at once."""
_DRAWN = 30
_MOST_CUTS = 12


def cut(stream: bytes, at: Iterable[int]) -> list[bytes]:
    """The stream, cut at these places."""
    edges = [0, *sorted({place for place in at if 0 < place < len(stream)}), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges) if end > start]


def borders(frames: Sequence[bytes]) -> list[int]:
    """Where each frame ends in the stream that they make."""
    return list(accumulate(len(frame) for frame in frames))


def drawn(stream: bytes, dice: random.Random) -> list[bytes]:
    """The stream, cut at places that the dice choose."""
    return cut(stream, [dice.randrange(len(stream) + 1) for _ in range(dice.randint(0, _MOST_CUTS))])


def chunkings(frames: Sequence[bytes], dice: random.Random) -> Iterator[list[bytes]]:
    """In one piece, frame by frame, around each border of two frames, and at random; a short stream also byte by byte and at each byte."""
    stream, ends = b"".join(frames), borders(frames)
    yield cut(stream, ())
    yield cut(stream, ends)
    yield cut(stream, ends[1::2])
    for shift in (-2, -1, 1, 2):
        yield cut(stream, [end + shift for end in ends])
        yield cut(stream, [place for end in ends for place in (end, end + shift)])
    if len(stream) <= _EACH_BYTE:
        yield cut(stream, range(len(stream)))
        yield from (cut(stream, [place]) for place in range(1, len(stream)))
    if len(stream) <= _EACH_PAIR:
        yield from (cut(stream, (a, b)) for b in range(len(stream)) for a in range(1, b))
    yield from (drawn(stream, dice) for _ in range(_DRAWN))


def told(chunks: Sequence[bytes]) -> str:
    """How a stream is cut, for people."""
    places = borders(chunks)[:-1]
    if not places:
        return "in one chunk"
    shown = ", ".join(map(str, places[:6]))
    return f"cut at byte {shown}{' and further on' if len(places) > 6 else ''}"
