"""What can be recorded of a run: typed events, one JSON line each.

All times are seconds of the machine's monotonic clock since the run began (`t`), comparable between the harness and the
probes inside the workers.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from stormproof.history.words import (
    FaultStage,
    Meaning,
    OpKind,
    Outcome,
    ProbeWord,
    ProcessWord,
    Purpose,
    WireDirection,
)

KEY_PATTERN = r"storm-[0-9a-f]{4}-\d{4,}"
"""What a submission's key looks like. It travels in the payload, so that probe and effects can name the submission."""


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """What all events have: `t`, seconds since the run began."""

    t: float


class Phase(Event, frozen=True, tag="phase"):
    """A phase of the run began: start, warmup, state, storm, recover, settle, read, stop."""

    name: str


class Invoked(Event, frozen=True, tag="invoked"):
    """A client began operation `op` (a number, unique in the run) about the submission `key`.

    `purpose` tells the workload from what the harness itself submits: to warm up, to bring a worker into a state
    (such tasks are the harness's own and no promise covers them), to see that the system has recovered, or to ask for a
    task that nobody has submitted.
    """

    op: int
    kind: OpKind
    key: str
    client: int = 0
    task_id: str = ""
    purpose: Purpose = "workload"


class Returned(Event, frozen=True, tag="returned"):
    """Operation `op` ended: `ok`, `fail` (certainly had no effect) or `info` (nobody knows).

    `http_status` is 0 where no answer came; `state` is the system's own word, `terminal` and `success` what its description makes of it;
    `value` is the result as JSON text ("" where none was given), or the beginning of a very long one; `error` says in one line why it is
    not ok. `partial`: the harness stopped before it had read the whole answer, so what that said is not known.
    `retry_after`: whether the answer has that header; `retry_after_s`: in how many seconds it says to come again (-1: no number, and no date).
    """

    op: int
    outcome: Outcome
    http_status: int = 0
    task_id: str = ""
    state: str = ""
    terminal: bool = False
    success: bool = False
    value: str = ""
    retry_after: bool = False
    retry_after_s: float = -1.0
    partial: bool = False
    error: str = ""


class Probe(Event, frozen=True, tag="probe"):
    """A line of a worker's probe: ground truth from inside, which no fault of the wire or of a server can reach.

    `pid` is the process that wrote it (pool child for started and ended, main process for received), `parent` the worker's
    main process. `key` is found in the task's arguments. `value` is the returned value as JSON text, `detail` an error.
    `consuming`: the worker begins to consume, at its start and after each lost connection; what it held before it has forgotten.
    """

    component: str
    pid: int
    parent: int
    word: ProbeWord
    task_id: str = ""
    task: str = ""
    key: str = ""
    value: str = ""
    detail: str = ""


class Effect(Event, frozen=True, tag="effect"):
    """Something happened in the outside world: an e-mail was accepted by the real SMTP server.

    `recipient`: all recipients, as the envelope has them. `others`: keys of other submissions that stand in it. `compared`: whether its
    submission was made as the description says; only then it is known what should be in it. `lacks`: what of `effects_contain` it does not
    contain, and how much of that it has.
    """

    key: str
    message_id: str = ""
    recipient: str = ""
    others: tuple[str, ...] = ()
    compared: bool = False
    lacks: tuple[str, ...] = ()


class Refusal(Event, frozen=True, tag="refusal"):
    """The outside world refused something: the real SMTP server answered `code` for a recipient (4xx: for now, 5xx: for ever)."""

    key: str
    code: int
    recipient: str = ""


class Counts(Event, frozen=True, tag="counts"):
    """What the system's own metrics count: submissions that ended in success, and in failure. `error`: why they could not be read."""

    success: float = 0.0
    failure: float = 0.0
    error: str = ""


class Sample(Event, frozen=True, tag="sample"):
    """What one server says of itself, asked directly and not through a link. `up` is false where it did not answer.

    `queued` and `unacked` count messages; `keys` counts keys that never expire, `all_keys` all; `evicted` those that it has thrown
    out since it started. The first sample after a start is taken before anybody else can connect.
    """

    store: str
    up: bool
    queued: int = 0
    unacked: int = 0
    connections: int = 0
    memory_bytes: int = 0
    keys: int = 0
    all_keys: int = 0
    evicted: int = 0


class ProcessSample(Event, frozen=True, tag="process_sample"):
    """Memory and number of the live processes of one component's process tree."""

    component: str
    rss_bytes: int
    processes: int


class Pressure(Event, frozen=True, tag="pressure"):
    """How long, in all, some process of this machine has had to wait for a processor (`some total` of /proc/pressure/cpu).

    What an answer took beyond that is the system's own time.
    """

    cpu_waited_s: float


class Process(Event, frozen=True, tag="process"):
    """A component's main process started, became ready, or exited (`code` as of `waitpid`: negative for a signal).

    `expected` is true where the harness itself (a fault, a heal, or the end of the run) made it exit.
    `gave_up`: it exited and nobody will start it again. `wiped`: the harness took a server's data away while it was down. `role` is `server`
    for what the harness runs for the system.
    """

    component: str
    role: str
    pid: int
    word: ProcessWord
    code: int = 0
    expected: bool = False

    @property
    def is_server(self) -> bool:
        """Whether it is a server of the run; earlier versions wrote `redis`."""
        return self.role in ("server", "redis")


class Fault(Event, frozen=True, tag="fault"):
    """A stage of one injection. `bit`: there is evidence (`detail`) that it had its effect; `failed`: it could not be done, and as the first
    stage, it was not even injected, as what it waited for did not come.
    """

    fault: str
    name: str
    stage: FaultStage
    target: str = ""
    detail: str = ""


class Wire(Event, frozen=True, tag="wire"):
    """A frame on the wire, as the link between a component and one of its servers saw it.

    `component` and `store` are the two ends; `link` is their name: the component's, with `.results` and the like for a server that is not
    the broker. `connection` is a number, unique in the run. `command` is in capitals (of a reply: that of the request which it answers);
    `key` is the first key's shape, ids replaced by `*`; `ids` are the task ids, delivery tags and submission keys in it. `meaning`: what it
    does to a message. `waits`: the server answers such a request when there is something to say. `fate` is what became of it: `passed`, or
    the name of the fault that met it; `fault` is then the injection's.
    """

    link: str
    component: str
    store: str
    connection: int
    direction: WireDirection
    command: str
    key: str = ""
    meaning: Meaning = "other"
    waits: bool = False
    size_bytes: int = 0
    ids: tuple[str, ...] = ()
    fate: str = "passed"
    fault: str = ""


class CeleryEvent(Event, frozen=True, tag="celery_event"):
    """A task event as Flower sees it: `word` is Celery's type without its `task-` prefix."""

    word: str
    task_id: str
    hostname: str = ""


class Settings(Event, frozen=True, tag="settings"):
    """What a worker says of itself as it becomes ready: its own books, by which it is judged.

    `pid` is its main process. `processes`: how many tasks it runs at once at most (autoscale's maximum), `fewest`: at least.
    `prefetch`: the most messages that it holds unacknowledged (0: no limit). `slowest_s`: the longest time that a rate limit puts
    between two starts of one task (0: no rate limit). `transport`: kombu's name for it, such as `redis`.

    The rest says where its messages are: the `database` and key names of its Redis transport, the queues that it reads (without
    prefix), and how long an abandoned message waits (`visibility_s`). `serializer` is the one with which its application publishes.
    """

    component: str
    pid: int
    pool: str = ""
    processes: int = 0
    fewest: int = 0
    prefetch: int = 0
    slowest_s: float = 0.0
    transport: str = ""
    database: int = 0
    prefix: str = ""
    separator: str = "\x06\x16"
    steps: tuple[int, ...] = (0, 3, 6, 9)
    unacked_key: str = "unacked"
    unacked_index_key: str = "unacked_index"
    visibility_s: float = 3600.0
    queues: tuple[str, ...] = ()
    serializer: str = "json"


class FastForward(Event, frozen=True, tag="fast_forward"):
    """Messages whose worker is gone were handed back to the queue at once, as a live worker would have done
    when the visibility timeout, `waited_s`, was over.
    """

    store: str
    task_ids: tuple[str, ...]
    waited_s: float = 0.0


class Quiescence(Event, frozen=True, tag="quiescence"):
    """The end of waiting. `proved`: nothing can change any more, without a new submission.

    `queued`, `unacked`: messages left. `executing`: tasks that a live process has started and not ended; `in_hand`: their ids.
    `backlog`: what the system says it still holds outside the broker. `unchanged_s`: for how long none of these numbers had changed.
    `detail` says why it is proved, or why not.
    """

    proved: bool
    queued: int = 0
    unacked: int = 0
    executing: int = 0
    backlog: int = 0
    in_hand: tuple[str, ...] = ()
    unchanged_s: float = 0.0
    detail: str = ""


class Closed(Event, frozen=True, tag="closed"):
    """The last line of all, and none of the run's: so many `events` stand before it, and `checksum` is the CRC-32 of their lines.

    A history without it was not closed; one that it does not fit has lost lines, or has others. `t` is that of the line before.
    """

    events: int
    checksum: int

    @classmethod
    def of(cls, events: Sequence[AnyEvent]) -> Closed:
        """The line that closes these."""
        checksum = 0
        for event in events:
            checksum = zlib.crc32(encode(event), checksum)
        return cls(t=events[-1].t if events else 0.0, events=len(events), checksum=checksum)


AnyEvent = (
    Phase
    | Invoked
    | Returned
    | Probe
    | Effect
    | Refusal
    | Counts
    | Sample
    | ProcessSample
    | Pressure
    | Process
    | Fault
    | Wire
    | CeleryEvent
    | Settings
    | FastForward
    | Quiescence
    | Closed
)

_encoder = msgspec.json.Encoder()


def encode(event: AnyEvent) -> bytes:
    """One JSON line with its end of line."""
    return _encoder.encode(event) + b"\n"
