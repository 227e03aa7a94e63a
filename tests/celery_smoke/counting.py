"""Counts what becomes of each test of a suite, file by file; a pytest plugin for `run.py`.

An outcome is one of `OUTCOMES`; `not supported` is a skip whose reason begins as that of `stormproof.pytest_celery` does. A test that errs in its
set-up or teardown has failed.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from pathlib import Path

import pytest
from stormproof.pytest_celery.plugin import NOT_SUPPORTED

OUTCOMES = ("passed", "skipped", "expected failure", "failed", "not supported")
NEEDS_PROCESSORS = {"test_shutdown_with_long_running_tasks": 3}
"""Three tasks are to run at once on the default pool, which has a process for each processor; what waits when a worker shuts down warmly is
discarded by it. So it fails on fewer, in containers, too.
"""
OTHERS = ("rabbitmq", "localstack")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--counts` and `--without-rabbitmq`."""
    parser.addoption("--counts", type=Path, help="Where to write the counts, as JSON.")
    parser.addoption(
        "--without-rabbitmq", action="store_true", help="Leave out tests that need another broker than Redis."
    )


def needs(item: pytest.Item) -> set[str]:
    """The other brokers that a test starts, by the names of its fixtures and parameters."""
    names = {
        *getattr(item, "fixturenames", ()),
        *map(str, item.callspec.params.values() if hasattr(item, "callspec") else ()),
    }
    for cluster in ("celery_broker_cluster", "celery_backend_cluster"):
        if f"{cluster}_config" in names:
            names |= _requested(item, cluster)  # Its configuration asks for it by name.
    return {vendor for vendor in OTHERS if any(vendor in name for name in names)}


def _requested(item: pytest.Item, name: str) -> set[str]:
    """A fixture as the test sees it, and what it requests, and so on."""
    definitions = item.session._fixturemanager.getfixturedefs(name, item) or ()
    return {name}.union(
        *(_requested(item, other) for other in (definitions[-1].argnames if definitions else ()) if other != name)
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for, and skip what this machine is too small for."""
    for item in items:
        wanted = NEEDS_PROCESSORS.get(getattr(item, "originalname", ""), 1)
        if (os.cpu_count() or 1) < wanted:
            item.add_marker(
                pytest.mark.skip(reason=f"{NOT_SUPPORTED}needs {wanted} processors, of which here are {os.cpu_count()}")
            )
    if config.getoption("--without-rabbitmq"):
        left_out = [item for item in items if needs(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not needs(item)]


def outcome(report: pytest.TestReport) -> str | None:
    """What a phase of a test says of it; None where that is nothing yet."""
    if report.failed:
        return "failed"
    if report.skipped and hasattr(report, "wasxfail"):
        return "expected failure"
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        return "not supported" if NOT_SUPPORTED in reason else "skipped"
    return "passed" if report.when == "call" else None


class Counter:
    """One run. `found`: node id -> outcome."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.set_up_s: list[float] = []
        self._began = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The worst of its phases is what became of a test."""
        if report.when == "setup" and report.passed:
            self.set_up_s.append(report.duration)
        said = outcome(report)
        if said and self.found.get(report.nodeid) != "failed":
            self.found[report.nodeid] = said

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table, and the same as JSON."""
        wall_s = time.monotonic() - self._began
        for line in table(self.found):
            terminalreporter.write_line(line)
        median_s = statistics.median(self.set_up_s) if self.set_up_s else 0.0
        terminalreporter.write_line(f"\nwall time {wall_s:.0f} s; set-up per test: median {median_s:.2f} s")
        path = terminalreporter.config.getoption("--counts")
        if path:
            path.write_text(json.dumps({"wall_s": wall_s, "set_up_median_s": median_s, "found": self.found}, indent=1))


def pytest_configure(config: pytest.Config) -> None:
    """Count in this run."""
    config.pluginmanager.register(Counter(), "stormproof-counter")


def table(found: dict[str, str]) -> list[str]:
    """Markdown: a row for each file, and their sum."""
    rows: dict[str, list[int]] = {}
    for node, said in found.items():
        counts = rows.setdefault(node.partition("::")[0].rpartition("smoke/tests/")[2], [0] * len(OUTCOMES))
        counts[OUTCOMES.index(said)] += 1
    rows = dict(sorted(rows.items()))
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    lines = [f"| file | {' | '.join(OUTCOMES)} | tests |", "| --- |" + " ---: |" * (len(OUTCOMES) + 1)]
    return lines + [f"| {file} | {' | '.join(map(str, counts))} | {sum(counts)} |" for file, counts in rows.items()]
