"""The pytest plugin: the fixtures `system`, `storm` and `history`, and scenario files as tests.

Every run of pytest loads this module if Stormproof is installed, so it imports nothing of the harness until it is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stormproof.pytest_plugin.keeper import Keeper
    from stormproof.pytest_plugin.storm import Storm
    from stormproof.pytest_plugin.tested import LiveHistory, Tested


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini-file settings."""
    group = parser.getgroup("stormproof", "storms for task systems")
    group.addoption(
        "--stormproof-system",
        action="append",
        default=[],
        metavar="FILE",
        help="the description of the system; may be given often for scenario files (default: stormproof.toml)",
    )
    group.addoption("--stormproof-seed", type=int, default=None, help="seed of all random choices; drawn where absent")
    group.addoption(
        "--stormproof-keep",
        action="store_true",
        help="keep in runs/ the history of each storm, not only of those that failed",
    )
    parser.addini("stormproof_system", "the description of the system", default="stormproof.toml")
    parser.addini("stormproof_scope", "how long one system stands: session, or function", default="session")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "storm: something is struck in it (set by Stormproof)")
    config.addinivalue_line("markers", "slow: a scenario file, which takes 5 to 60 seconds (set by Stormproof)")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect files of a folder `chaos` as scenarios only if the folder, or a file in it, was named. A storm must not come as a surprise."""
    if file_path.parent.name != "chaos" or file_path.suffix != ".py" or not _is_named(file_path, parent.config):
        return None
    if file_path.name.startswith(("_", "test_")) or file_path.name == "conftest.py":
        return None
    from stormproof.pytest_plugin.scenarios import ScenarioFile  # noqa: PLC0415

    return ScenarioFile.from_parent(parent, path=file_path)


def _is_named(path: Path, config: pytest.Config) -> bool:
    named = [(config.invocation_params.dir / str(arg).partition("::")[0]).resolve() for arg in config.args]
    return any(path.resolve() in (name, *name.glob("*.py")) for name in named)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use our own fixture `storm`."""
    for item in items:
        info = getattr(item, "_fixtureinfo", None)
        fixtures = info.name2fixturedefs.get("storm", ()) if info is not None else ()
        if fixtures and fixtures[-1].func.__module__ == __name__:
            item.add_marker("storm")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any) -> Generator[None, Any, Any]:
    """Report a user's mistake, or a system that does not start, in one line."""
    try:
        return (yield)
    except Exception as error:
        if type(error).__module__.startswith("stormproof") or isinstance(error, ExceptionGroup):
            from stormproof.pytest_plugin.words import told_by_pytest  # noqa: PLC0415

            told_by_pytest(error)
        raise


def _scope(fixture_name: str, config: pytest.Config) -> Any:
    return config.getini("stormproof_scope")


@pytest.fixture(scope="session")
def stormproof_description(pytestconfig: pytest.Config) -> Any:
    """Describe the system of the other fixtures: the path of a TOML file, or its content as a dict.

    In a dict, relative paths start at the folder of pytest.ini or pyproject.toml. Override this fixture to describe a system
    in code.
    """
    named = pytestconfig.getoption("stormproof_system")
    return (
        pytestconfig.invocation_params.dir / named[0]
        if named
        else pytestconfig.rootpath / pytestconfig.getini("stormproof_system")
    )


@pytest.fixture(scope=_scope)
def stormproof_keeper(
    stormproof_description: Any, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keeper]:
    """Keep one system running for the tests. Tests should use `system`."""
    from stormproof.pytest_plugin.keeper import Keeper  # noqa: PLC0415

    keeper = Keeper(stormproof_description, tmp_path_factory.mktemp("stormproof"), pytestconfig)
    try:
        yield keeper
    finally:
        keeper.stop()


@pytest.fixture
def system(stormproof_keeper: Keeper, request: pytest.FixtureRequest) -> Iterator[Tested]:
    """The described system: up, healthy and clean. All faults are healed at the end of the test."""
    tested = stormproof_keeper.lend(request.node.nodeid)
    yield tested
    tested.heal()


@pytest.fixture
def storm(system: Tested) -> Storm:
    """Strikes the system. All faults are healed at the end of the test, whatever happens. A fault that did not bite fails the test."""
    from stormproof.pytest_plugin.storm import Storm  # noqa: PLC0415

    return Storm(system)


@pytest.fixture
def history(system: Tested) -> LiveHistory:
    """The history of the system in this test, for `stormproof.assert_valid`."""
    return system.history
