"""`report.html` in a real browser, from a file, with nothing else to be had."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from stormproof.brokers.redis.server import find_binary
from stormproof.campaign import conduct as campaign
from stormproof.history import (
    AnyEvent,
    Closed,
    Effect,
    Fault,
    Invoked,
    Phase,
    Probe,
    Process,
    ProcessSample,
    Quiescence,
    Returned,
    Sample,
    encode,
)
from stormproof.runs import store
from stormproof.spec import description
from stormproof.spec.choices import Choices
from stormproof.spec.scenario import Scenario, State

ROOT = Path(__file__).parents[2]
EVIL = "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'>\"'{{ 7 * 7 }}<!--<script>"
BAR = (0xD5, 0x5E, 0x00)


def events() -> list[AnyEvent]:
    """A storm in which a task dies with its worker, and everything that a system may name as it likes is hostile."""
    told: list[AnyEvent] = [Phase(t=0.0, name="start"), Phase(t=1.0, name="storm")]
    told += [Process(t=1.0, component="worker", role="worker", pid=7, word="ready")]
    for number in range(40):
        t, key, task = 1.0 + number / 4, f"storm-00ab-{number:04d}", f"task-{number}{EVIL}"
        told += [
            Invoked(t=t, op=number, kind="submit", key=key),
            Returned(t=t + 0.1 * (1 + number % 7), op=number, outcome="ok", http_status=202, task_id=task),
            Probe(t=t + 0.2, component="worker", pid=8, parent=7, word="started", task_id=task, key=key),
        ]
        if number != 20:
            told += [
                Probe(
                    t=t + 0.4, component="worker", pid=8, parent=7, word="succeeded", task_id=task, key=key, detail=EVIL
                ),
                Effect(t=t + 0.4, key=key, message_id=EVIL, recipient=EVIL),
            ]
        told += [
            Sample(t=t, store="broker", up=True, queued=number % 5, memory_bytes=1 << 20),
            ProcessSample(t=t, component=f"worker {EVIL}", rss_bytes=(50 + number) << 20, processes=3),
        ]
    told += [
        Fault(t=6.0, fault="0", name="kill", stage=stage, target=EVIL, detail=EVIL) for stage in ("injected", "bit")
    ]
    told += [Fault(t=8.0, fault="0", name="kill", stage="healed", target=EVIL)]
    told += [Process(t=6.3, component="worker", role="worker", pid=8, word="exited", code=-9)]
    told.sort(key=lambda event: event.t)
    told += [Quiescence(t=13.0, proved=True, detail=EVIL)]
    return [*told, Closed.of(told)]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Of a run folder with a hostile payload wherever one can be."""
    system = description.load(ROOT / "system_under_test" / "tutorial.toml")
    scenario = Scenario(name="hostile", title=f"a storm {EVIL}", cure=EVIL)
    folder = store.create(tmp_path, scenario, system, State.IDLE)
    store.write_plan(folder, scenario, system, State.IDLE, Choices.draw(scenario, 1), find_binary())
    (folder / "history.jsonl").write_bytes(b"".join(encode(event) for event in events()))
    (folder / "logs").mkdir()
    (folder / "logs" / "worker.log").write_text(f"[INFO] task-20{EVIL} received {EVIL}\n")
    run = store.load(folder)
    campaign.judge_run(run, run.history)
    return folder / "report.html"


def opened(browser: Any, path: Path, **options: Any) -> tuple[Any, list[str]]:
    """The page when all is drawn, and what went wrong in it."""
    page, wrong = browser.new_page(**options), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on(
        "request", lambda request: wrong.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-drawn]")
    return page, wrong


def test_a_hostile_payload_stays_text_and_the_plots_are_drawn(browser: Any, report: Path) -> None:
    page, wrong = opened(browser, report, viewport={"width": 1300, "height": 1000})
    assert page.evaluate("window.pwned") is None
    assert page.locator("body").inner_text().count("<script>window.pwned = 1</script>") > 3
    assert page.locator("img[src=x]").count() == 0
    assert "49" not in page.locator("h1 + p + p").inner_text()
    assert "1 of 40 accepted submissions was never done" in page.locator(".told").first.inner_text()
    assert page.locator("details img").first.evaluate("(image) => image.naturalWidth") > 100
    with Image.open(io.BytesIO(page.locator("#plots").screenshot())) as drawn:
        colours = {colour: count for count, colour in drawn.convert("RGB").getcolors(1 << 24) or ()}
    assert colours.get(BAR, 0) > 500
    assert wrong == []
    if path := os.environ.get("STORMPROOF_SCREENSHOT"):
        page.screenshot(path=path, full_page=True)


def test_it_can_be_read_without_a_mouse_on_a_phone_and_in_the_dark(browser: Any, report: Path) -> None:
    page, wrong = opened(browser, report, viewport={"width": 390, "height": 800}, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    def span() -> tuple[float, float]:
        start, end = page.evaluate("[Bokeh.documents[0].get_model_by_name('time')].map((t) => [t.start, t.end])[0]")
        return start, end

    whole = span()
    for _ in range(3):  # What scrolls by itself comes before it.
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "plots":
            break
    assert page.evaluate("document.activeElement.id") == "plots"
    page.keyboard.press("+")
    half = span()
    assert half[1] - half[0] == pytest.approx((whole[1] - whole[0]) / 2)
    page.keyboard.press("ArrowRight")
    assert span()[0] > half[0]
    page.keyboard.press("0")
    assert span() == whole
    for _ in range(3):
        page.keyboard.press("-")
    assert span() == whole
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is None
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert wrong == []
