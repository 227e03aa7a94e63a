"""A task's life is told from the wire, the clients and the probes, and drawn so that no payload steers a screen."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from frames import frame
from stormproof import history as h
from stormproof.checks.verdict import Finding, Status
from stormproof.report import drawing, thinning
from stormproof.report.sequence import Life, Step, gone_wrong, tell

KEY = "storm-00ab-0001"
OTHER = "storm-00ab-0002"
HOSTILE = "</text><script>alert(1)</script>\x1b[31m\x00\ud800\nb"

SUBMITTED = (
    h.Invoked(t=1.0, op=1, kind="submit", key=KEY),
    frame(1.1, "LPUSH", link="api", key="celery", ids=("a", KEY, "tag")),
    h.Returned(t=1.2, op=1, outcome="ok", http_status=202, task_id="a"),
)
QUIET = h.Quiescence(t=9.0, proved=True)


def wire(t: float, command: str, key: str = "", ids: tuple[str, ...] = (), **more: Any) -> h.Wire:
    """A request of the worker to its broker."""
    return frame(t, command, key=key, ids=ids, **{"connection": 2, **more})


POPPED = wire(2.0, "BRPOP", "celery", ("a", KEY, "tag"), direction="reply")
HELD = wire(2.1, "HSET", "unacked", ("a", KEY, "tag"))
LET_GO = wire(3.0, "HDEL", "unacked", ("tag",))
KILL = h.Fault(t=2.1, fault="0.0", name="kill", stage="bit", target="worker", detail="4711 is gone")
DEAD = h.Process(t=2.2, component="worker", role="worker", pid=4711, word="exited", code=-9, expected=True)


def probe(t: float, word: h.ProbeWord, key: str = KEY, task_id: str = "a", **more: Any) -> h.Probe:
    return h.Probe(t=t, component="worker", pid=11, parent=10, word=word, task_id=task_id, key=key, **more)


def life(*events: h.AnyEvent) -> Life:
    return tell(h.History([*SUBMITTED, *events]), KEY)


def texts(told: Life) -> list[str]:
    return [step.text for step in told.steps]


def chance(told: Life) -> str:
    """What the step says that was the last chance; empty: there is none."""
    return "" if told.last_chance is None else told.steps[told.last_chance].text


def lost() -> Life:
    stopped = wire(2.1, "HSET", "unacked", ("a", KEY, "tag"), fate="kill", fault="0.0")
    return life(POPPED, stopped, KILL, DEAD, QUIET)


def test_a_task_killed_between_pop_and_hold_could_last_be_saved_before_the_pop() -> None:
    told = lost()
    assert texts(told) == [
        "POST submit",
        "LPUSH celery",
        "202 task a",
        "reply to BRPOP celery",
        "HSET unacked (kill, never arrived)",
        "FAULT kill: 4711 is gone",
        "process 4711 exited, signal 9",
        "QUIET",
    ]
    assert told.last_chance == 3
    assert told.lanes == ("client", "api", "worker", "redis.broker")


def test_an_intact_task_has_no_last_chance() -> None:
    told = life(POPPED, HELD, probe(2.5, "started"), probe(2.9, "succeeded"), LET_GO, QUIET)
    assert told.last_chance is None
    assert [step.kind for step in told.steps if step.source == "worker" == step.target] == ["note", "end"]


def test_a_terminal_answer_is_an_end_too() -> None:
    asked = h.Invoked(t=4.0, op=2, kind="status", key=KEY, task_id="a")
    answer = h.Returned(t=4.1, op=2, outcome="ok", http_status=200, state="SUCCESS", terminal=True, success=True)
    assert life(POPPED, HELD, LET_GO, asked, answer, QUIET).last_chance is None
    assert chance(life(POPPED, HELD, LET_GO, QUIET)) == "HDEL unacked"


def test_a_delivery_tag_ties_a_frame_to_its_task() -> None:
    foreign = wire(3.1, "HDEL", "unacked", ("other tag",))
    told = life(POPPED, HELD, LET_GO, foreign, QUIET)
    assert [step.event for step in told.steps if step.text == "HDEL unacked"] == [5]


def test_an_id_that_another_task_has_too_ties_nothing() -> None:
    shared = wire(0.5, "LPUSH", "celery", ("b", OTHER, "tag"))
    told = tell(h.History([shared, *SUBMITTED, LET_GO, QUIET]), KEY)
    assert "HDEL unacked" not in texts(told)
    assert 0 not in {step.event for step in told.steps}


def test_a_message_in_a_safe_place_has_no_last_chance_yet() -> None:
    assert life(QUIET).last_chance is None
    assert life(POPPED, HELD, KILL, DEAD, QUIET).last_chance is None


def test_a_task_that_somebody_may_still_have_has_no_last_chance() -> None:
    assert life(POPPED).last_chance is None
    assert life(POPPED, h.Quiescence(t=9.0, proved=False)).last_chance is None
    assert life(POPPED, h.Quiescence(t=9.0, proved=True, backlog=1)).last_chance is None
    assert life(POPPED, DEAD, h.Quiescence(t=9.0, proved=False, backlog=1)).last_chance is None
    assert life(POPPED, DEAD).last_chance == 3


def test_the_quiet_proves_nothing_of_a_task_that_is_being_executed() -> None:
    busy = h.Quiescence(t=9.0, proved=True, executing=1)
    assert life(POPPED, HELD, LET_GO, probe(3.1, "started"), busy).last_chance is None
    assert chance(life(POPPED, HELD, LET_GO, busy)) == "HDEL unacked"


def test_nobody_can_tell_what_a_script_did_to_a_task() -> None:
    assert life(POPPED, wire(2.5, "EVALSHA", "x", ("a",)), QUIET).last_chance is None


def test_an_exit_at_the_end_of_the_run_took_nothing_from_anybody() -> None:
    assert life(POPPED, h.Phase(t=2.1, name="stop"), DEAD).last_chance is None


def test_a_task_that_was_handed_back_is_safe_again() -> None:
    back = h.FastForward(t=4.0, store="broker", task_ids=("a",))
    assert life(POPPED, HELD, LET_GO, back, QUIET).last_chance is None
    again = wire(5.0, "BRPOP", "celery", ("a", KEY, "tag"), direction="reply")
    told = life(POPPED, HELD, LET_GO, back, again, QUIET)
    assert told.last_chance is not None and told.steps[told.last_chance].t == 5.0


def test_a_submission_that_never_reached_a_queue_could_be_saved_by_its_client_only() -> None:
    asked = h.Invoked(t=1.0, op=1, kind="submit", key=KEY)
    push = wire(1.1, "LPUSH", "celery", ("a", KEY), link="api", fate="black_hole", fault="0.0")
    accepted = h.Returned(t=1.2, op=1, outcome="ok", http_status=202, task_id="a")
    refused = h.Returned(t=1.2, op=1, outcome="fail", error="ConnectError")
    assert chance(tell(h.History([asked, push, accepted, QUIET]), KEY)) == "POST submit"
    assert chance(tell(h.History([asked, push, refused, QUIET]), KEY)) == ""
    assert chance(tell(h.History([asked, accepted, QUIET]), KEY)) == "", "nobody watched the wire"


def test_what_never_reached_its_exec_never_took_place() -> None:
    opened = [wire(2.1, "MULTI"), wire(2.2, "HSET", "unacked", ("a", KEY, "tag"))]
    queued = wire(2.3, "MULTI", direction="reply")
    done = wire(2.4, "EXEC")
    cut = wire(2.4, "EXEC", fate="reset")
    answer = wire(2.5, "EXEC", direction="reply")
    told = life(POPPED, *opened, queued, done, answer, QUIET)
    assert told.last_chance is None
    assert texts(told)[4:9] == ["MULTI", "HSET unacked", "reply to MULTI", "EXEC", "reply to EXEC"]
    assert chance(life(POPPED, *opened, queued, cut, QUIET)) == "reply to BRPOP celery"


def test_a_transaction_of_another_task_is_not_told() -> None:
    told = life(wire(2.1, "MULTI"), wire(2.2, "HSET", "unacked", ("b", OTHER)), wire(2.3, "EXEC"), QUIET)
    assert "MULTI" not in texts(told)


def test_news_of_a_task_in_a_list_is_not_the_task() -> None:
    news = wire(2.5, "LPUSH", "celeryev.*", ("a",), meaning="event")
    assert chance(life(POPPED, news, DEAD, QUIET)) == "reply to BRPOP celery"


def test_a_link_leads_to_the_server_that_it_names() -> None:
    stored = wire(2.5, "SET", "celery-task-meta-*", ("a",), link="worker.results")
    frames = [msgspec.structs.replace(frame, store="queue") for frame in (SUBMITTED[1], POPPED)]
    told = tell(h.History([SUBMITTED[0], frames[0], SUBMITTED[2], frames[1], stored]), "a", broker="queue")
    assert told.lanes == ("client", "api", "worker", "redis.queue", "redis.results")
    assert (told.steps[3].source, told.steps[3].target) == ("redis.queue", "worker")
    assert (told.steps[4].source, told.steps[4].target) == ("worker", "redis.results")


def test_lanes_go_from_the_client_to_the_servers() -> None:
    early = wire(0.5, "GET", "x", (KEY,), link="zebra.results")
    late = wire(2.5, "GET", "x", (KEY,), link="aardvark")
    told = tell(h.History([early, *SUBMITTED, late]), KEY)
    assert told.lanes == ("client", "api", "zebra", "aardvark", "redis.broker", "redis.results")


def test_a_submission_that_was_never_answered_is_known_by_the_task_id_on_the_wire() -> None:
    told = tell(h.History(SUBMITTED[:2]), "a")
    assert texts(told) == ["POST submit (never answered)", "LPUSH celery"]


def test_only_polls_with_something_new_are_told() -> None:
    polls: list[h.AnyEvent] = []
    for number, state in enumerate(["PENDING", "PENDING", "STARTED", "STARTED"]):
        polls.append(h.Invoked(t=4.0 + number, op=10 + number, kind="status", key=KEY, task_id="a"))
        polls.append(h.Returned(t=4.5 + number, op=10 + number, outcome="ok", http_status=200, state=state))
    told = [text for text in texts(life(*polls)) if "status" in text]
    assert told == ["GET status", "status 200 PENDING", "GET status", "status 200 STARTED"]


def test_the_outside_world_is_the_last_lane() -> None:
    told = life(h.Effect(t=3.0, key=KEY, message_id="m1"))
    assert told.lanes[-1] == "mail"
    assert texts(told)[-1] == "accepted an e-mail: m1"


def test_what_the_outside_world_refused_is_told() -> None:
    assert texts(life(h.Refusal(t=3.0, key=KEY, code=451)))[-1] == "refused an e-mail: 451"


def test_what_struck_long_after_the_life_is_not_told() -> None:
    late = h.Fault(t=50.0, fault="0.1", name="stop", stage="injected", target="redis.broker")
    assert not [step for step in life(POPPED, late).steps if step.kind == "fault"]


def test_a_task_that_nobody_knows_has_no_steps() -> None:
    told = tell(h.History([*SUBMITTED, QUIET]), OTHER)
    assert told == Life(about=OTHER, lanes=(), steps=())
    assert drawing.as_text(told) == f"The history says nothing of {OTHER}.\n"
    ET.fromstring(drawing.as_svg(told))
    assert drawing.as_text(Life(about="a\nb", lanes=(), steps=())) == "The history says nothing of a b.\n"


@pytest.mark.parametrize("fate", ["delay", "bandwidth", "duplicate", "garble", "truncate", "error_reply"])
def test_a_frame_that_was_changed_arrived_all_the_same(fate: str) -> None:
    step = life(wire(2.1, "HSET", "unacked", ("a",), fate=fate)).steps[-1]
    assert not step.stopped
    assert step.text == f"HSET unacked ({fate})"


def test_a_stopped_frame_ends_in_a_cross() -> None:
    drawn = drawing.as_text(lost()).splitlines()
    stopped = next(line for line in drawn if "HSET" in line)
    assert "--X" in stopped and ">" not in stopped.partition("HSET")[0]
    assert "X" not in next(line for line in drawn if "LPUSH" in line)
    assert drawing.as_svg(lost()).count('class="cross"') == 2


def test_a_reply_points_back_to_who_asked() -> None:
    assert "<--" in next(line for line in drawing.as_text(lost()).splitlines() if "BRPOP" in line)


def test_the_last_chance_is_marked_at_its_step() -> None:
    marked = [line for line in drawing.as_text(lost()).splitlines() if drawing.LAST_CHANCE in line]
    assert len(marked) == 1 and "reply to BRPOP celery" in marked[0]
    assert drawing.as_svg(lost()).count("&lt;== the last moment") == 1


def test_a_fault_is_a_line_across_all_lanes() -> None:
    line = next(line for line in drawing.as_text(lost()).splitlines() if "FAULT" in line)
    assert line.split("  ")[-1].startswith("*** FAULT kill: 4711 is gone *") and line.endswith("***")
    assert 'class="band"' in drawing.as_svg(lost())


def test_no_payload_becomes_markup_or_steers_a_terminal() -> None:
    told = life(
        probe(2.5, "failed", detail=HOSTILE), h.Fault(t=2.6, fault="0", name="kill", stage="bit", detail=HOSTILE)
    )
    drawn, svg = drawing.as_text(told), drawing.as_svg(told)
    for unwanted in ("\x1b", "\x00", "\ud800"):
        assert unwanted not in drawn and unwanted not in svg
    assert all(line.startswith(" ") or line[:8] in ("", "The life") for line in drawn.splitlines())
    assert "<script" not in svg
    assert any("<script>alert(1)</script>" in (text.text or "") for text in ET.fromstring(svg).iter())


def test_the_picture_is_a_document_for_screen_readers_too() -> None:
    svg = "{http://www.w3.org/2000/svg}"
    root = ET.fromstring(drawing.as_svg(lost()))
    assert root.tag == f"{svg}svg"
    assert root.findtext(f"{svg}title") == f"The life of {KEY}"
    assert "2.000 s, reply to BRPOP celery" in (root.findtext(f"{svg}desc") or "")
    assert "prefers-color-scheme: dark" in (root.findtext(f"{svg}style") or "")
    assert len(root.findall(f"{svg}g")) == 8


def long_life(polls: int, frames: int) -> Life:
    """A life of a submission, frames, polls, a fault, and an end."""
    kinds = ["POST submit", *["PING"] * frames, *["GET status"] * polls, "FAULT kill", "succeeded"]
    steps = [
        Step(
            t=float(number),
            event=number,
            source="" if text.startswith("FAULT") else "client",
            target="" if text.startswith("FAULT") else "api",
            text=text,
            kind="fault" if text.startswith("FAULT") else "message",
        )
        for number, text in enumerate(kinds)
    ]
    return Life(about=KEY, lanes=("client", "api"), steps=tuple(steps), last_chance=frames // 2)


def test_a_long_life_loses_its_polls_first() -> None:
    told = long_life(polls=100, frames=70)
    shown = [told.steps[number].text for number in thinning.kept(told)]
    assert len(shown) == 80
    assert shown.count("PING") == 70 and shown.count("FAULT kill") == 1
    drawn = drawing.as_text(told)
    assert "93 of 173 steps are left out, 93 of them status polls." in drawn
    assert "left out)" in drawn and "left out)" in drawing.as_svg(told)


def test_the_last_chance_is_never_left_out() -> None:
    told = long_life(polls=0, frames=500)
    shown = thinning.kept(told)
    assert len(shown) == 80
    assert {0, 250, 501, 502} <= set(shown)


def test_the_last_chance_stays_even_where_its_like_are_left_out() -> None:
    told = long_life(polls=10, frames=90)
    poll = Life(about=KEY, lanes=told.lanes, steps=told.steps, last_chance=95)
    assert told.steps[95].poll and 95 in thinning.kept(poll)


def test_a_life_that_is_not_long_is_told_in_full() -> None:
    assert "left out" not in drawing.as_text(long_life(polls=10, frames=60))


def test_no_line_is_much_wider_than_a_screen() -> None:
    many = [probe(2.0 + n / 10, "started", detail="word " * 60) for n in range(3)]
    others = [wire(2.5 + n / 10, "SET", "x", ("a",), link=f"worker-{n}.results") for n in range(6)]
    drawn = drawing.as_text(life(POPPED, *many, *others, h.Effect(t=4.0, key=KEY), QUIET))
    assert max(map(len, drawn.splitlines())) <= 150


def test_what_is_proved_wrong_is_explained_first() -> None:
    told = h.History([*SUBMITTED, h.Invoked(t=5.0, op=2, kind="submit", key=OTHER)])
    doubt = Finding(kind="slow", message="m", key=KEY, status=Status.UNKNOWN)
    proof = Finding(kind="lost", message="m", key=OTHER)
    nobody = Finding(kind="no_recovery", message="m")
    assert gone_wrong(told, [nobody, doubt, proof]) == OTHER
    assert gone_wrong(told, [nobody, doubt]) == KEY
    assert gone_wrong(told, [nobody]) is None


def test_the_frames_of_a_question_that_is_not_shown_are_not_shown_either() -> None:
    up = h.Process(t=0.1, component="api", role="api", pid=9, word="ready")

    def asked(t: float, op: int) -> list[h.AnyEvent]:
        usual: dict[str, Any] = {"link": "api.results", "key": "celery-task-meta-*", "ids": ("a",)}
        return [
            h.Invoked(t=t, op=op, kind="status", key=KEY, task_id="a"),
            wire(t + 0.1, "GET", direction="request", **usual),
            wire(t + 0.2, "SETEX", "celery-task-meta-*", ("a",), link="worker.results"),
            h.Returned(t=t + 0.3, op=op, outcome="ok", http_status=200, task_id="a", state="PENDING"),
        ]

    told = texts(tell(h.History([up, *SUBMITTED, *asked(3.0, 2), *asked(4.0, 3), QUIET]), KEY))
    assert told.count("GET celery-task-meta-*") == 1
    assert told.count("SETEX celery-task-meta-*") == 2
