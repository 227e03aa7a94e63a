"""A package that was never heard of adds one of each: a broker, a framework, a driver, a source of effects, a fault and a check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = """
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar

from stormproof import Fault
from stormproof.brokers.redis.broker import RedisBroker
from stormproof.checks.verdict import Category, Finding, Verdict
from stormproof.drivers.http.driver import HttpDriver
from stormproof.effects.smtp.source import SmtpSource
from stormproof.frameworks.celery.framework import CeleryFramework
from stormproof.history import Fault as FaultEvent
from stormproof.spec.tables import Redis


class Cellar(RedisBroker):
    class Table(Redis):
        kind: str = "cellar"
        bottles: int = 6


class Gherkin(CeleryFramework):
    name = "gherkin"
    promises = {"stall_s": 17.0}


class Postman(HttpDriver):
    async def submit(self, key):
        print("the postman rings:", key)
        return await super().submit(key)


class Postbox(SmtpSource):
    placeholders = ("postbox.port",)

    @property
    def values(self):
        return {"postbox.port": str(self.port)}


class Ring(Fault, frozen=True, kw_only=True, tag="ring"):
    component: str = "cellar.broker"

    @asynccontextmanager
    async def strike(self, target):
        async def evidence():
            return f"rang at {len(target.servers(self.component))} door"

        yield evidence


@dataclass(frozen=True)
class Hears:
    name: ClassVar[str] = "hears"
    kinds: ClassVar[dict] = {"rang": Category.WRONG}

    def __call__(self, history):
        rings = [index for index, event in history.of(FaultEvent) if event.name == "ring"]
        findings = [Finding(kind="rang", message="somebody rang", evidence=(index,)) for index in rings[:1]]
        return Verdict.of(self.name, findings, observed=1)
"""
POINTS = {
    "brokers": "cellar = others:Cellar",
    "frameworks": "gherkin = others:Gherkin",
    "drivers": "postman = others:Postman",
    "effects": "postbox = others:Postbox",
    "faults": "ring = others:Ring",
    "checks": "hears = others:Hears",
}
SCENARIO = """
from others import Ring

from stormproof import Injection, Scenario, Workload

scenario = Scenario(
    name="ring", title="somebody rings", workload=Workload(tasks=2), storm=(Injection(fault=Ring(), for_s=0.2),)
)
"""


def install(folder: Path, points: dict[str, str]) -> None:
    (folder / "others.py").write_text(PACKAGE)
    installed = folder / "others-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    entries = (f"[stormproof.{group}]\n{point}\n" for group, point in points.items())
    (installed / "entry_points.txt").write_text("\n".join(entries))


def describe(folder: Path) -> Path:
    """The tutorial's system, by the words of the package."""
    told = (ROOT / "system_under_test" / "tutorial.toml").read_text()
    told = told.replace("[redis.broker]", '[servers.broker]\nkind = "cellar"\nbottles = 7')
    told = told.replace("{redis.broker.", "{cellar.broker.").replace("{smtp.host}", "127.0.0.1")
    told = told.replace("{smtp.port}", "{postbox.port}").replace("[submit]", '[submit]\nkind = "postman"')
    told = f'framework = "gherkin"\n{told}\n[effects]\nkind = "postbox"\n'
    path = folder / "others.toml"
    path.write_text(told)
    return path


def stormproof(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    python_path = os.pathsep.join([str(folder), str(ROOT / "system_under_test")])
    return subprocess.run(
        [sys.executable, "-m", "stormproof", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": python_path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_package_adds_one_of_each_and_a_storm_goes_through_all_of_them(tmp_path: Path) -> None:
    install(tmp_path, POINTS)
    (tmp_path / "ring.py").write_text(SCENARIO)
    run = stormproof(tmp_path, "run", "ring.py", "--system", str(describe(tmp_path)), "--seed", "1")
    assert run.returncode == 1, run.stdout + run.stderr  # The check objects to the fault, and to nothing else.
    assert "rang: somebody rang" in run.stdout
    assert run.stdout.count("the postman rings: storm-") >= 3
    [folder] = (tmp_path / "runs").iterdir()
    events = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    assert {"cellar.broker", "worker", "api"} <= {e["component"] for e in events if e["type"] == "process"}
    assert [e["detail"] for e in events if e["type"] == "fault" and e["stage"] == "bit"] == ["rang at 1 door"]
    assert sum(e["type"] == "effect" and bool(e["key"]) for e in events) >= 3
    stored = json.loads((folder / "scenario.json").read_text())["system"]
    assert stored["framework"] == "gherkin"
    assert stored["servers"]["broker"] == {"kind": "cellar", "bottles": 7}
    again = stormproof(tmp_path, "analyze", str(folder))
    assert again.returncode == 1, again.stderr
    assert "rang: somebody rang" in again.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('framework = "gherkin"', 'framework = "gerkin"', "there is no framework 'gerkin'; did you mean 'gherkin'?"),
        ('kind = "postman"', 'kind = "milkman"', "there is no driver 'milkman'; known: http, postman"),
        ('kind = "postbox"', 'kind = "smpt"', "there is no source of effects 'smpt'; did you mean 'smtp'?"),
        ('kind = "cellar"', 'kind = "attic"', "there is no broker 'attic'; known: redis, cellar"),
        ('kind = "cellar"\n', "", 'broker says no kind; add kind = "..." (redis, cellar)'),
        (
            "bottles = 7",
            "botles = 7",
            "unknown key 'broker.botles'; known here: append_only, bottles, config, kind, port",
        ),
    ],
)
def test_what_nobody_has_added_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    install(tmp_path, POINTS)
    path = describe(tmp_path)
    path.write_text(path.read_text().replace(old, new))
    run = stormproof(tmp_path, "run", str(ROOT / "chaos" / "calm.py"), "--system", str(path))
    assert run.returncode == 254
    assert said in run.stderr
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("group", "point", "said"),
    [
        ("frameworks", "celery = others:Gherkin", "Stormproof has a framework of that name; give it another"),
        ("checks", "hears = others:Nobody", "cannot be loaded: AttributeError"),
        ("checks", "hears = others:Ring", "name a class like stormproof.checks.Check"),
        ("drivers", "postman = others:Cellar", "name a class like stormproof.drivers.driver.Driver"),
    ],
)
def test_an_entry_point_that_cannot_be_used_is_one_line(tmp_path: Path, group: str, point: str, said: str) -> None:
    install(tmp_path, {**POINTS, group: point})
    run = stormproof(tmp_path, "run", str(ROOT / "chaos" / "calm.py"), "--system", str(describe(tmp_path)))
    assert run.returncode == 254, run.stdout + run.stderr
    assert said in run.stderr
    assert len(run.stderr.splitlines()) == 1
