"""`stormproof serial` as a user calls it, and `check_serialization` as a test of the user's: one clear line, the right exit code, no task run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.configuration import storage_directory
from stormproof.cli import main as cli
from stormproof.errors import UsageError

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "serial.md"

SOUND = """
from celery import Celery
app = Celery("shop", broker="redis://127.0.0.1:1", backend="redis://127.0.0.1:1")

@app.task(name="shop.ship", shared=False)
def ship(number: int, note: str = "") -> None: ...
"""
MIXED = (
    SOUND
    + """
@app.task(name="shop.pack", shared=False)
def pack(box: tuple[int, int]) -> None: ...

@app.task(name="shop.guess", shared=False)
def guess(number) -> None: ...
"""
)


def serial(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a folder of a user's. Whatever Hypothesis profile these tests run in is not the user's."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "stormproof", "serial", *words],
        cwd=cwd,
        env={**known, "COLUMNS": "100", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def shop(folder: Path, text: str = SOUND) -> Path:
    """A project with one module."""
    (folder / "shop.py").write_text(text, encoding="utf-8")
    return folder


def block(page: str, kind: str) -> str:
    """What stands in the first fenced block of a kind."""
    found = re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)
    assert found is not None, kind
    return found[1]


def test_the_example_of_the_page_says_what_the_page_says(tmp_path: Path) -> None:
    """A user who pastes it sees the same, to the letter."""
    page = PAGE.read_text(encoding="utf-8")
    result = serial("--app", "shop:app", cwd=shop(tmp_path, block(page, "python")))
    said = "\n".join(line.rstrip() for line in result.stdout.splitlines())
    assert said.strip() == "\n".join(line.rstrip() for line in block(page, "text").splitlines()).strip()
    assert (result.returncode, result.stderr) == (1, "")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The command's folder, for calls within this process: those that are about more than a process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("shop", None)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--task", "shop.ship"], 0),
        ([], 1),
        (["--task", "shop.guess", "--task", "shop.ship"], 2),
        (["--task", "shop.pack", "--expect", "shop.pack.box=tuple becomes list"], 0),
    ],
)
def test_the_worst_value_is_the_exit_code(here: Path, words: list[str], code: int) -> None:
    """As of every command: 0 all survive, 1 something does not, 2 something is not known."""
    shop(here, MIXED)
    before = storage_directory(intent_to_write=False).path
    assert cli.app(["serial", "--app", "shop:app", "--examples", "20", *words], standalone_mode=False) == code
    assert storage_directory(intent_to_write=False).path == before, "Hypothesis' folder is its own again"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--app", "shpo:app"], "no module 'shpo' in .*; run where `celery -A` runs"),
        (["--app", "shop:app", "--task", "ship"], "--task ship: no such task; there are shop.ship"),
        (["--app", "shop:app", "--expect", "shop.ship.nmber=x"], "did you mean 'shop.ship.number'?"),
        (["--app", "shop:app", "--expect", "shop.ship.number"], "say KEY=WHAT"),
    ],
)
def test_a_wrong_word_is_named_with_its_mend(here: Path, words: list[str], said: str) -> None:
    """The error of a user's mistake, which the command tells in one line."""
    shop(here)
    with pytest.raises(UsageError, match=said) as raised:
        cli.app(["serial", *words], standalone_mode=False)
    assert raised.value.exit_code == 254


def test_an_app_that_raises_as_it_is_imported_is_one_line(tmp_path: Path) -> None:
    """Its own words, and no traceback."""
    result = serial("--app", "shop:app", cwd=shop(tmp_path, "raise OSError('no HOST')"))
    assert (result.returncode, result.stdout) == (254, "")
    assert result.stderr == "stormproof: --app shop:app: its import raised OSError: no HOST\n"


TRAPS = """
import pathlib, socket

def trap(name):
    def sprung(*args, **kwargs):
        pathlib.Path(name).touch()
        raise OSError("a trap")
    return sprung

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, trap("connected"))
socket.getaddrinfo = trap("connected")
"""
TRAPPED = (
    TRAPS
    + SOUND
    + """
import dataclasses

class Mailer:
    def __init__(self, host: str):
        trap("constructed")()

@app.task(name="shop.mail", bind=True, pydantic=True, autoretry_for=(OSError,))
def mail(self, number: int, mailer: Mailer = None) -> int:
    trap("ran")()

class Whole(app.Task):
    name = "shop.whole"
    def run(self, number: int) -> int:
        trap("ran")()
    __call__ = run

app.register_task(Whole())
"""
)


def test_no_task_runs_no_class_is_constructed_and_nothing_connects(tmp_path: Path) -> None:
    """The app is only looked at, with a broker that cannot be reached."""
    result = serial("--app", "shop:app", "--examples", "20", cwd=shop(tmp_path, TRAPPED))
    assert "shop.whole" in result.stdout and "refused: TypeError: <shop.Mailer object>" in result.stdout
    assert result.returncode == 1, result.stderr
    assert not [path.name for path in tmp_path.iterdir() if path.name not in ("shop.py", "__pycache__")]


def test_the_traps_would_have_sprung(tmp_path: Path) -> None:
    """The control of the test before: each of them leaves its file when it is stepped on."""
    steps = """
for step in (lambda: app.connection_for_write().connect(), lambda: Mailer("x"), lambda: mail.run(1), lambda: Whole()(1)):
    try:
        step()
    except Exception:
        pass
"""
    shop(tmp_path, TRAPPED + steps)
    subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, timeout=60, check=True)
    assert {path.name for path in tmp_path.iterdir()} == {"shop.py", "connected", "constructed", "ran"}


def test_all_of_it_is_there_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For whoever wants to go on with it; what the app prints does not get between."""
    shop(here, "print('hello')\n" + MIXED)
    assert cli.app(["serial", "--app", "shop:app", "--examples", "20", "--json"], standalone_mode=False) == 1
    found = {f"{each['task']}.{each['value']}": each for each in json.loads(capsys.readouterr().out)}
    assert found["shop.pack.box"] == {
        "task": "shop.pack",
        "value": "box",
        "annotation": "tuple[int, int]",
        "serializer": "json",
        "verdict": "changes",
        "values_tried": 20,
        "findings": [
            {
                "verdict": "changes",
                "what": "tuple becomes list",
                "said": "tuple becomes list: (0, 0) became [0, 0]",
                "expected": False,
            }
        ],
    }
    assert {key: each["verdict"] for key, each in found.items()} == {
        "shop.guess.number": "unknown",
        "shop.guess.return": "survives",
        "shop.pack.box": "changes",
        "shop.pack.return": "survives",
        "shop.ship.number": "survives",
        "shop.ship.note": "survives",
        "shop.ship.return": "survives",
    }


ADDRESSES = {"CELERY_BROKER_URL": "redis://127.0.0.1:1/0", "CELERY_RESULT_BACKEND": "redis://127.0.0.1:1/1"}


def test_what_hardened_is_sent_survives() -> None:
    """It tells Celery to store no results, and keeps its own."""
    result = serial("--app", "hardened.worker:app", cwd=ROOT / "system_under_test", **ADDRESSES)
    assert (result.returncode, result.stderr) == (0, "")
    assert "1 task, 3 arguments and results: 2 survive, 1 not stored." in result.stdout


def test_what_the_other_reference_systems_leave_open_is_told_as_open() -> None:
    """A bare `dict`, and no annotations at all."""
    apps = ["tutorial.worker:celery_app", "late.worker:celery_app", "plain.worker:app"]
    code = "import sys; from stormproof.cli.main import app; "
    code += (
        "print([app(['serial', '--examples', '30', '--app', name], standalone_mode=False) for name in sys.argv[1:]])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *apps],
        cwd=ROOT / "system_under_test",
        env={**os.environ, **ADDRESSES, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "[2, 2, 2]"
    assert result.stdout.count("send_email_task() -> dict: json: unknown: dict of what?") == 2 + 1
    assert "plain.begin(key): json: unknown: no annotation" in result.stdout


def test_only_who_needs_hypothesis_imports_it() -> None:
    """It takes half a second, and no other command and no scenario file needs it."""
    code = "import sys, stormproof; from stormproof.cli import main as cli; cli.app(['serial', '--help'], standalone_mode=False); "
    code += "print([name for name in ('hypothesis', 'pytest') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


A_TEST = """
import stormproof
from shop import app

@stormproof.check_serialization(app, examples=20{more})
def test_tasks_survive(task): ...
"""


def outcome_of(pytester: pytest.Pytester, *words: str, **modules: str) -> pytest.RunResult:
    """A run of the user's own tests, with no plugin but pytest's own."""
    pytester.makepyfile(**modules)
    return pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider", *words)


@pytest.fixture(autouse=True)
def _no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_each_task_is_a_test_of_its_own(pytester: pytest.Pytester) -> None:
    """It fails in the words of the command and without a traceback of ours; what is not known is skipped."""
    shop(pytester.path, MIXED)
    result = outcome_of(pytester, "-rs", test_shop=A_TEST.format(more=""))
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*test_tasks_survive[[]shop.guess[]] SKIPPED*",
            "*test_tasks_survive[[]shop.pack[]] FAILED*",
            "*test_tasks_survive[[]shop.ship[]] PASSED*",
            "shop.pack(box: tuple[[]int, int[]]): json: tuple becomes list: (0, 0) became [[]0, 0[]]",
            "    mend: *accepted with expect: shop.pack.box=tuple becomes list",
            "SKIPPED *: shop.guess(number): json: unknown: no annotation*",
        ]
    )
    result.stdout.no_fnmatch_line("*decorator.py:*Failed*")
    result.stdout.no_fnmatch_line("*Traceback*")


def test_what_is_expected_passes_until_it_is_no_longer_so(pytester: pytest.Pytester) -> None:
    """And the body of the test runs, with the task and whatever else it asks for."""
    shop(pytester.path, MIXED)
    known = '{"shop.pack.box": "tuple becomes list", "shop.guess.number": "unknown", "shop.ship.note": "fold is lost"}'
    text = A_TEST.format(more=f", expect={known}").replace(
        "(task): ...", "(tmp_path, task):\n    assert task.name != 'shop.guess'"
    )
    result = outcome_of(pytester, test_shop=text)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*[[]shop.pack[]] PASSED*",
            "E *assert 'shop.guess' != 'shop.guess'",
            "shop.ship(note: str): json: expected 'fold is lost', which does not happen any more: take it out",
        ],
        consecutive=False,
    )


def test_a_mistake_in_the_decorator_is_one_line_too(pytester: pytest.Pytester) -> None:
    """The module is not collected, and says why, without a traceback of ours."""
    shop(pytester.path, MIXED)
    key = A_TEST.format(more=", expect={'shop.pack.bxo': 'x'}")
    app = A_TEST.format(more="").replace("(app,", "('no_such:app',")
    result = outcome_of(pytester, test_key=key, test_app=app)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "check_serialization: expect: nothing is called 'shop.pack.bxo'; did you mean 'shop.pack.box'[?]",
            "check_serialization: --app no_such:app: no module 'no_such' in *",
        ]
    )
    result.stdout.no_fnmatch_line("*decorator.py*")
