"""One state machine for the hardened service, whatever it runs on: what callers do to it, and what happens to it in the meantime.

The model is a dictionary: a submission -> what its caller knows of it. The system is behind `System`: the same rules play on API, worker and
sweeper in one process with fakeredis (`machine_in_memory`), and on real processes with a real Redis (`machine_of_processes`).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import validate_email

WAITS_S = (0.0, 61.0, 1000.0)
"""None; longer than a retry, a lease and the visibility timeout; longer than all that the sweeper waits for."""

KEEP_OUTCOMES_S = 10_000_000.0
"""Longer than all other waits of a run together: only `pass_time` by more makes an outcome old."""

SEED = 8
"""Of the plays where time is short: those that it gives find all planted bugs, and are the same after a change of these files."""

EXCUSES = {
    "MailRefusedError": {"refuses"},
    "MailDeferredError": {"defers", "is gone"},
    "GaveUpError": {"drops", "dies"},
}
"""Type of a FAILURE's error -> what must have happened while the task was open."""

MAY_HAVE_LEFT = "may have been sent"

MAIL_SERVERS: tuple[MailServer, ...] = ("accepts", "accepts", "refuses", "defers", "drops", "is gone")
MailServer = Literal["accepts", "refuses", "defers", "drops", "is gone"]
"""How e-mails are taken; `refuses` is for good, `drops` takes the e-mail and drops the connection before it says so."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What a caller submits, and what the mail server is given in the end."""

    recipient: str
    content: str

    @property
    def addressed(self) -> Mail:
        """The same, the address in its normal form."""
        return Mail(_normal(self.recipient), self.content)

    @property
    def lines(self) -> tuple[str, ...]:
        """The content; line ends are the e-mail's own, and there is one at its end."""
        whole = self.content if self.content.endswith(("\r", "\n")) else f"{self.content}\n"
        return tuple(line.decode() for line in whole.encode().splitlines())


@cache
def _normal(address: str) -> str:
    return validate_email(address)[1]


@dataclass(frozen=True, slots=True)
class Submission:
    """A request to send an e-mail. Two of the same `identity` are the same."""

    mail: Mail
    key: str | None

    @property
    def identity(self) -> str | Mail:
        """The key, where there is one."""
        return self.mail.addressed if self.key is None else self.key


@dataclass(frozen=True, slots=True)
class Delivered:
    """One e-mail as the mail server has accepted it."""

    task_id: str
    mail: Mail


@dataclass(frozen=True, slots=True)
class Answer:
    """Of the API. `code` is 0 where none came."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


Who = Literal["nobody", "pool process", "worker", "host", "overtaken"]
When = Literal["", "received", "claimed", "at the fence", "sent", "recorded"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of who works on a message: `who` ends (or is overtaken: sleeps until another has done the work) when the task is `when`."""

    who: Who
    when: When


LIVES = Fate("nobody", "")


@dataclass(frozen=True, slots=True)
class Spoiling:
    """How a message is changed; `place` and `bit` are for flips."""

    kind: Literal["other arguments", "garbage", "body", "task", "no id", "flip"]
    place: int = 0
    bit: int = 0


class System(Protocol):
    """The service, and what it needs. Only the rules move it; where it moves by itself, `rest` waits for the end of that."""

    fates: Mapping[Who, Sequence[When]]
    api_can_die: bool
    delivered: Sequence[Delivered]

    def reset(self) -> None:
        """As new: nothing submitted, queued or delivered; all is up and well."""

    def submit(self, submission: Submission, *, dies: bool = False) -> Answer:
        """POST /send-email. `dies`: the API does, when the submission is written down and not published yet."""

    def status(self, task_id: str) -> Answer:
        """GET /task-status/{task_id}."""

    def work(self, fate: Fate) -> bool:
        """A worker takes one message and does what it says; False where there was none."""

    def sweep(self) -> bool:
        """One sweep; False where the broker is down."""

    def pass_time(self, seconds: float) -> None:
        """So much time passes at once, for the journal and for the messages in the broker."""

    def rest(self) -> None:
        """Return when nothing moves by itself any more."""

    def revoke(self, task_id: str) -> None:
        """Celery's control command: workers drop its messages from now on."""

    def spoil_message(self, how: Spoiling) -> None:
        """Change the message that would be taken next, if there is one."""

    def spoil_result(self, task_id: str, value: bytes | None) -> None:
        """Overwrite Celery's own record of an outcome, or remove it (None)."""

    def wipe_broker(self) -> None:
        """All that Redis holds is gone."""

    def broker_down(self) -> None:
        """Redis is not there."""

    def broker_up(self) -> None:
        """... and is there again, with what it held."""

    def restart_api(self) -> None:
        """The API's process is replaced."""

    def restart_worker(self) -> None:
        """The worker is killed and replaced: what it remembers is forgotten."""

    def behave(self, mail_server: MailServer) -> None:
        """How e-mails are taken from now on."""


@dataclass(slots=True)
class Task:
    """What is known of a submission that was taken in. `id` is "" until it is told; `promised`: with a 202; `outcome`: the terminal answer.

    `excuses`: what has happened while it was open, and may make it fail.
    """

    submission: Submission
    id: str = ""
    promised: bool = False
    state: str = ""
    outcome: Any = None
    excuses: set[str] = field(default_factory=set)

    @property
    def mail(self) -> Mail:
        """What is to be delivered."""
        return self.submission.mail.addressed


RECIPIENTS = (
    "a@example.org",
    "B.b+c@EXAMPLE.org",
    "o'hara@sub.example.org",
    "ü@example.org",
    "x@bücher.example",
    "l" * 64 + "@example.org",
)
KEYS = (None, "a", "b", "ü '\"{};--", "k" * 255)
CONTENTS = (
    "",
    "hello",
    ".",
    "a\n.\nb",
    "\r\n.\r\nQUIT\r\n",
    "\x00\x07\x1b[2J",
    "Subject: x\r\n\r\nBcc: b@example.org",
    "From here",
    "\u202eevil\u2028\x85\x0b",
    "🎉ä" * 999,
    "x" * 2000,
    '{"a": [1, "\\ud800"]}',
)
STRANGE_IDS = (
    "nothing",
    "..",
    "%2e%2e",
    "a/b",
    "\x00",
    "é",
    "' OR 1=1 --",
    "celery-task-meta-x",
    "x" * 5000,
    str(0).zfill(32),
)


def _fates(who: Who, whens: Sequence[When]) -> st.SearchStrategy[Fate]:
    return st.builds(Fate, st.just(who), st.sampled_from(whens))


mails = st.builds(Mail, st.sampled_from(RECIPIENTS), st.sampled_from(CONTENTS) | st.text(max_size=9))
submissions = st.builds(Submission, mails, st.sampled_from(KEYS))
strange_ids = st.sampled_from(STRANGE_IDS) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
fates = st.runner().flatmap(
    lambda machine: st.one_of(*(_fates(who, whens) for who, whens in machine.system.fates.items()))
)
_flips = st.builds(Spoiling, st.just("flip"), place=st.integers(0, 1500), bit=st.integers(0, 7))
spoilings = st.sampled_from(("other arguments", "garbage", "body", "task", "no id")).map(Spoiling) | _flips


class Machine(RuleBasedStateMachine):
    """The rules and what must hold after each. A subclass names its `system`."""

    system: System
    tasks = Bundle("task")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str | Mail, Task] = {}
        self.ids: dict[str | Mail, str] = {}
        self.forgotten: Counter[str] = Counter()  # E-mails by task id, from before its outcome was forgotten.
        self.broker = True
        self.revoked = False
        self.seen = 0  # So many e-mails have been looked at.
        self._raised_before = sys.exception()
        self.system.reset()

    # What callers do.

    @initialize(target=tasks, submission=submissions)
    def first_submission(self, submission: Submission) -> Submission:
        """Each program begins with one: without it there is nothing to see."""
        return self.submit(submission)

    @rule(target=tasks, submission=submissions)
    def submit(self, submission: Submission) -> Submission:
        """With a key of the caller's, or without."""
        self._submit(submission)
        return submission

    @rule(task=tasks)
    def repeat(self, task: Submission) -> None:
        """The same once more, as who got no answer does."""
        self._submit(task)

    @rule(task=tasks, content=st.text(max_size=3))
    def submit_other_content(self, task: Submission, content: str) -> None:
        """Under the same key, if there is one."""
        self._submit(Submission(Mail(task.mail.recipient, content), task.key))

    @precondition(lambda self: self.system.api_can_die)
    @rule(target=tasks, submission=submissions)
    def api_dies_before_publishing(self, submission: Submission) -> Submission:
        """No answer: it is not promised, but may be done."""
        if submission.identity not in self.model:
            assert self.system.submit(submission, dies=True).code == 0
            self.model[submission.identity] = Task(submission)
        return submission

    @rule(task_id=strange_ids)
    def poll_strange_id(self, task_id: str) -> None:
        """What nobody has submitted is no task, whatever it is called."""
        assert self.system.status(task_id).code in (404, 422)

    # What the service does.

    @rule(mail_server=st.sampled_from(MAIL_SERVERS))
    def work(self, mail_server: MailServer) -> None:
        """One message is taken, if there is one; its e-mail is taken or not."""
        self._excuse(mail_server)
        self.system.rest()
        self.system.behave(mail_server)
        self.system.work(LIVES)
        self.system.behave("accepts")

    @rule(submission=submissions, fate=fates)
    def work_until(self, submission: Submission, fate: Fate) -> None:
        """One more is submitted, one message is taken, and not to its end."""
        self._submit(submission)
        self._excuse("" if fate.who == "overtaken" else "dies")
        self.system.work(fate)

    @rule(seconds=st.sampled_from((*WAITS_S, KEEP_OUTCOMES_S + 1, KEEP_OUTCOMES_S + 1)))
    def pass_time(self, seconds: float) -> None:
        """Leases end, retries are due, what was never acknowledged is handed out again, outcomes are old; then there is a sweep."""
        if seconds > KEEP_OUTCOMES_S:
            self._prepare_to_forget()
        self.system.pass_time(seconds)
        assert self.system.sweep()
        if seconds > KEEP_OUTCOMES_S:
            self._forget()

    # What happens to it.

    @rule(task=tasks)
    def revoke(self, task: Submission) -> None:
        """Its messages are dropped until the worker is another."""
        if task.identity in self.ids:
            self.system.revoke(self.ids[task.identity])
            self.revoked = True

    @rule(submission=submissions, how=spoilings)
    def spoil_message(self, submission: Submission, how: Spoiling) -> None:
        """One more is submitted, and the message that is next becomes another, or none."""
        self._submit(submission)
        self.system.spoil_message(how)

    @rule(task=tasks, value=st.sampled_from((b"\x93garbage\xff{", b'{"status": "FAILURE"}', None)))
    def spoil_result(self, task: Submission, value: bytes | None) -> None:
        """Celery's own record of an outcome, which nobody's answer depends on."""
        if task.identity in self.ids:
            self.system.spoil_result(self.ids[task.identity], value)

    @rule(submission=submissions)
    def submit_without_broker(self, submission: Submission) -> None:
        """Redis is down for a while: nothing new is accepted, and what was accepted stays so."""
        self.system.broker_down()
        self.broker = False
        self._submit(submission)
        assert not self.system.sweep()
        self.all_is_as_it_was_told()
        self.system.broker_up()
        self.broker = True

    @rule(component=st.sampled_from(("api", "worker", "redis")))
    def restart(self, component: Literal["api", "worker", "redis"]) -> None:
        """What it had in its memory is gone; Redis had everything there."""
        {"api": self.system.restart_api, "worker": self.system.restart_worker, "redis": self.system.wipe_broker}[
            component
        ]()
        self.revoked &= component != "worker"

    # What must hold.

    @invariant()
    def all_is_as_it_was_told(self) -> None:
        """No task is lost, doubled, changed, or taken back."""
        for task in self.model.values():
            if task.id:
                self._look_at(task, self._sent()[task.id] - self.forgotten[task.id])
        self._look_at_what_was_delivered()

    def teardown(self) -> None:
        """Whatever the steps were: when all is well again, each task comes to its end."""
        if sys.exception() is self._raised_before:
            self._run_to_the_end()

    def _submit(self, submission: Submission) -> None:
        identity, task = submission.identity, self.model.get(submission.identity)
        answer = self.system.submit(submission)
        if task is not None and task.mail != submission.mail.addressed:
            assert answer.code == 422, f"another request under the same key: {answer}"
        elif answer.code == 503:
            self._refused(identity, answer)
        else:
            assert answer.code == 202, answer
            assert self.broker or task is not None, "accepted without a broker"
            self._accepted(submission, answer)

    def _refused(self, identity: str | Mail, answer: Answer) -> None:
        assert int(answer.headers.get("retry-after", 0)) > 0, answer
        assert not self.broker, "the broker is up"
        task = self.model.pop(identity, None)
        assert task is None or not task.promised, "a repetition of what was accepted"
        if identity in self.ids:
            assert self.system.status(self.ids[identity]).code == 404

    def _accepted(self, submission: Submission, answer: Answer) -> None:
        identity, task_id = submission.identity, answer.body["task_id"]
        assert answer.headers["location"] == f"/task-status/{task_id}"
        assert self.ids.setdefault(identity, task_id) == task_id, "the same submission has another id"
        assert list(self.ids.values()).count(task_id) == 1, "two submissions have one id"
        task = self.model.setdefault(identity, Task(submission))
        task.id, task.promised = task_id, True

    def _look_at(self, task: Task, sent: int) -> None:
        answer = self.system.status(task.id)
        assert answer.code == 200, f"a task that was accepted is unknown: {answer}"
        body, state = answer.body, answer.body["status"]
        assert task.outcome in (None, body), f"an outcome was taken back: {task.outcome} became {body}"
        assert (state == "PENDING") <= (task.state in ("", "PENDING")), f"{task.state} became {state}"
        assert body["task_id"] == task.id
        task.state = state
        if state == "SUCCESS":
            assert sent == 1, f"SUCCESS, and {sent} e-mails"
            assert (body["result"], body["error"]) == ({"status": "sent", "recipient": task.mail.recipient}, None)
        elif state == "FAILURE":
            error = body["error"]
            assert body["result"] is None
            assert task.excuses & EXCUSES.get(error["type"], set()), f"failed without a reason: {error}"
            assert sent <= (MAY_HAVE_LEFT in error["message"]), f"FAILURE, and {sent} e-mails"
        else:
            assert state in ("PENDING", "STARTED", "RETRY") and body["result"] is None
            return
        task.outcome = body

    def _look_at_what_was_delivered(self) -> None:
        known = {task.id: task.mail for task in self.model.values() if task.id}
        unanswered = [task.mail for task in self.model.values() if not task.id]
        for task_id, times in self._sent().items():
            assert times <= self.forgotten[task_id] + (task_id in known or bool(unanswered)), "an e-mail was sent again"
        for delivered in self.system.delivered[self.seen :]:
            wanted = [known[delivered.task_id]] if delivered.task_id in known else unanswered
            assert any(_same(delivered.mail, mail) for mail in wanted), f"nobody has submitted {delivered}"
        self.seen = len(self.system.delivered)

    def _prepare_to_forget(self) -> None:
        for task in list(self.model.values()):
            if not task.id:
                self._submit(task.submission)  # Who got no answer asks again, and not only when all is forgotten.
        self.all_is_as_it_was_told()

    def _forget(self) -> None:
        for identity, task in list(self.model.items()):
            if task.outcome:
                assert self.system.status(task.id).code == 404, "an old outcome is not forgotten"
                del self.model[identity]
        still_open = {task.id for task in self.model.values()}
        self.forgotten.update(
            {task_id: times for task_id, times in (self._sent() - self.forgotten).items() if task_id not in still_open}
        )

    def _sent(self) -> Counter[str]:
        return Counter(delivered.task_id for delivered in self.system.delivered)

    def _excuse(self, *reasons: str) -> None:
        for task in self.model.values():
            task.excuses.update(reasons)

    def _run_to_the_end(self) -> None:
        if self.revoked:
            self.system.restart_worker()
        for _ in range(4):
            self._work_off()
            self.all_is_as_it_was_told()
            if all(task.outcome for task in self.model.values() if task.id):
                break
        lost = [task for task in self.model.values() if task.id and not task.outcome]
        assert not lost, f"lost: {lost}"
        self._work_off()  # Nothing that is left anywhere is done again.
        self.all_is_as_it_was_told()

    def _work_off(self) -> None:
        """Enough time for everything, and all messages taken."""
        self.system.pass_time(max(WAITS_S))
        assert self.system.sweep()
        self._take_all()

    def _take_all(self) -> None:
        self.system.pass_time(WAITS_S[1])
        while self.system.work(LIVES):
            pass


def _same(one: Mail, other: Mail) -> bool:
    return (one.recipient, one.lines) == (other.recipient, other.lines)


def machine_on(system: System) -> type[Machine]:
    """The machine, on this system; its program begins with `state = Machine()`."""
    machine = type("Machine", (Machine,), {"system": system})
    return machine if settings.get_current_profile_name() == "deep" else seed(SEED)(machine)
