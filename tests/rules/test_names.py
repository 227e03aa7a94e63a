"""Names and sizes: tests mirror the tree and are sentences; files stay small; no module is called `utils`."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "harness" / "stormproof"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
TESTS = sorted(ROOT.glob("tests/**/test_*.py"))

TESTED_TOGETHER = {
    "brokers/redis/faults": "test_faults.py",  # Each is a few lines of injecting and healing; one table strikes with all.
    "frameworks/faults": "test_faults.py",
    "processes/faults": "test_faults.py",
    "wire/faults": "test_faults.py",  # The same, as plays without sockets.
    "pytest_plugin": "test_pytest_plugin.py",  # It is nothing without pytest: whole runs of it show each part.
    "report": "test_reports.py",  # Pure functions of one stored run.
    "serializers": "test_serial.py",  # One search in parts; those that are long have files of their own, `test_serial_*.py`.
    "web": "test_serving.py",  # Pages are asked for as a browser asks; how it starts and ends is `test_serving_processes.py`.
}
COVERED_BY = {
    "__main__.py": "test_cli.py",
    "brokers/redis/server.py": "test_redis_server.py",
    "checks/facts.py": "test_registry.py",
    "checks/workers.py": "test_keeps_consuming.py",
    **dict.fromkeys(
        ["cli/analyze.py", "cli/arguments.py", "cli/replay.py", "cli/report.py", "cli/run.py"], "test_cli.py"
    ),
    "cli/explain.py": "test_wire_storms.py",
    "cli/serial.py": "test_serial.py",
    "cli/serve.py": "test_serving_processes.py",
    "cli/shrink.py": "test_shrinking.py",
    "cli/up.py": "test_standing.py",
    **dict.fromkeys(
        ["brokers/broker.py", "drivers/driver.py", "effects/source.py", "frameworks/framework.py"], "test_seams.py"
    ),
    **dict.fromkeys(
        ["brokers/redis/broker.py", "brokers/redis/codec.py", "drivers/http/driver.py", "effects/smtp/source.py"],
        "test_seams.py",
    ),
    **dict.fromkeys(
        ["brokers/programs.py", "frameworks/celery/framework.py", "spec/registry.py", "spec/seams.py", "wire/codec.py"],
        "test_seams.py",
    ),
    "effects/smtp/faults.py": "test_faults.py",
    "effects/smtp/server.py": "test_smtp_server.py",
    **dict.fromkeys(["engine/links.py", "engine/nemesis.py"], "test_wire_storms.py"),
    **dict.fromkeys(["engine/watchers.py", "engine/world.py"], "test_faults.py"),
    "frameworks/celery/events.py": "test_celery_events.py",
    "spec/choices.py": "test_experiment.py",
    "frameworks/journal.py": "test_probe.py",
    **dict.fromkeys(["history/events.py", "history/record.py", "history/words.py"], "test_history.py"),
    "lab/environments.py": "test_versions.py",
    "processes/launcher.py": "test_processes.py",
    "processes/reaper.py": "test_processes.py",
    "session/in_thread.py": "test_live.py",
    "session/remote.py": "test_runs.py",
    "session/steering.py": "test_runs.py",
    "session/strikes.py": "test_pytest_plugin.py",
    **dict.fromkeys(
        ["spec/description.py", "spec/loopback.py", "spec/promises.py", "spec/tables.py"], "test_system.py"
    ),
    **dict.fromkeys(["spec/fault.py", "spec/faults.py", "wire/actions.py"], "test_faults.py"),
    **dict.fromkeys(["sweep/conduct.py", "sweep/perform.py"], "test_sweep.py"),
    "sweep/explain.py": "test_wire_storms.py",
    "sweep/matrix.py": "test_sheet.py",
    **dict.fromkeys(["testing/chunks.py", "testing/claims.py", "testing/passing.py"], "test_codec.py"),
    "testing/serving.py": "test_driver.py",
    "testing/stage.py": "test_framework.py",
    "wire/counter.py": "test_trigger.py",
    "wire/server.py": "test_link_server.py",
}
VALUES = ("nests.py", "objects.py", "scalars.py", "specimens.py", "texts.py", "times.py")
COVERED_BY |= {f"serializers/strategies/{name}": "test_values.py" for name in VALUES}
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
        wanted = together or COVERED_BY.get(str(module.relative_to(PACKAGE)), f"test_{module.name}")
        assert wanted in known, f"{module.relative_to(ROOT)} has no {wanted}"


def test_every_exception_is_still_needed() -> None:
    for path in COVERED_BY:
        assert (PACKAGE / path).exists(), path
    for folder in TESTED_TOGETHER:
        assert (PACKAGE / folder).is_dir(), folder


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
