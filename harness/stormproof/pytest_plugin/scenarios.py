"""Scenario files as tests: one for each system and each state of the worker."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from stormproof.brokers.programs import find_binary
from stormproof.campaign import catalogue
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.errors import on_purpose
from stormproof.processes import interruption
from stormproof.pytest_plugin.tested import Setting
from stormproof.pytest_plugin.words import evidence, told_by_pytest
from stormproof.spec import description
from stormproof.spec.scenario import lacks_state, why_not


class ScenarioFile(pytest.File):
    """A file with a value `scenario`."""

    def collect(self) -> Iterable[pytest.Item]:
        """Yield an item for each system and state. Raises CollectError with one line."""
        try:
            scenario = catalogue.load(self.path)
            described = [description.load(path) for path in _paths(self.config)]
        except Exception as error:
            meant = on_purpose(error)
            if meant is None:
                raise
            raise self.CollectError(f"stormproof: {meant}") from None
        for system in described:
            for state in scenario.states:
                name = f"{system.name}[{state}]" if len(scenario.states) > 1 else system.name
                setting = Setting.of(self.config)
                yield ScenarioItem.from_parent(
                    self, name=name, job=Job(scenario=scenario, system=system, state=state, seed=setting.seed)
                )


def _paths(config: pytest.Config) -> list[Path]:
    named = config.getoption("stormproof_system")
    return [config.invocation_params.dir / path for path in named] or [
        config.rootpath / config.getini("stormproof_system")
    ]


class ScenarioItem(pytest.Item):
    """One scenario on one system in one state."""

    def __init__(self, *, job: Job, **more: Any) -> None:
        super().__init__(**more)
        self._job = job
        self.add_marker("storm")
        self.add_marker("slow")

    def setup(self) -> None:
        """Skip a scenario that does not apply to the system."""
        reason = why_not(self._job.scenario.storm, self._job.system) or lacks_state(self._job.state, self._job.system)
        if reason:
            pytest.skip(f"{self._job.scenario.name} does not apply to {self._job.system.name}: {reason}")

    def runtest(self) -> None:
        """Run it, and fail unless its verdict is `valid`."""
        __tracebackhide__ = True
        setting = Setting.of(self.config)
        try:
            run = interruption.run(
                campaign.conduct(self._job, setting.runs, find_binary(), lambda job, phase: None, nullcontext())
            )
        except asyncio.CancelledError:
            pytest.exit("stopped by SIGTERM; everything that was started is stopped", 143)
        except Exception as error:
            told_by_pytest(error)
        if run.judged is None or run.judged.status is not Status.VALID:
            pytest.fail(evidence(run, f"stormproof replay {run.folder}"), pytrace=False)
        if not setting.keep:
            shutil.rmtree(run.folder)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the test's location and name."""
        return self.path, None, f"{self._job.title} on {self._job.system.name}"
