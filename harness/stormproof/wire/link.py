"""One connection through a link, without its sockets: bytes in, commands out. Armed rules decide each frame's fate. The
design is mitmproxy's and h11's: pure, so that each fault can be tested without sockets and sleeps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Answer, Ask, Close, How, Pass, Repeat, Side, Swallow, Wait, Write
from stormproof.wire.codec import Asked, Parser, Part, Piece, Reader, WireCodec
from stormproof.wire.rules import Rule, Rules


class Send(NamedTuple):
    """Send bytes to one side."""

    to: Side
    data: bytes


class End(NamedTuple):
    """End the connection to one side; `whole`: also ignore what that side still writes."""

    to: Side
    how: How
    whole: bool = False


class Sleep(NamedTuple):
    """Wake this direction (named by the side that it comes from) at that time of the same clock as `now`."""

    origin: Side
    until: float


class Consult(NamedTuple):
    """Let the harness strike; then it calls `decided` with whether the frame goes on."""

    origin: Side
    rule: Rule
    moment: Moment


Command = Send | End | Sleep | Consult

_OTHER: dict[Side, Side] = {"component": "server", "server": "component"}


class _Step(NamedTuple):
    """One item of work in a queue: an action for a piece, and the rule that asked for it, if any."""

    action: Action | None
    piece: Piece
    rule: Rule | None
    moment: Moment | None
    arrived: float


class _Way:
    """One direction of the connection. `ahead`: how many of the bytes that the parser keeps have been sent on.
    `carrying`: actions for later parts of a large frame. `given`: the request is already counted. `free_at`: when the
    last `in_turn` wait ends.
    """

    def __init__(self, origin: Side, parser: Parser) -> None:
        self.origin, self.target = origin, _OTHER[origin]
        self.parser = parser
        self.todo: deque[_Step | How] = deque()
        self.backlog = self.ahead = 0
        self.asleep = self.closed = self.swallows = self.given = False
        self.free_at = 0.0
        self.waits_for: Rule | None = None
        self.carrying: Callable[[bytes], list[Action]] | None = None

    @property
    def busy(self) -> bool:
        """Whether bytes must not simply pass: some wait, the end has come, or some were kept back while a watcher was
        active.
        """
        held = self.asleep or self.closed or self.swallows
        return held or self.carrying is not None or self.ahead != self.parser.unfinished

    def clear(self) -> None:
        """Forget what waits."""
        self.todo.clear()
        self.backlog = 0
        self.asleep, self.waits_for = False, None


class Conversation:
    """One connection between a component and a server. Times (`now`) are seconds of any one clock. `ending`: a side or
    a fault has ended it. `codec`: the server's protocol; `reader` interprets its frames.
    """

    def __init__(
        self, link: str, component: str, store: str, number: int, rules: Rules, codec: WireCodec, reader: Reader
    ) -> None:
        self.link, self.component, self.store, self.number = link, component, store, number
        self._rules, self._codec, self._reader = rules, codec, reader
        parsers: dict[Side, Parser] = {"component": codec.parser(requests=True), "server": codec.parser(requests=False)}
        self._ways = {origin: _Way(origin, parser) for origin, parser in parsers.items()}
        self._pairing = codec.pairing()
        self._noticed = False
        self.over = self.ending = False

    def backlog(self, origin: Side) -> int:
        """Bytes that wait in this direction; the reader of the socket should pause when there are many."""
        return self._ways[origin].backlog

    @property
    def finished(self) -> bool:
        """Whether nothing can pass any more."""
        return self.over or all(way.closed for way in self._ways.values())

    def passes(self, origin: Side, data: bytes) -> bool:
        """Whether these bytes from one side go on to the other unchanged, and are then fully handled.

        This is the fast path for almost all traffic: no watcher, nothing armed, nothing waiting.
        """
        way = self._ways[origin]
        if not self._rules.quiet or self._pairing.special or self.over or way.busy:
            return False
        is_request = origin == "component"
        if way.parser.is_one_frame(data):
            self._pairing.count(data, is_request=is_request)
            self._notice()
            return True
        for piece in way.parser.feed(data):
            if piece.part is Part.WHOLE:
                self._pairing.count(piece.raw, is_request=is_request)
            else:
                self._pair(way, piece)
        way.ahead = way.parser.unfinished
        self._notice()
        return True

    def receive(self, origin: Side, data: bytes, now: float = 0.0) -> list[Command]:
        """Handle bytes from one side."""
        way = self._ways[origin]
        if self.passes(origin, data):
            return [Send(way.target, data)]
        if way.swallows or way.closed or self.over:
            return []
        for piece in way.parser.feed(data):
            way.todo.append(_Step(None, piece, None, None, now))
            way.backlog += len(piece.raw)
        return self._run(way)

    def ended(self, origin: Side, how: How) -> list[Command]:
        """Handle the end of one side's direction. What it sent before still arrives before the other side sees the end."""
        way, self.ending = self._ways[origin], True
        if self.over or way.closed:
            return []
        if how == "reset":
            way.clear()
        elif rest := way.parser.rest()[way.ahead :]:
            way.todo.append(_Step(None, Piece(rest, Part.BODY), None, None, 0.0))
            way.backlog += len(rest)
            way.ahead = 0
        way.todo.append(how)
        return self._run(way)

    def wake(self, origin: Side) -> list[Command]:
        """Continue after a wait."""
        way = self._ways[origin]
        way.asleep, way.waits_for = False, None
        return self._run(way)

    def healed(self, rule: Rule) -> list[Command]:
        """Continue what waited for a rule that is no longer armed."""
        return [c for origin, way in self._ways.items() if way.waits_for is rule for c in self.wake(origin)]

    def decided(self, origin: Side, goes_on: bool) -> list[Command]:
        """Continue after the harness has struck: the frame that waited goes on, or is dropped."""
        way = self._ways[origin]
        if not way.asleep or self.over:
            return []  # The connection has ended meanwhile.
        waiting = way.todo.popleft()
        if goes_on and isinstance(waiting, _Step):
            way.todo.appendleft(waiting._replace(action=Pass()))
        else:
            way.swallows = True
        return self.wake(origin)

    def struck(self, rule: Rule) -> list[Command]:
        """Let a rule that strikes connections, and no particular frame, strike this one."""
        rule.hit(f"{self.link}: connection {self.number}")
        commands: list[Command] = []
        for action in rule.actions(None):
            commands += self._connection_action(action)
        return commands

    # Carrying out actions, in order

    def _run(self, way: _Way) -> list[Command]:
        commands: list[Command] = []
        while way.todo and not way.asleep and not self.over:
            step = way.todo.popleft()
            if isinstance(step, str):
                way.closed = True
                # A server closes both directions or none; a client may shut down its own and still read.
                commands.append(End(way.target, step, whole=way.origin == "server"))
            elif not way.swallows:
                commands += self._take(way, step) if step.action is None else self._do(way, step, step.action)
        return commands

    def _take(self, way: _Way, step: _Step) -> list[Command]:
        """Look at a piece and decide what happens to it."""
        piece = step.piece
        way.backlog -= len(piece.raw)
        way.given = False
        begun, way.ahead = min(way.ahead, len(piece.raw)), max(way.ahead - len(piece.raw), 0)
        if begun or self._pairing.gave_up or piece.part is Part.OPAQUE:  # No fault can meet it any more.
            self._pair(way, piece)
            return [Send(way.target, piece.raw[begun:])] if len(piece.raw) > begun else []
        if piece.part in (Part.BODY, Part.LAST):
            carried: list[Action] = [Pass()] if way.carrying is None else way.carrying(piece.raw)
            if piece.part is Part.LAST:
                way.carrying = None
            return self._first(way, step, carried)
        return self._meet(way, step, piece)

    def _meet(self, way: _Way, step: _Step, piece: Piece) -> list[Command]:
        asked = self._pair(way, piece) if way.origin == "server" else None
        if asked is not None and asked.special:
            way.carrying = (lambda data: []) if piece.part is Part.HEAD else None
            return self._replaced(asked)
        if self._rules.quiet:
            return self._first(way, step, [Pass()])
        moment = self._moment(way, piece, asked)
        rule = self._rules.meeting(moment)
        if self._rules.watch is not None and moment.command:
            self._rules.watch(moment, rule.name if rule else "passed", rule.injection if rule else "")
        if rule is None:
            return self._first(way, step._replace(moment=moment), [Pass()])
        if piece.part is Part.HEAD:
            way.carrying = rule.fault.carry_on if rule.fault else None
        return self._first(way, step._replace(rule=rule, moment=moment), rule.actions(moment))

    def _first(self, way: _Way, step: _Step, actions: list[Action]) -> list[Command]:
        """Put the actions for a piece before everything else, and go on."""
        way.todo.extendleft(step._replace(action=action) for action in reversed(actions))
        return []

    def _do(self, way: _Way, step: _Step, action: Action) -> list[Command]:
        raw = step.piece.raw
        if isinstance(action, Wait):
            return self._wait(way, step, action)
        if isinstance(action, Ask) and step.rule and step.moment:
            way.asleep = True
            way.todo.appendleft(step)
            return [Consult(way.origin, step.rule, step.moment)]
        if isinstance(action, Answer):
            return self._answer(action, raw)
        if isinstance(action, Pass | Write | Repeat):
            data = action.data if isinstance(action, Write) else raw
            return self._go_on(way, step, data, twice=isinstance(action, Repeat))
        return self._connection_action(action)

    def _go_on(self, way: _Way, step: _Step, data: bytes, *, twice: bool) -> list[Command]:
        first = step.piece.part in (Part.WHOLE, Part.HEAD)
        if way.origin == "component" and first and not way.given:
            way.given = True
            asked = self._pairing.request(step.piece.raw)
            if asked and step.moment:
                asked.ids, asked.meaning = step.moment.ids, step.moment.meaning
            if asked and twice:
                again = self._pairing.request(step.piece.raw)
                if again:
                    again.drop = True
                    self._pairing.special += 1
        return [Send(way.target, data + data if twice else data)] if data else []

    def _wait(self, way: _Way, step: _Step, action: Wait) -> list[Command]:
        way.asleep = True
        if action.seconds is None:
            way.waits_for = step.rule
            return []
        if not action.in_turn:
            return [Sleep(way.origin, step.arrived + action.seconds)]
        way.free_at = max(way.free_at, step.arrived) + action.seconds
        return [Sleep(way.origin, way.free_at)]

    def _answer(self, action: Answer, raw: bytes) -> list[Command]:
        """Send the server something harmless instead, so that replies keep their order."""
        asked, instead = self._codec.refuse(raw, action.reply)
        asked.close = action.close
        self._pairing.instead(asked)
        return [Send("server", instead)]

    def _replaced(self, asked: Asked) -> list[Command]:
        commands: list[Command] = [Send("component", asked.replace)] if asked.replace is not None else []
        return [*commands, *self._connection_action(Close("fin"))] if asked.close else commands

    def _connection_action(self, action: Action) -> list[Command]:
        if isinstance(action, Swallow):
            for origin, way in self._ways.items():
                way.swallows = way.swallows or action.origin in (None, origin)
            return []
        if not isinstance(action, Close):
            return []
        self.ending = True
        if action.side is None:
            self.over = True
            return [End("component", action.how), End("server", action.how)]
        self._ways[_OTHER[action.side]].clear()
        self._ways[_OTHER[action.side]].closed = True
        return [End(action.side, action.how)]

    # Identifying a piece

    def _moment(self, way: _Way, piece: Piece, asked: Asked | None) -> Moment:
        found = self._codec.ids(piece.raw)
        if way.origin == "component":
            command, key = self._codec.name(piece.raw)
            meaning = self._reader.request(command, key, piece.raw, found)
        else:
            command, key = asked.name if asked else ("MESSAGE", "")
            meaning = self._reader.reply(asked.meaning if asked else "other", piece.raw)
            found = tuple(dict.fromkeys((*(asked.ids if asked else ()), *found)))
        waits = self._codec.waits(command)
        return Moment(
            link=self.link,
            component=self.component,
            store=self.store,
            connection=self.number,
            direction="request" if way.origin == "component" else "reply" if asked else "push",
            command=command,
            key=key,
            raw=piece.raw,
            whole=piece.part is Part.WHOLE,
            nil=waits and self._codec.is_empty(piece.raw),
            ids=found,
            meaning=meaning,
            waits=waits and way.origin == "component",
        )

    def _pair(self, way: _Way, piece: Piece) -> Asked | None:
        """Keep count: a request is now owed a reply; an expected reply belongs to the oldest request."""
        asked = self._pairing.take(piece, is_request=way.origin == "component", opaque=way.parser.opaque)
        self._notice()
        return asked

    def _notice(self) -> None:
        if self._pairing.gave_up and not self._noticed:
            self._noticed = True
            self._rules.notice(f"{self.link}: connection {self.number} is forwarded unread: {self._pairing.gave_up}")
