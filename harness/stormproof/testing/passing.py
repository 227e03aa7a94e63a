"""A codec inside a link without sockets: what comes in goes out, frames have their names, and a refused request keeps the order."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

from stormproof.spec.trigger import Moment, Trigger
from stormproof.testing.chunks import borders, chunkings, drawn, told
from stormproof.testing.claims import claim
from stormproof.wire.actions import Action, Answer, Side
from stormproof.wire.codec import Part, Unread, WireCodec
from stormproof.wire.counter import Counter
from stormproof.wire.faults.base import WireFault
from stormproof.wire.link import Command, Conversation, End, Send
from stormproof.wire.rules import Rule, Rules

Pair = tuple[bytes, bytes]
"""A request and its reply."""

Turn = tuple[Any, bytes]
"""Which side sends, and what."""

COMPONENT, SERVER = get_args(Side)
_ROUNDS = 20
_ALWAYS = ("nothing armed", "watched")
_IN_TURN = ("armed", "armed in between", "disarmed in between")
_FOREIGN_ROUNDS = 16


class _No(WireFault, frozen=True, kw_only=True, tag="testing_no"):
    """Refuses a request with this reply."""

    reply: bytes = b""

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Answer(self.reply)]

    def carry_on(self, data: bytes) -> list[Action]:
        return []


def _rule(fault: WireFault, trigger: Trigger) -> Rule:
    dice = random.Random(0)
    return Rule("testing", fault, Counter(trigger, dice, lambda place: frozenset()), dice)


def _meets_nothing() -> Rule:
    return _rule(_No(), Trigger(command="stormproof meets nothing"))


class _Wire:
    """One connection, what came out of it, and the frames that were seen."""

    def __init__(self, codec: WireCodec, *, watched: bool) -> None:
        self.rules = Rules()
        self.seen: list[Moment] = []
        self.out: dict[Any, bytes] = {COMPONENT: b"", SERVER: b""}
        self.noticed: list[str] = []
        self.rules.notice = self.noticed.append
        if watched:
            self.rules.observe(lambda moment, fate, injection: self.seen.append(moment))
        self._conversation = Conversation("worker", "worker", "broker", 1, self.rules, codec, Unread())

    def play(self, turns: Sequence[Turn], between: Callable[[Rules], None] = lambda rules: None) -> None:
        """All turns, then the end of both ways. `between` is called in the middle."""
        for number, (side, chunk) in enumerate(turns):
            if number == len(turns) // 2:
                between(self.rules)
            self._do(self._conversation.receive(side, chunk))
        for side in (COMPONENT, SERVER):
            self._do(self._conversation.ended(side, "fin"))

    def _do(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, Send):
                self.out[command.to] += command.data
            else:
                claim(isinstance(command, End), f"a link with nothing armed waits: {command}")


def _hows(number: int) -> Iterator[str]:
    """How the link is set up, each time that a stream is played."""
    yield from _ALWAYS
    yield _IN_TURN[number % len(_IN_TURN)]


def _played(codec: WireCodec, turns: Sequence[Turn], how: str) -> _Wire:
    wire = _Wire(codec, watched=how == "watched")
    if how in ("armed", "disarmed in between"):
        wire.rules.arm(_meets_nothing())
    between: dict[str, Callable[[Rules], None]] = {
        "armed in between": lambda rules: rules.arm(_meets_nothing()),
        "disarmed in between": lambda rules: rules.disarm(rules.armed[0]),
    }
    wire.play(turns, between.get(how, lambda rules: None))
    return wire


def _mixed(conversation: Sequence[Pair], dice: random.Random) -> list[Turn]:
    """Chunks of both ways in one order that can happen: no reply begins before its request has been sent."""
    asked, answered = (b"".join(pair[way] for pair in conversation) for way in (0, 1))
    sent, ends = (borders([pair[way] for pair in conversation]) for way in (0, 1))
    chunks = {COMPONENT: drawn(asked, dice), SERVER: drawn(answered, dice)}
    done = {COMPONENT: 0, SERVER: 0}
    turns: list[Turn] = []
    while chunks[COMPONENT] or chunks[SERVER]:
        may = [COMPONENT] if chunks[COMPONENT] else []
        if chunks[SERVER]:
            last = bisect_left(ends, done[SERVER] + len(chunks[SERVER][0]))
            may += [SERVER] if done[COMPONENT] >= sent[last] else []
        side = dice.choice(may)
        chunk = chunks[side].pop(0)
        done[side] += len(chunk)
        turns.append((side, chunk))
    return turns


def _orders(conversation: Sequence[Pair], dice: random.Random) -> Iterator[tuple[str, list[Turn]]]:
    asked, answered = ([pair[way] for pair in conversation if pair[way]] for way in (0, 1))
    stream = b"".join(answered)
    for chunks in chunkings(asked, dice):
        turns = [(COMPONENT, chunk) for chunk in chunks] + [(SERVER, chunk) for chunk in drawn(stream, dice)]
        yield f"requests {told(chunks)}", turns
    stream = b"".join(asked)
    for chunks in chunkings(answered, dice):
        turns = [(COMPONENT, chunk) for chunk in drawn(stream, dice)] + [(SERVER, chunk) for chunk in chunks]
        yield f"replies {told(chunks)}", turns
    for _ in range(_ROUNDS):
        yield "requests and replies in turns", _mixed(conversation, dice)


def check_passing(codec: WireCodec, conversation: Sequence[Pair], dice: random.Random) -> None:
    """A link with nothing armed leaves the conversation as it is, and names each frame."""
    asked, answered = (b"".join(pair[way] for pair in conversation) for way in (0, 1))
    wanted = _names(codec, conversation)
    for number, (cut, turns) in enumerate(_orders(conversation, dice)):
        for how in _hows(number):
            wire = _played(codec, turns, how)
            claim(wire.out[SERVER] == asked, f"a link ({how}) does not forward {cut} as they are to the server")
            claim(
                wire.out[COMPONENT] == answered, f"a link ({how}) does not forward {cut} as they are to the component"
            )
            claim(not wire.noticed, f"a link ({how}) does not understand {cut}: {wire.noticed[:1]}")
            if how == "watched":
                _claim_names(wire.seen, wanted, cut)


def _names(codec: WireCodec, conversation: Sequence[Pair]) -> list[list[tuple[str, str]]]:
    """Command and key of each request; and those that the frames of the replies should have."""
    parser, replies = codec.parser(requests=False), []
    for request, reply in conversation:
        pieces = parser.feed(reply) if reply else ()
        frames = sum(piece.part in (Part.WHOLE, Part.HEAD) for piece in pieces)
        replies += [codec.name(request) if request else ("MESSAGE", "")] * frames
    return [[codec.name(request) for request, _ in conversation if request], replies]


def _claim_names(seen: Sequence[Moment], wanted: Sequence[Sequence[tuple[str, str]]], cut: str) -> None:
    requests = [(moment.command, moment.key) for moment in seen if moment.direction == "request"]
    replies = [(moment.command, moment.key) for moment in seen if moment.direction != "request"]
    for what, got, expected in (("requests", requests, wanted[0]), ("replies", replies, wanted[1])):
        named = [name for name in expected if name[0]]
        wrong = next((n for n, (a, b) in enumerate(zip(got, named, strict=False)) if a != b), None)
        if wrong is not None:
            at = f"number {wrong + 1} of the {what}"
            raise AssertionError(f"{cut}: {at} is taken for that of {got[wrong]}, and it is that of {named[wrong]}")
        claim(len(got) == len(named), f"{cut}: a link sees {len(got)} {what} where {len(named)} are")


def check_refusing(
    codec: WireCodec, conversation: Sequence[Pair], place: int, refusal: tuple[bytes, bytes], dice: random.Random
) -> None:
    """The request at this place is refused: `refusal` is what the component is told, and what the server answers to what it is given."""
    told_no, served = refusal
    request = conversation[place][0]
    asked, instead = codec.refuse(request, told_no)
    given = [*conversation[:place], (request, served), *conversation[place + 1 :]]
    to_server = b"".join(instead if n == place else pair[0] for n, pair in enumerate(conversation))
    to_component = b"".join((asked.replace or b"") if n == place else pair[1] for n, pair in enumerate(conversation))
    nth = sum(bool(pair[0]) for pair in conversation[: place + 1])
    what = f"when {codec.name(request)} is refused"
    for _ in range(_ROUNDS):
        wire = _Wire(codec, watched=False)
        wire.rules.arm(_rule(_No(reply=told_no), Trigger(nth=nth)))
        wire.play(_mixed(given, dice))
        claim(wire.out[SERVER] == to_server, f"{what}, the server is not given the other requests in their order")
        claim(
            wire.out[COMPONENT] == to_component, f"{what}, the component is not told that in its turn among the replies"
        )


def check_foreign(codec: WireCodec, beginning: Sequence[Pair], foreign: Sequence[bytes], dice: random.Random) -> None:
    """Bytes that are not the protocol pass as they are, from the first byte on and after a beginning that is."""
    exchanges: list[Turn] = [
        turn for pair in beginning for turn in zip((COMPONENT, SERVER), pair, strict=True) if turn[1]
    ]
    for stream in (*foreign, dice.randbytes(300)):
        every = list(chunkings([stream], dice))
        for number, chunks in enumerate(dice.sample(every, min(_FOREIGN_ROUNDS, len(every)))):
            before = exchanges if number % 2 else []
            turns = before + [(side, chunk) for chunk in chunks for side in (COMPONENT, SERVER)]
            for how in _hows(number // 2):
                wire = _played(codec, turns, how)
                what = f"a link ({how}) changes bytes that are not the protocol, {told(chunks)}, on their way to the"
                for side, name in ((COMPONENT, "server"), (SERVER, "component")):
                    sent = b"".join(data for origin, data in before if origin == side) + stream
                    got = wire.out[SERVER if side == COMPONENT else COMPONENT]
                    claim(got == sent, f"{what} {name}: {stream[:20]!r}")
