"""The events of a run: typed values, one JSON line each.

All times are seconds on the machine's monotonic clock since the run began (`t`). They are comparable between the
harness and the probes inside the workers.
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
"""The pattern of a submission's key. The key travels in the payload, so that the probe and effects can name the
submission.
"""


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """Base of all events. `t`: seconds since the run began."""

    t: float


class Phase(Event, frozen=True, tag="phase"):
    """A phase of the run began: start, warmup, state, storm, recover, settle, read, stop."""

    name: str


class Invoked(Event, frozen=True, tag="invoked"):
    """A client began operation `op` (a number, unique in the run) on the submission `key`.

    `purpose` separates the workload from what the harness itself submits: to warm up, to bring a worker into a state
    (no promise covers these tasks), to check that the system has recovered, or to ask for a task that was never
    submitted.
    """

    op: int
    kind: OpKind
    key: str
    client: int = 0
    task_id: str = ""
    purpose: Purpose = "workload"


class Returned(Event, frozen=True, tag="returned"):
    """Operation `op` ended: `ok`, `fail` (certainly had no effect) or `info` (the outcome is unknown).

    `http_status` is 0 if no answer came. `state` is the system's own word; `terminal` and `success` are its meaning
    according to the description. `value` is the result as JSON text ("" if none was given), or the beginning of a very
    long one. `error` is one line that explains why the outcome is not ok. `partial`: the harness stopped before it had
    read the whole answer, so its content is unknown. `retry_after`: whether the answer has that header.
    `retry_after_s`: the seconds to wait that it asks for (-1: it holds neither a number nor a date).
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
    """A line of a worker's probe: ground truth from inside the worker, which no fault of the wire or of a server can
    affect.

    `pid` is the process that wrote it (pool child for started and ended, main process for received), `parent` the
    worker's main process. `key` is found in the task's arguments. `value` is the returned value as JSON text, `detail`
    an error. `consuming`: the worker begins to consume, at its start and after each lost connection; it has forgotten
    the messages that it held before.
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
    """Something happened outside the system: for example, the real SMTP server accepted an e-mail.

    `recipient`: all recipients in the envelope. `others`: keys of other submissions found in it. `compared`: whether
    its submission was made as the description says; only then is its expected content known. `lacks`: the parts of
    `effects_contain` that are missing, and how much of each was found.
    """

    key: str
    message_id: str = ""
    recipient: str = ""
    others: tuple[str, ...] = ()
    compared: bool = False
    lacks: tuple[str, ...] = ()


class Refusal(Event, frozen=True, tag="refusal"):
    """The outside world refused something: the real SMTP server answered `code` for a recipient (4xx: temporary, 5xx:
    permanent).
    """

    key: str
    code: int
    recipient: str = ""


class Counts(Event, frozen=True, tag="counts"):
    """Counts from the system's own metrics: submissions that succeeded and that failed. `error`: why they could not be
    read.
    """

    success: float = 0.0
    failure: float = 0.0
    error: str = ""


class Sample(Event, frozen=True, tag="sample"):
    """The state of one server, read directly and not through a link. `up` is false if it did not answer.

    `queued` and `unacked` count messages. `keys` counts keys that never expire, `all_keys` all keys; `evicted` counts
    those evicted since the server started. The first sample after a start is taken before any other client can connect.
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
    """Memory and number of the live processes in one component's process tree."""

    component: str
    rss_bytes: int
    processes: int


class Pressure(Event, frozen=True, tag="pressure"):
    """Total time, in seconds, that some process of this machine has waited for a processor (`some total` of
    /proc/pressure/cpu).

    The rest of a response time is the system's own.
    """

    cpu_waited_s: float


class Process(Event, frozen=True, tag="process"):
    """A component's main process started, became ready, or exited (`code` as of `waitpid`: negative for a signal).

    `expected` is true if the harness itself (a fault, a heal, or the end of the run) made it exit. `gave_up`: it exited
    and nothing will restart it. `wiped`: the harness deleted a server's data while it was down. `role` is `server` for
    the servers that the harness runs for the system.
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
    """A stage of one injection. `bit`: there is evidence (`detail`) that the fault had its effect. `failed`: it could
    not be done; as the first stage: it was never injected, because the event that it waited for did not come.
    """

    fault: str
    name: str
    stage: FaultStage
    target: str = ""
    detail: str = ""


class Wire(Event, frozen=True, tag="wire"):
    """A frame on the wire, as the link between a component and one of its servers saw it.

    `component` and `store` are the two ends; `link` is their name: the component's, with `.results` or similar for a
    server other than the broker. `connection` is a number, unique in the run. `command` is in capitals (for a reply: of
    the request that it answers); `key` is the shape of the first key, ids replaced by `*`; `ids` are the task ids,
    delivery tags and submission keys in it. `meaning`: its effect on a message. `waits`: the server answers such a
    request only when it has something to send. `fate`: `passed`, or the name of the fault that met it; `fault` is then
    the name of the injection.
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
    """The settings that a worker reports when it becomes ready. The checks judge it by them.

    `pid` is its main process. `processes`: the most tasks that it runs at once (autoscale's maximum); `fewest`: the
    minimum. `prefetch`: the most messages that it holds unacknowledged (0: no limit). `slowest_s`: the longest time
    that a rate limit puts between two starts of one task (0: no rate limit). `transport`: kombu's name for it, such as
    `redis`.

    The other fields locate its messages: the `database` and key names of its Redis transport, the queues that it reads
    (without prefix), and how long an abandoned message waits (`visibility_s`). `serializer` is the one that its
    application publishes with.
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
    """Messages whose worker is gone were returned to the queue at once. A live worker would have done that after the
    visibility timeout, `waited_s`.
    """

    store: str
    task_ids: tuple[str, ...]
    waited_s: float = 0.0


class Quiescence(Event, frozen=True, tag="quiescence"):
    """The end of waiting. `proved`: nothing can change any more without a new submission.

    `queued`, `unacked`: messages left. `executing`: tasks that a live process has started and not ended; `in_hand`:
    their ids. `backlog`: the work that the system reports it still holds outside the broker. `unchanged_s`: how long
    these numbers have been unchanged. `detail` explains why it is proved, or why not.
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
    """The last line of the file, not an event of the run: the number of `events` before it, and the CRC-32 `checksum`
    of their lines.

    Without it, the history was not closed. If it does not match, lines were lost or changed. `t` is that of the line
    before.
    """

    events: int
    checksum: int

    @classmethod
    def of(cls, events: Sequence[AnyEvent]) -> Closed:
        """The closing line for these events."""
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
    """One JSON line, including its line ending."""
    return _encoder.encode(event) + b"\n"
