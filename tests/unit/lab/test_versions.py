"""The file of versions: what is wrong in it is named in one line; equal environments are built once."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.errors import UsageError
from stormproof.lab import environments, versions
from stormproof.lab.versions import Environment
from stormproof.spec.scenario import State

ROW = """
[environments.old]
packages = ["celery==5.6.3"]
[[row]]
name = "one"
group = "pairs"
system = "s.toml"
scenario = "c.py"
state = "holding_eta"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "matrix.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_is_read_with_its_paths_from_the_file(tmp_path: Path) -> None:
    found = versions.load(written(tmp_path, ROW + 'expect = { old = ["no_task_lost.lost"] }'))
    (row,) = found.chosen(("pairs",))
    assert (row.cells, row.state, row.system) == (("old",), State.HOLDING_ETA, tmp_path / "s.toml")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('environments = ["new"]', "unknown environment 'new'"),
        ('expect = { old = ["no_task_lost.nonsense"] }', "'no_task_lost.nonsense'"),
        ("colour = 1", "colour"),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, line: str, names: str) -> None:
    with pytest.raises(UsageError) as said:
        versions.load(written(tmp_path, ROW + line))
    assert names in str(said.value) and "\n" not in str(said.value)


def test_an_unknown_row_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'two'"):
        versions.load(written(tmp_path, ROW)).chosen(("two",))


def test_the_order_of_packages_makes_no_other_environment() -> None:
    one, other = Environment(packages=("a==1", "b==2")), Environment(packages=("b==2", "a==1"))
    assert environments.key(one, ()) == environments.key(other, ())
    assert environments.key(one, ()) != environments.key(one, ("c",))


def test_another_moment_after_which_nothing_is_taken_makes_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for moment in ("", "2026-01-01", "2026-02-01"):
        monkeypatch.setenv("UV_EXCLUDE_NEWER", moment)
        keys.add(environments.key(Environment(packages=("a==1",)), ()))
    assert len(keys) == 3


@pytest.mark.parametrize("other_is_first", [False, True])
def test_an_environment_that_two_processes_build_at_once_is_that_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_is_first: bool
) -> None:
    environment = Environment(packages=("a==1",))
    place = tmp_path / environments.key(environment, ())

    def uv(_: str, command: str, *rest: str) -> str:
        folders = [Path(rest[-1])] if command == "venv" else [place] if other_is_first else []
        for folder in folders:
            (folder / "bin").mkdir(parents=True)
        return ""

    monkeypatch.setattr(environments, "_uv", uv)
    assert environments.build("one", environment, (), tmp_path) == str(place / "bin" / "python")
    assert list(tmp_path.iterdir()) == [place] and (place / "bin").is_dir()


def test_a_file_that_is_not_there_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"matrix\.toml: no such file; .*--file"):
        versions.load(tmp_path / "matrix.toml")
