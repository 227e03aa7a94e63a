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


def test_a_file_that_is_not_there_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"matrix\.toml: no such file; .*--file"):
        versions.load(tmp_path / "matrix.toml")
