"""The run browser: what is shown of runs and sweeps, to whom, and that no payload and no folder breaks it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from served import (
    CELL,
    COOKIE,
    HOSTILE,
    LOST,
    POINT,
    SHOWN,
    TOKEN,
    broken,
    guest,
    make_run,
    make_sweep,
    origin,
    press,
    stranger,
)
from stormproof import Scenario
from stormproof.checks.verdict import Finding, Status
from stormproof.runs import store
from stormproof.web import listing as listing_
from stormproof.web.gate import OTHER_HOST, OTHER_PAGE, STRANGER
from stormproof.web.listing import Listing

OURS = "http://OURS"
"""Stands for where the pages are."""


def names(page: str) -> list[str]:
    """The folders that a listing shows, from the top."""
    return re.findall(r"<code>([^<]+)</code>", page.partition("<tbody>")[2])


def cells(page: str) -> list[list[str]]:
    """The texts of a page's table cells, row by row."""
    rows = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    found = [re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub("<.*?>", " ", cell).split()) for cell in row] for row in found]


# What is shown.


def test_runs_are_listed_newest_first_each_with_its_word(tmp_path: Path) -> None:
    make_run(tmp_path, "b", at=5)
    make_run(tmp_path, "c", LOST, at=1)
    make_run(tmp_path, "a", at=9, judged=False)
    make_sweep(tmp_path)
    (tmp_path / "20261127T000000-up-mine").mkdir()
    os.utime(tmp_path / "20261127T000000-up-mine", (1.0, 1.0))
    with guest(tmp_path) as client:
        page = client.get("/").text
    assert names(page) == ["a", "b", "c", "sweep", "20261127T000000-up-mine"]
    assert [row[1] for row in cells(page)[1:]] == ["crashed", "valid", "invalid", "invalid", "no run"]
    assert "1 lost" in page and "1 of 1 cells broken, 1 not played" in page


def test_a_run_without_a_verdict_whose_history_grows_is_running_and_has_no_buttons_yet(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "a", judged=False)
    os.utime(folder / "history.jsonl")
    with guest(tmp_path) as client:
        assert cells(client.get("/").text)[1][1] == "running"
        answer = press(client, "/runs/a/judge")
    assert (answer.status_code, (folder / "verdict.json").exists()) == (409, False)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["d", "c", "b", "a"]),
        ("scenario=rain", ["b"]),
        ("system=other", ["c"]),
        ("verdict=invalid", ["d"]),
        ("celery=5.6.0", ["a"]),
        ("celery=5.7.0&system=mine", ["d", "b"]),
        ("redis=8.1.0&verdict=valid&scenario=rain", ["b"]),
        ("verdict=nonsense", []),
        ("page=2", []),
        ("page=x&scenario=", ["d", "c", "b", "a"]),
    ],
)
def test_the_listing_is_filtered_by_what_is_chosen(tmp_path: Path, query: str, expected: list[str]) -> None:
    make_run(tmp_path, "a", at=1, celery="5.6.0")
    make_run(tmp_path, "b", at=2, scenario="rain")
    make_run(tmp_path, "c", at=3, on="other")
    make_run(tmp_path, "d", LOST, at=4)
    with guest(tmp_path) as client:
        assert names(client.get(f"/?{query}").text) == expected


def test_a_filter_offers_what_is_there_and_shows_what_was_chosen(tmp_path: Path) -> None:
    make_run(tmp_path, "a", celery="5.6.0")
    make_run(tmp_path, "b", celery="5.7.0")
    with guest(tmp_path) as client:
        page = client.get("/?celery=5.6.0").text
    select = re.search(r'<select id="celery" name="celery">.*?</select>', page, re.DOTALL)
    assert select and re.findall(r'value="(.*?)"( selected)?', select[0]) == [
        ("", ""),
        ("5.6.0", " selected"),
        ("5.7.0", ""),
    ]


def test_a_long_listing_has_pages(tmp_path: Path) -> None:
    for number in range(101):
        make_run(tmp_path, f"run-{number:03}", at=number, scenario="rain")
    with guest(tmp_path) as client:
        first = client.get("/?scenario=rain").text
        older = re.search(r'rel="next" href="(.*?)"', first)
        assert older and len(names(first)) == 100
        second = client.get(older[1].replace("&amp;", "&")).text
    assert names(second) == ["run-000"]
    assert 'rel="next"' not in second and 'rel="prev"' in second


def test_a_run_has_its_verdict_in_words_its_checks_its_logs_and_its_report(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "a", LOST)
    with guest(tmp_path) as client:
        page = client.get("/runs/a").text
        assert "invalid: 1 lost; 5 events in 9.0 s." in page
        assert ["no_task_lost", "invalid", "lost a is gone events 1, 3"] in cells(page)
        log = client.get("/runs/a/logs/worker.log")
        assert (log.text, log.headers["content-type"]) == ("ready\ufffd[31m \ufffd\n", "text/plain; charset=utf-8")
        assert "<h1>storm on mine" in client.get("/runs/a/report.html").text
        assert not (folder / "report.html").exists()
        (folder / "report.html").write_text("<script>as stored</script>")
        report = client.get("/runs/a/report.html")
    assert report.text == "<script>as stored</script>"
    policy = report.headers["content-security-policy"].split("; ")
    assert "sandbox allow-scripts" in policy and "default-src 'none'" in policy
    assert report.headers["cross-origin-opener-policy"] == "unsafe-none"


def test_two_runs_stand_side_by_side_and_what_differs_says_so(tmp_path: Path) -> None:
    make_run(tmp_path, "a", LOST, celery="5.6.0")
    make_run(tmp_path, "b", seed=2)
    with guest(tmp_path) as client:
        page = client.get("/beside?run=a&run=b").text
        assert client.get("/beside?run=a").status_code == 400
        assert client.get("/beside?run=a&run=x").status_code == 404
    rows = cells(page)
    for row in (
        ["no_task_lost", "invalid lost", "valid", "differs"],
        ["no_phantom", "valid", "valid", ""],
        ["lost", "1", "0", "differs"],
        ["celery", "5.6.0", "5.7.0", "differs"],
        ["kombu", "5.7.0", "5.7.0", ""],
        ["seed", "1", "2", "differs"],
    ):
        assert row in rows
    assert 'href="/runs/a/report.html"' in page and 'href="/runs/b/report.html"' in page


def test_a_scenario_over_time_is_a_row_of_marks_for_each_system_the_oldest_first(tmp_path: Path) -> None:
    make_run(tmp_path, "c", LOST, at=3)
    make_run(tmp_path, "a", at=1)
    make_run(tmp_path, "b", at=2, judged=False)
    make_run(tmp_path, "o", at=2, on="other")
    make_run(tmp_path, "r", at=2, scenario="rain")
    with guest(tmp_path) as client:
        page = client.get("/over-time?scenario=storm").text
        assert client.get("/over-time?scenario=snow").status_code == 404
    marks = [re.findall(r'href="/runs/(\w+)".*?>(.)</a>', part) for part in page.split("<section>")[1:]]
    assert marks == [[("a", "✓"), ("b", "!"), ("c", "✗")], [("o", "✓")]]
    assert "1 valid, 1 invalid, 1 crashed, from 2026-11-2" in page


def test_every_cell_of_a_sweep_leads_to_its_drawing_and_to_its_slice(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    with guest(tmp_path) as client:
        page = client.get("/sweeps/sweep").text
        assert cells(page)[1] == [POINT.name, "lost", "not played", ""]
        href = re.search(r'<td class="broken"><a href="(.*?)">', page)
        assert href
        cell = client.get(href[1]).text
        assert "lost: a is gone" in cell and "late" in cell and f"The life of {'storm-00ab-0001'}" in cell
        drawing = client.get(re.findall(r'src="(/sweeps.*?)"', cell)[0])
        assert drawing.headers["content-type"] == "image/svg+xml" and "LPUSH celery" in drawing.text
        assert drawing.headers["content-security-policy"].startswith("sandbox;")
        piece = client.get(re.findall(r'href="(/sweeps/sweep/slice.*?)"', cell)[0]).text.splitlines()
        assert [json.loads(line)["type"] for line in piece] == ["invoked", "wire", "returned"]
        assert client.get("/sweeps/sweep/cell?cell=nonsense").status_code == 404
    assert not list((tmp_path / "sweep").glob("explain-*"))


def test_a_folder_that_cannot_be_read_is_a_line(tmp_path: Path) -> None:
    broken(tmp_path / "broken")
    no_json = make_run(tmp_path, "no-json")
    (no_json / "verdict.json").write_text('{"x": ' + "[" * 100_000)
    pipe = make_run(tmp_path, "pipe")
    (pipe / "verdict.json").unlink()
    os.mkfifo(pipe / "verdict.json")
    (tmp_path / "folder" / "scenario.json").mkdir(parents=True)
    when = make_run(tmp_path, "when")
    (when / "scenario.json").write_text((when / "scenario.json").read_text().replace("2026-11-27T", "yesterday"))
    sweep = make_sweep(tmp_path)
    (sweep / "sweep.json").write_text("{}")
    (tmp_path / os.fsdecode(b"\xff")).mkdir()
    make_run(tmp_path, "sound")
    with guest(tmp_path) as client:
        answer = client.get("/")
        lines = {row[2].split()[0]: row[1] for row in cells(answer.text)[1:] if len(row) < 7}
        assert answer.status_code == 200 and "sound" in names(answer.text)
        assert lines.pop("\ufffd") == "no run"
        assert lines == dict.fromkeys(("broken", "no-json", "pipe", "folder", "when", "sweep"), "unreadable")
        assert client.get("/runs/broken").status_code == 404
        assert "cannot be read" in client.get("/runs/broken").text
        make_run(tmp_path, "history", at=1)
        (tmp_path / "history" / "history.jsonl").write_text("no event\n")
        assert client.get("/runs/history").status_code == 200
        assert client.get("/runs/history/report.html").status_code == 422


def test_what_only_a_closer_look_finds_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    nested = make_run(tmp_path, "nested")
    (nested / "history.jsonl").write_text('{"type": "phase", "t": 1, "x": ' + "[" * 100_000 + "\n")
    strange = make_run(tmp_path, "strange")
    plan = json.loads((strange / "scenario.json").read_text())
    store.write(strange, "scenario.json", {**plan, "system": {"name": "mine"}})
    sweep = make_sweep(tmp_path)
    sheet = json.loads((sweep / "sweep.json").read_text())
    store.write(sweep, "sweep.json", {**sheet, "system": {"name": "mine"}})
    half = make_sweep(tmp_path, "half")
    store.write(half, "sweep.json", {**sheet, "points": [1]})
    with guest(tmp_path) as client:
        assert "unreadable" not in [row[1] for row in cells(client.get("/").text)]
        for name in ("nested", "strange"):
            assert client.get(f"/runs/{name}").status_code == 200
            for answer in (client.get(f"/runs/{name}/report.html"), press(client, f"/runs/{name}/judge")):
                assert answer.status_code == 422 and "cannot be read" in answer.text
        assert client.get("/sweeps/sweep").status_code == 200
        assert "It cannot be drawn" in client.get("/sweeps/sweep/cell", params={"cell": CELL}).text
        assert client.get("/sweeps/sweep/life.svg", params={"cell": CELL}).status_code == 422
        assert client.get("/sweeps/half").status_code == 422


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_stands_in_the_place_of_a_history_is_not_read(tmp_path: Path, kind: str) -> None:
    make_run(tmp_path / "outside", "outside")
    for folder in (make_run(tmp_path / "runs", "a"), make_sweep(tmp_path / "runs") / "lane-1"):
        (folder / "history.jsonl").unlink()
        if kind == "pipe":
            os.mkfifo(folder / "history.jsonl")
        else:
            (folder / "history.jsonl").symlink_to(tmp_path / "outside" / "outside" / "history.jsonl")
    cell = {"cell": CELL}
    with guest(tmp_path / "runs") as client:
        for answer in (
            client.get("/runs/a/report.html"),
            press(client, "/runs/a/judge"),
            client.get("/sweeps/sweep/slice", params=cell),
            client.get("/sweeps/sweep/life.svg", params=cell),
        ):
            assert answer.status_code == 422 and "cannot be read" in answer.text


def test_a_folder_of_runs_that_is_not_there_is_empty(tmp_path: Path) -> None:
    with guest(tmp_path / "none") as client:
        assert "There are none yet" in client.get("/").text


def test_what_was_read_is_read_again_only_where_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run(tmp_path, "a")
    make_run(tmp_path, "b")
    asked: list[str] = []
    real = listing_.entries_.read
    monkeypatch.setattr(listing_.entries_, "read", lambda path: asked.append(path.name) or real(path))
    known = Listing(tmp_path)
    assert {entry.word for entry in known.entries()} == {"valid"}
    known.entries()
    assert sorted(asked) == ["a", "b"]
    (folder / "verdict.json").write_text((folder / "verdict.json").read_text().replace('"status": 0', '"status": 2'))
    assert [entry.word for entry in known.entries() if entry.name == "a"] == ["invalid"]
    (folder / "verdict.json").unlink()
    assert [entry.word for entry in known.entries() if entry.name == "a"] == ["crashed"]
    assert sorted(asked) == ["a", "a", "a", "b"]


# To whom.


def test_only_who_has_the_token_sees_anything_and_gets_it_as_a_cookie(tmp_path: Path) -> None:
    make_run(tmp_path, "a")
    with stranger(tmp_path) as client:
        for path in ("/", "/runs/a", "/runs/a/report.html", "/style.css", "/nothing", "/?token=wrong", "/?token="):
            answer = client.get(path)
            assert (answer.status_code, answer.text) == (403, f"{STRANGER}\n")
        wrong = client.get("/", headers={"Cookie": f"{COOKIE}=wrong"})
        assert (wrong.status_code, wrong.text) == (403, f"{STRANGER}\n")
        assert press(client, f"/runs/a/judge?token={TOKEN}").status_code == 403
        let_in = client.get(f"/runs/a?token={TOKEN}&x=1")
        assert (let_in.status_code, let_in.headers["location"]) == (303, "/runs/a?x=1")
        flags = let_in.headers["set-cookie"].split("; ")
        assert flags[0] == f"{COOKIE}={TOKEN}" and {"HttpOnly", "SameSite=Strict", "Path=/"} == set(flags[1:])
        assert (
            client.get("/", extensions={"target": f"//evil.example/?token={TOKEN}".encode()}).headers["location"]
            == "/evil.example/"
        )
        assert client.get("/runs/a").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8765", "", "[", "0.0.0.0"])
def test_a_host_that_is_not_this_machine_is_refused_whoever_asks(tmp_path: Path, host: str) -> None:
    with guest(tmp_path) as client:
        answer = client.get("/", headers={"Host": host})
        assert (answer.status_code, answer.text) == (403, f"{OTHER_HOST}\n")
        assert "set-cookie" not in client.get(f"/?token={TOKEN}", headers={"Host": host}).headers


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "localhost"])
def test_every_name_of_this_machine_is_served(tmp_path: Path, host: str) -> None:
    with guest(tmp_path) as client:
        assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": OURS.replace("http", "https")},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": OURS},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": OURS, "Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "10.0.0.1"},
    ],
)
def test_a_button_that_was_not_pressed_on_our_page_does_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    folder = make_run(tmp_path, "a", judged=False)
    with guest(tmp_path) as client:
        for path in ("/runs/a/judge", "/runs/a/replay", "/replay/stop"):
            sent = {
                name: value.replace("//OURS", "//" + origin(client).partition("//")[2])
                for name, value in headers.items()
            }
            answer = client.post(path, headers=sent)
            assert (answer.status_code, answer.text) == (403, f"{OTHER_PAGE}\n")
        assert "Nothing was replayed" in client.get("/replay").text
    assert not (folder / "verdict.json").exists()


def test_who_is_not_on_this_machine_has_no_buttons(tmp_path: Path) -> None:
    make_run(tmp_path, "a")
    with guest(tmp_path) as client:
        assert "<button" in client.get("/runs/a").text
        assert "<button" not in client.get("/runs/a", headers={"X-Forwarded-For": "10.0.0.1"}).text
    with guest(tmp_path, "10.0.0.1") as client:
        assert "<button" not in client.get("/runs/a").text
        assert press(client, "/runs/a/judge").status_code == 403


def test_a_button_is_pressed_and_not_linked_to(tmp_path: Path) -> None:
    make_run(tmp_path, "a")
    with guest(tmp_path) as client:
        assert client.get("/runs/a/judge").status_code == 405
        assert client.get("/runs/a/replay").status_code == 405


def test_own_pages_run_no_script_but_their_own_and_are_shown_in_no_frame(tmp_path: Path) -> None:
    make_run(tmp_path, "a")
    with guest(tmp_path) as client:
        for path in ("/", "/runs/a", "/replay", "/nothing"):
            answer = client.get(path)
            policy = answer.headers["content-security-policy"].split("; ")
            assert {"default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'"} <= set(
                policy
            )
            assert "unsafe" not in " ".join(policy)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert not re.search(r"<script(?! src)|<style| style=| on\w+=", answer.text)


# What must not break it.


def test_no_path_leads_out_of_the_folder_of_the_runs(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    make_run(runs, "a")
    make_run(tmp_path, "outside")
    (tmp_path / "secret").write_text("secret")
    (runs / "link").symlink_to(tmp_path / "outside")
    (runs / "a" / "logs" / "link.log").symlink_to(tmp_path / "secret")
    (runs / "a" / "report.html").symlink_to(tmp_path / "secret")
    linked = make_run(runs, "linked")
    (linked / "logs" / "worker.log").unlink()
    (linked / "logs").rmdir()
    (linked / "logs").symlink_to(tmp_path)
    make_sweep(runs, lane="../../outside")
    steps = ("..", "%2e%2e", "..%2foutside", "%2e%2e%2foutside", "..%5coutside", "link", ".", "outside", "a%00")
    with guest(runs) as client:
        for step in steps:
            for path in (f"/runs/{step}", f"/runs/{step}/report.html", f"/runs/a/logs/{step}", f"/sweeps/{step}"):
                # A client of httpx would shorten the path itself.
                answer = client.get("/x", extensions={"target": path.encode()})
                assert answer.status_code in (404, 307), path
            assert client.get(f"/beside?run=a&run={step}").status_code == 404
        for log in ("link.log", "..%2fhistory.jsonl", "../scenario.json"):
            assert client.get(f"/runs/a/logs/{log}").status_code == 404
        assert client.get("/runs/linked/logs/secret").status_code == 404
        assert "<h1>storm on mine" in client.get("/runs/a/report.html").text
        for page in ("cell", "life.svg", "slice"):
            answer = client.get(f"/sweeps/sweep/{page}", params={"cell": CELL})
            assert page == "cell" or answer.status_code == 422
            assert "there is no lane" in answer.text


def test_hostile_payloads_stay_text_on_every_page(tmp_path: Path) -> None:
    finding = Finding(kind=HOSTILE, message=HOSTILE, key=HOSTILE)
    scenario = Scenario(name=HOSTILE, title=HOSTILE, cure=HOSTILE)
    for name in ("<script>alert(1)<", "b"):
        folder = make_run(tmp_path, name, finding, scenario=scenario, celery=HOSTILE)
        plan = json.loads((folder / "scenario.json").read_text())
        plan["system"]["name"] = HOSTILE
        store.write(folder, "scenario.json", plan)
        (folder / "logs" / "<script>.log").write_text(HOSTILE)
    make_sweep(tmp_path, said=HOSTILE)
    broken(tmp_path / "broken")
    with guest(tmp_path) as client:
        pages = [
            client.get("/"),
            client.get("/", params={"scenario": HOSTILE}),
            client.get("/runs/b"),
            client.get("/runs/%3Cscript%3Ealert(1)%3C"),
            client.get("/beside", params={"run": ["b", "<script>alert(1)<"]}),
            client.get("/over-time", params={"scenario": HOSTILE}),
            client.get("/sweeps/sweep/cell", params={"cell": CELL}),
        ]
        for page in pages:
            assert page.status_code == 200 and "<script>alert" not in page.text
            assert SHOWN in page.text and "\x1b" not in page.text and "\u202e" not in page.text
        for missing in (
            "/runs/%3Cscript%3Ealert(1)%1b",
            "/%3Cscript%3Ealert(1)%3C",
            "/over-time?scenario=%3Cscript%3Ealert(1)",
        ):
            answer = client.get(missing)
            assert answer.status_code == 404 and "<script>" not in answer.text
        log = client.get("/runs/b/logs/%3Cscript%3E.log")
        assert log.headers["content-type"].startswith("text/plain")
        assert log.headers["content-security-policy"].startswith("sandbox;")


# What the buttons do.


def test_judging_again_stores_the_verdict_of_the_history(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "a", judged=False)
    with guest(tmp_path) as client:
        assert "No check has judged it" in client.get("/runs/a").text
        answer = press(client, "/runs/a/judge")
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs/a")
        page = client.get("/runs/a").text
    judged = store.load(folder).judged
    assert judged and judged.status is Status.INVALID
    assert (folder / "report.html").exists()
    assert "<h1>storm on mine" in page and ">invalid</span></h1>" in page and "<b>lost</b>" in page
