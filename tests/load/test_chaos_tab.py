"""The chaos tab: who may use it, and what a person in a browser sees."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from locusts import TUTORIAL, WITHIN_S, running, said
from PIL import Image
from stormproof.campaign import catalogue
from stormproof.processes.ports import Ports
from stormproof.session.remote import Remote, Up
from watching import eventually

CHROMIUM = shutil.which("chromium")
BAR = (0xD5, 0x5E, 0x00)


@contextmanager
def page(folder: Path, *arguments: str) -> Iterator[str]:
    """The address that is printed for whoever may use the tab."""
    folder.mkdir(exist_ok=True)
    with closing(Ports()) as ports:
        port, master = str(ports.free()), str(ports.free())
        own = ("--web-port", port, "--master-bind-port", master, "--master-port", master, "--scenarios", str(folder))
        with running(folder, folder, *own, *arguments):
            assert eventually(lambda: "?token=" in said(folder), WITHIN_S), said(folder)
            found = re.search(r"http://\S+\?token=\S+", said(folder))
            assert found
            yield found[0]


@contextmanager
def let_in(address: str) -> Iterator[httpx.Client]:
    """A client that has opened the printed address; relative addresses are the tab's."""
    base = address.partition("/?")[0]
    with httpx.Client(base_url=f"{base}/chaos/", trust_env=False, follow_redirects=True) as client:
        assert client.get(address).status_code == 200
        yield client


def test_only_who_has_the_token_and_comes_from_the_page_may_press_its_buttons(tmp_path: Path) -> None:
    with page(tmp_path, "--system", str(TUTORIAL), "--processes", "2") as address, let_in(address) as client:
        base = str(client.base_url)
        kill = next(n for n, each in enumerate(client.get("offers").json()) if each["label"] == "kill")
        wanted = {"offer": kill, "for_s": 1}
        strangers = (
            httpx.post(f"{base}strike", json=wanted, trust_env=False),
            httpx.get(base, trust_env=False),
            httpx.get(f"{base}?token=wrong", trust_env=False),
            httpx.post(
                f"{base}strike", json=wanted, cookies={f"stormproof-{client.base_url.port}": "x"}, trust_env=False
            ),
            client.post("strike", json=wanted, headers={"Origin": "http://example.org"}),
            client.post("strike", json=wanted, headers={"Origin": "null"}),
            client.get("state", headers={"Origin": f"http://127.0.0.1:{(client.base_url.port or 0) + 1}"}),
        )
        assert [answer.status_code for answer in strangers] == [403] * len(strangers)
        assert client.get("state").json()["windows"]["lane"] == []
        for path, body, line in (
            ("strike", {"offer": 10_000, "for_s": 1}, "there is no such fault: 10000; reload the page"),
            ("strike", {"offer": kill, "for_s": 1e9}, "heal after 1000000000.0: name some seconds, at most 600"),
            ("strike", None, "there is no such fault: None; reload the page"),
            (
                "save",
                {"name": "../../x", "last_s": 9},
                "'../../x' is no name for a scenario; small letters, digits and _ make one",
            ),
            ("save", {"name": "mine", "last_s": 9}, "nothing was struck in the last 9 s; strike first, and save then"),
        ):
            answer = client.post(path, json=body)
            assert (answer.status_code, answer.json()) == (400, {"error": line})
        struck = client.post("strike", json=wanted, headers={"Origin": base.rpartition("/chaos")[0]})
        assert struck.json()["strike"].startswith("kill on ")
        assert eventually(lambda: client.get("state").json()["windows"]["in_force"] == [False])
        assert client.post("save", json={"name": "mine", "last_s": 60}).json()["path"] == str(tmp_path / "mine.py")
        assert catalogue.load(tmp_path / "mine.py").planned == ("kill",)
        assert "is there already" in client.post("save", json={"name": "mine", "last_s": 60}).json()["error"]


def test_a_system_of_somebody_else_cannot_be_struck_and_what_may_not_break_halts_the_load(tmp_path: Path) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text(
        "[[threshold]]\nrow = 'TASK due to accepted'\nmetric = 'p50_ms'\nat_most = 0.01\nabort = true\nafter_requests = 2\n"
    )
    up = Up(TUTORIAL, tmp_path / "runs")
    try:
        with Remote(up.path) as remote:
            url = remote.ask("hello")["urls"]["api"]
        load = (
            "--host",
            url,
            "--system",
            str(TUTORIAL),
            "--thresholds",
            str(strict),
            "-u",
            "5",
            "-r",
            "5",
            "--autostart",
        )
        with page(tmp_path / "own", *load, "SubmitUser") as address, let_in(address) as client:
            assert client.get("offers").json() == []
            assert "started by somebody else" in client.post("heal", json={}).json()["error"]
            assert eventually(
                lambda: client.get("state").json()["halted"].startswith("TASK due to accepted: p50_ms is"), WITHIN_S
            )
            assert eventually(lambda: client.get("state").json()["load"] == "stopped", WITHIN_S)
    finally:
        up.stop()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH; apt-get install chromium")
def test_a_person_starts_a_run_kills_a_worker_and_sees_the_window_and_the_verdict(tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    wrong: list[str] = []
    with page(tmp_path, "-u", "10", "-r", "10") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1400, "height": 1100})
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        tab.goto(address)
        tab.get_by_role("button", name="Start").click()
        chaos = tab.frame_locator("iframe[title=Chaos]")
        expect(chaos.locator("#load")).to_have_text("load: running, 10 users", timeout=30_000)
        expect(chaos.locator("[data-check=no_task_lost] td").nth(1)).to_have_text("valid", timeout=30_000)
        plots = chaos.locator("#plots")
        assert pixels(plots.screenshot(), BAR) == 0
        chaos.get_by_role("button", name="kill on worker", exact=True).click()
        expect(chaos.locator("#said")).to_have_text(re.compile(r"kill on worker: [\d, ]+ is gone"), timeout=15_000)
        expect(chaos.locator("body")).to_have_attribute("data-in-force", "1", timeout=15_000)
        assert eventually(lambda: pixels(plots.screenshot(), BAR) > 200, within_s=15)
        expect(chaos.locator("body")).to_have_attribute("data-in-force", "0", timeout=30_000)
        chaos.get_by_label("heal after").fill("60")
        chaos.get_by_role("button", name="pause on worker", exact=True).press("Enter")
        expect(chaos.locator("body")).to_have_attribute("data-in-force", "1", timeout=15_000)
        chaos.get_by_role("button", name="Stop: heal everything").click()
        expect(chaos.locator("#said")).to_have_text("healed: pause on worker", timeout=15_000)
        expect(chaos.locator("body")).to_have_attribute("data-in-force", "0", timeout=15_000)
        expect(chaos.locator("[data-check=no_task_lost] td").nth(1)).to_have_text("valid", timeout=30_000)
        expect(chaos.locator("[data-check=effects_once] td").nth(1)).to_have_text("valid")
        tab.screenshot(path=os.environ.get("STORMPROOF_SCREENSHOT", tmp_path / "tab.png"), full_page=True)
        chaos.get_by_label("as chaos/").fill("killed_by_hand")
        chaos.get_by_role("button", name="Save as scenario").click()
        expect(chaos.locator("#said")).to_have_text(f"saved as {tmp_path / 'killed_by_hand.py'}", timeout=15_000)
        browser.close()
    assert wrong == []
    scenario = catalogue.load(tmp_path / "killed_by_hand.py")
    assert scenario.planned == ("kill", "pause")
    assert 4 < scenario.storm[0].for_s < 10
    assert scenario.workload.rate_per_s > 1


def pixels(shot: bytes, colour: tuple[int, int, int]) -> int:
    """How many pixels of a picture have this colour."""
    with Image.open(io.BytesIO(shot)) as image:
        return sum(count for count, found in image.convert("RGB").getcolors(1 << 24) or () if found == colour)
