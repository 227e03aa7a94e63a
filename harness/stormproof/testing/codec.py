"""Proves a `WireCodec`: it loses no byte, knows what answers what, and can say no."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stormproof.testing.chunks import borders, chunkings, told
from stormproof.testing.claims import claim, raising_nothing
from stormproof.testing.passing import Pair, check_foreign, check_passing, check_refusing
from stormproof.wire.codec import Asked, Pairing, Parser, Part, Piece, WireCodec

FOREIGN = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    bytes(range(256)),
    b"\n\n\r\n\x00",
)
"""The beginning of TLS, HTTP, each byte there is, and lines of nothing."""


def check_codec(
    codec: WireCodec,
    conversation: Sequence[Pair],
    *,
    refusal: bytes,
    served: bytes,
    greeting: Sequence[Pair] = (),
    foreign: Iterable[bytes] = FOREIGN,
    seed: int = 0,
) -> None:
    """Prove a codec with a conversation: pairs of a request, which is one frame, and its reply.

    The first pair can be repeated anywhere. A reply may be several frames, or b"" where none is owed; the request is b"" where the server
    speaks unasked. `refusal`: a reply that says no. `served`: what the server answers to what `refuse` gives it instead of a request.
    `greeting`: pairs with which each connection begins, and which are not refused. `foreign`: bytes that are not the protocol. Raises
    AssertionError.
    """
    whole = [*greeting, *conversation]
    asked = [request for request, _ in whole if request]
    claim(all(conversation[0]), "the first pair of the conversation needs a request and a reply")
    claim(
        len({codec.name(request) for request, reply in conversation if request and reply}) > 1,
        "the conversation shows nothing of pairing: give it answered requests of two different names",
    )
    dice = random.Random(seed)
    with raising_nothing("the codec"):
        _check_parser(codec, asked, dice, requests=True)
        _check_parser(codec, [reply for _, reply in whole if reply], dice, requests=False)
        _check_names(codec, asked)
        for counted in (False, True):
            _check_pairing(codec, whole, counted=counted)
        check_passing(codec, whole, dice)
        for place, (request, reply) in enumerate(whole):
            if place >= len(greeting) and request and reply:
                _check_refusal(codec, greeting, request, refusal)
                check_refusing(codec, [*whole[: place + 1], conversation[0]], place, (refusal, served), dice)
        check_foreign(codec, [*greeting, conversation[0]], tuple(foreign), dice)


def _check_parser(codec: WireCodec, frames: Sequence[bytes], dice: random.Random, *, requests: bool) -> None:
    """The pieces are the stream, and their borders are those of the frames."""
    side, stream, ends = "requests" if requests else "replies", b"".join(frames), borders(frames)
    for chunks in chunkings(frames, dice):
        parser, how = codec.parser(requests=requests), f"{side} {told(chunks)}"
        pieces = _fed(parser, chunks, how)
        claim(not parser.opaque, f"{how}: the parser does not understand its own protocol: {parser.opaque}")
        claim(not parser.unfinished, f"{how}: the parser keeps {parser.unfinished} bytes after the last whole frame")
        got = b"".join(piece.raw for piece in pieces)
        claim(got == stream, f"{how}: the pieces are not the stream: {_difference(stream, got)}")
        found = borders(_frames(pieces, how))
        missed = sorted(set(ends) - set(found))
        claim(not missed, f"{how}: no piece ends where a frame ends, at byte {missed[:1]}")
        claim(
            not requests or found == ends,
            f"{how}: one request is not one frame: frames end at {found}, and requests at {ends}",
        )
    for end in range(len(stream) if len(stream) <= 2048 else 0):
        parser = codec.parser(requests=requests)
        got = b"".join(piece.raw for piece in parser.feed(stream[:end]) if end) + parser.rest()
        claim(
            got == stream[:end],
            f"{side} that end at byte {end}: pieces and rest are not the stream: {_difference(stream[:end], got)}",
        )
        claim(
            not parser.unfinished,
            f"{side} that end at byte {end}: after `rest` {parser.unfinished} bytes are still unfinished",
        )


def _fed(parser: Parser, chunks: Sequence[bytes], how: str) -> list[Piece]:
    """The pieces, taken as a link takes them: what `is_one_frame` recognises is not fed."""
    pieces: list[Piece] = []
    fed = given = 0
    for chunk in chunks:
        before = parser.unfinished
        if parser.is_one_frame(chunk):
            claim(not before, f"{how}: is_one_frame is true in the middle of a frame, at byte {fed}")
            new = [Piece(chunk, Part.WHOLE)]
        else:
            claim(parser.unfinished == before, f"{how}: is_one_frame changes the parser, at byte {fed}")
            new = parser.feed(chunk)
        pieces += new
        fed += len(chunk)
        given += sum(len(piece.raw) for piece in new)
        claim(
            given + parser.unfinished == fed,
            f"{how}: of the first {fed} bytes {given} are in pieces and {parser.unfinished} unfinished",
        )
    return pieces


def _frames(pieces: Iterable[Piece], how: str) -> list[bytes]:
    """The frames that the pieces make."""
    frames: list[bytes] = []
    inside = False
    for piece in pieces:
        begins = piece.part in (Part.WHOLE, Part.HEAD)
        claim(
            begins != inside,
            f"{how}: a piece that is {piece.part.name} comes {'inside' if inside else 'outside'} a frame",
        )
        if begins:
            frames.append(piece.raw)
        else:
            frames[-1] += piece.raw
        inside = piece.part in (Part.HEAD, Part.BODY)
    claim(not inside, f"{how}: the last frame has no piece that is LAST")
    return frames


def _check_names(codec: WireCodec, requests: Iterable[bytes]) -> None:
    for raw in requests:
        command, key = codec.name(raw)
        claim(codec.name(raw) == (command, key), f"the name of {raw[:60]!r} is not the same each time")
        ids = codec.ids(raw)
        claim(len(set(ids)) == len(ids), f"an id comes more than once in those of {raw[:60]!r}: {ids}")


def _check_pairing(codec: WireCodec, conversation: Sequence[Pair], *, counted: bool) -> None:
    """Each reply is paired with its request, when all requests are sent at once. `counted`: whole frames before the last are only counted."""
    pairing = codec.pairing()
    asking, answering = codec.parser(requests=True), codec.parser(requests=False)
    last = max(place for place, (request, reply) in enumerate(conversation) if request and reply)
    for place, (request, _) in enumerate(conversation):
        _take(pairing, asking, request, is_request=True, counted=counted and place < last)
    for place, (request, reply) in enumerate(conversation):
        for asked in _take(pairing, answering, reply, is_request=False, counted=counted and place < last):
            _claim_pair(codec, request, asked, place)
    claim(not pairing.gave_up, f"the pairing gives up on its own protocol: {pairing.gave_up}")
    claim(not pairing.special, f"the pairing counts {pairing.special} special requests where none is")


def _take(pairing: Pairing, parser: Parser, data: bytes, *, is_request: bool, counted: bool) -> list[Asked | None]:
    found = []
    for piece in parser.feed(data) if data else ():
        if counted and piece.part is Part.WHOLE:
            pairing.count(piece.raw, is_request=is_request)
        else:
            asked = pairing.take(piece, is_request=is_request, opaque=parser.opaque)
            if piece.part in (Part.WHOLE, Part.HEAD):
                found.append(asked)
    return found


def _claim_pair(codec: WireCodec, request: bytes, asked: Asked | None, place: int) -> None:
    """`place`: of the pair in the conversation."""
    if not request:
        claim(
            asked is None,
            f"what the server says unasked (pair {place}) is paired with a request: {asked.name if asked else ''}",
        )
        return
    wanted = codec.name(request)
    claim(asked is not None, f"the reply of pair {place} is paired with no request, and not with {wanted}")
    if asked is not None:
        claim(
            asked.name == wanted,
            f"the reply of pair {place} is paired with the request {asked.name}, and not with {wanted}",
        )
        claim(
            request.startswith(asked.raw),
            f"the reply of pair {place} is paired with another request of the same name, {wanted}",
        )


def _check_refusal(codec: WireCodec, greeting: Sequence[Pair], request: bytes, refusal: bytes) -> None:
    """What `refuse` returns can be said on both sides."""
    asked, instead = codec.refuse(request, refusal)
    what = f"refuse of {codec.name(request)}"
    claim(asked.name == codec.name(request), f"{what} returns another request: {asked.name}")
    claim(asked.replace, f"{what} gives the component no reply: `replace` is {asked.replace!r}")
    pairing, asking, answering = codec.pairing(), codec.parser(requests=True), codec.parser(requests=False)
    for said, answered in greeting:
        _take(pairing, asking, said, is_request=True, counted=False)
        _take(pairing, answering, answered, is_request=False, counted=False)
    replies = len(_frames(answering.feed(asked.replace or b""), what))
    claim(replies == asked.replies, f"{what} owes {asked.replies} replies and tells the component {replies} frames")
    pieces = asking.feed(instead)
    claim(
        len(_frames(pieces, what)) == 1 and b"".join(piece.raw for piece in pieces) == instead,
        f"{what} gives the server what is not one whole request: {instead[:60]!r}",
    )
    claim(instead != request, f"{what} gives the server the request itself")
    owed = pairing.request(instead)
    times = owed.replies if owed else 0
    claim(
        times == asked.replies,
        f"{what} gives the server what it answers {times} times, and not {asked.replies}: the order of replies is lost",
    )


def _difference(wanted: bytes, got: bytes) -> str:
    at = next((n for n, (a, b) in enumerate(zip(wanted, got, strict=False)) if a != b), min(len(wanted), len(got)))
    return f"{len(got)} bytes instead of {len(wanted)}, and the first difference is at byte {at}"


if TYPE_CHECKING:
    from stormproof.brokers.redis.codec import RedisCodec

    _redis: WireCodec = RedisCodec()
