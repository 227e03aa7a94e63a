"""Names and sizes: tests mirror the tree and are sentences; files stay small; no module is called `utils`."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "harness" / "stormproof"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
TESTS = sorted(ROOT.glob("tests/**/test_*.py"))

TESTED_TOGETHER = {
    "faults": "test_faults.py",  # Each is a few lines of injecting and healing; one table strikes with all.
    "wire/faults": "test_faults.py",  # The same, as plays without sockets.
    "pytest_plugin": "test_pytest_plugin.py",  # It is nothing without pytest: whole runs of it show each part.
    "history": "test_history.py",
    "report": "test_reports.py",  # Pure functions of one stored run.
    "serial": "test_serial.py",  # One search in parts; those that are long have files of their own, `test_serial_*.py`.
    "serving": "test_serving.py",  # Pages are asked for as a browser asks; how it starts and ends is `test_serving_processes.py`.
}
COVERED_BY = {
    "cli.py": "test_cli.py",
    "arguments.py": "test_cli.py",
    "running.py": "test_cli.py",
    "world.py": "test_faults.py",
    "reaper.py": "test_processes.py",
    "facts.py": "test_registry.py",
    "placeholders.py": "test_system.py",
    "workers.py": "test_keeps_consuming.py",
    "probe_journal.py": "test_probe.py",
    "progress.py": "test_demonstration.py",
    "comparing.py": "test_versions.py",
    "environments.py": "test_versions.py",
    "sweeping.py": "test_sweep.py",
    "replaying.py": "test_cli.py",
    "serializing.py": "test_serial.py",
    "loopback.py": "test_system.py",
    "promises.py": "test_system.py",
    "episode.py": "test_live.py",
    "explaining.py": "test_wire_storms.py",
    "conduct.py": "test_sweep.py",
    "perform.py": "test_sweep.py",
    "nemesis.py": "test_wire_storms.py",
    "links.py": "test_wire_storms.py",
    "strikes.py": "test_pytest_plugin.py",
    "steering.py": "test_runs.py",
    "remote.py": "test_runs.py",
    "fault.py": "test_faults.py",
    "deeds.py": "test_faults.py",
    "server.py": "test_link_server.py",
    **dict.fromkeys(["nests.py", "objects.py", "scalars.py", "specimens.py", "texts.py", "times.py"], "test_values.py"),
}
LONGEST_FILE, LONGEST_FUNCTION = 350, 60
FORBIDDEN = {"utils.py", "helpers.py", "manager.py", "common.py"}


def functions(source: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def is_sentence(name: str) -> bool:
    """Whether a test's name says something: `test_` and three words or more."""
    return len(name.removeprefix("test_").split("_")) >= 3


def test_every_module_has_its_tests() -> None:
    known = {path.name for path in TESTS}
    for module in MODULES:
        together = TESTED_TOGETHER.get(str(module.parent.relative_to(PACKAGE)))
        wanted = together or COVERED_BY.get(module.name, f"test_{module.name}")
        assert wanted in known, f"{module.relative_to(ROOT)} has no {wanted}"


def test_the_names_of_tests_are_sentences() -> None:
    for path in TESTS:
        for function in functions(path.read_text()):
            if function.name.startswith("test_"):
                assert is_sentence(function.name), f"{path.relative_to(ROOT)}: {function.name}"


def test_files_and_functions_stay_small() -> None:
    for path in [*MODULES, *(ROOT / "system_under_test").rglob("*.py")]:
        source = path.read_text()
        assert len(source.splitlines()) <= LONGEST_FILE, path
        for function in functions(source):
            assert (function.end_lineno or 0) - function.lineno < LONGEST_FUNCTION, f"{path}: {function.name}"


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [path for path in ROOT.glob("[!.]*/**/*.py") if path.name in FORBIDDEN]


def test_a_name_of_two_words_is_no_sentence() -> None:
    assert not is_sentence("test_it_works")
    assert is_sentence("test_it_works_twice")
