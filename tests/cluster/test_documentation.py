"""The example of `docs/nodes.md` is a suite that runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "nodes.md"


def test_the_example_runs_as_it_is(pytester: pytest.Pytester, pytestconfig: pytest.Config) -> None:
    example = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert example is not None
    pytester.makepyfile(example[1])
    cache = pytestconfig.getoption("--nodes-cache").absolute()
    pytester.runpytest_subprocess("-p", "no:schemathesis", "--nodes-cache", cache).assert_outcomes(passed=1)
