"""The plugin, by whole runs of pytest on the example of its how-to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from watching import eventually, living

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
HOW_TO, AFTER = (ROOT / "docs" / "pytest.md").read_text().split("This cures it, in `shop.py`:")
FILES: dict[str, str] = dict(re.findall(r"`([a-z_]+\.[a-z]+)`[^`]*?:\n\n```[a-z]+\n(.*?)```", HOW_TO, re.DOTALL))
CURE = AFTER.partition("```python\n")[2].partition("```")[0]
TUTORIAL = ROOT / "system_under_test" / "tutorial.toml"
WITHIN_S = 120.0


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with the how-to's system, and no tests yet."""
    for name in ("shop.py", "stormproof.toml"):
        pytester.path.joinpath(name).write_text(FILES[name])
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    return pytester


def run(shop: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """One run of pytest in a process of its own; nothing that it started is left."""
    result = shop.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=WITHIN_S)
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    return result


def test_the_example_of_the_how_to_fails_as_it_says_and_is_cured_as_it_says(shop: pytest.Pytester) -> None:
    shop.path.joinpath("test_shop.py").write_text(FILES["test_shop.py"])
    result = run(shop, "--stormproof-seed=7")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([
        "invalid: 1 lost; *",
        "  lost: storm-*",
        "The life of storm-*",
        "*<== the last moment at which it could have been saved",
        "*=== QUIET: *",
        "replay: pytest test_shop.py::test_no_order_is_lost_when_the_worker_is_killed --stormproof-seed 7",
        "explain: stormproof explain *",
    ])  # fmt: skip
    (kept,) = (shop.path / "runs").iterdir()
    explained = subprocess.run(
        [sys.executable, "-m", "stormproof", "analyze", kept], check=False, capture_output=True, text=True
    )
    assert (explained.returncode, "1 lost" in explained.stdout) == (1, True)
    cured = shop.path / "shop.py"
    cured.write_text(cured.read_text().replace("\n\n@celery.task", f"\n{CURE}\n\n@celery.task", 1))
    run(shop).assert_outcomes(passed=3)


def test_what_a_test_does_wrong_is_told_in_one_line(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        from stormproof import assert_valid

        def test_unknown_component(storm):
            storm.kill("nobody")

        def test_after_the_end(system, history):
            system.submit()
            assert_valid(history)
            system.submit()

        def test_no_such_frame(system, storm):
            storm.when(system.component("worker").sends("NOPE", key="x")).drop_reply()

        def test_no_such_frame_for_a_process(system, storm):
            storm.when(system.component("worker").sends("NOPE")).kill("worker")
            storm.pause("api")

        def test_it_never_ends(system, storm):
            with storm.pause("worker"):
                system.submit().wait(within_s=0.2)

        def test_nothing_is_proved_of_nothing(history):
            assert_valid(history)
        """
    )
    result = run(shop)
    result.assert_outcomes(failed=4, passed=2, errors=2)
    said = result.stdout.str()
    assert (
        "stormproof: the system 'shop' cannot be struck so: it has no component 'nobody'; it has: api, worker" in said
    )
    assert "stormproof: the history of this test has been taken; submit and strike before that" in said
    assert "reset on link of worker at a reply NOPE(x) did not bite: its frame never came" in said
    assert "kill on worker at a request NOPE did not bite: its frame never came" in said
    assert re.search(r"task \S+ has not ended within 0\.2 s: PENDING", said)
    assert "unknown: nothing proved lost" in said
    assert "nothing_observed" in said
    assert "harness" not in said, "a traceback of ours"


@pytest.mark.parametrize(
    ("described", "said"),
    [
        (None, "stormproof.toml: no such file; name a system's description with --system"),
        ("name = 'x'\nredsi = 1", "unknown key 'redsi'; did you mean 'redis'?"),
        (FILES["stormproof.toml"].replace("shop:celery", "shop:nothing"), "worker: exited with"),
    ],
)
def test_a_description_that_is_wrong_is_told_in_one_line(
    shop: pytest.Pytester, described: str | None, said: str
) -> None:
    description = shop.path / "stormproof.toml"
    description.unlink() if described is None else description.write_text(described)
    shop.makepyfile("def test_it(system): pass")
    result = run(shop)
    result.assert_outcomes(errors=1)
    assert said in result.stdout.str()
    assert "harness" not in result.stdout.str()


def test_the_system_stands_from_test_to_test_and_is_clean_in_each(shop: pytest.Pytester) -> None:
    with shop.path.joinpath("stormproof.toml").open("a") as description:
        description.write("\n[promises]\nrecovery_s = 3\n")
    shop.makepyfile(
        """
        import pytest, redis

        pids = []

        def keys(system):
            return [key for db in (0, 1) for key in redis.Redis.from_url(f"{system.redis_url()}/{db}").keys()]

        def test_one(system):
            pids.append((system.component("api").pids, system.component("worker").pids))
            assert system.submit().wait().success
            assert [key for key in keys(system) if key.startswith(b"celery-task-meta")]

        def test_a_test_that_breaks_in_mid_storm(system, storm):
            assert not [key for key in keys(system) if not key.startswith(b"_kombu")]
            with storm.pause("worker"):
                system.submit()
                raise ZeroDivisionError

        def test_it_was_healed_and_what_was_left_is_gone(system):
            assert not [key for key in keys(system) if not key.startswith(b"_kombu")]
            assert system.submit().wait().success
            assert pids[0] == (system.component("api").pids, system.component("worker").pids)

        def test_a_worker_that_is_up_and_does_nothing(system):
            import os, signal
            for pid in system.component("worker").pids:
                os.kill(pid, signal.SIGSTOP)

        def test_the_system_was_started_anew(system):
            assert pids[0][0] != system.component("api").pids
            assert system.submit().wait().success
        """
    )
    result = run(shop)
    result.assert_outcomes(passed=4, failed=1)
    assert "ZeroDivisionError" in result.stdout.str()


def test_a_test_may_submit_in_its_own_way_and_choose_the_moment_on_the_wire(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import httpx
        from stormproof import Delay, assert_valid, sends
        from stormproof.checks import Delivery, NoTaskLost

        def test_own_way(system, history):
            answer = httpx.post(f"{system.url()}/orders/storm-0-mine", trust_env=False).json()
            assert system.accepted(answer["task_id"]).wait().success
            assert_valid(history, NoTaskLost())

        def test_the_worker_dies_as_it_takes_the_message(system, storm, history):
            order = None
            with storm.when(system.component("worker").sends("HSET", key="unacked")).kill("worker") as strike:
                order = system.submit()
                assert "is gone" in strike.wait()
            assert_valid(history, Delivery(promise="at_most_once"))

        def test_the_reply_is_lost(system, storm, history):
            lost = storm.when(sends("api", "LPUSH")).drop_reply()
            system.submit()
            assert lost.wait()
            assert_valid(history, NoTaskLost())

        def test_slow(system, storm, history):
            storm.strike(Delay(component="api", delay_ms=50))
            assert system.submit().wait().success
            assert_valid(history, NoTaskLost())
        """
    )
    run(shop, "--stormproof-keep").assert_outcomes(passed=4)
    assert len(list((shop.path / "runs").iterdir())) == 4


def test_scenario_files_are_tests_where_they_are_named(shop: pytest.Pytester) -> None:
    chaos = shop.mkdir("chaos")
    chaos.joinpath("calm.py").write_text(
        'from stormproof import Scenario, Workload\n\nscenario = Scenario(name="calm", title="calm", workload=Workload(tasks=2))\n'
    )
    chaos.joinpath("worker_killed.py").write_text((ROOT / "chaos" / "worker_killed.py").read_text())
    shop.makepyfile("def test_it(): pass")
    run(shop).assert_outcomes(passed=1)
    run(shop, "chaos", "-m", "not storm").assert_outcomes(deselected=2)
    result = run(
        shop,
        "-v",
        "chaos",
        "--stormproof-system=stormproof.toml",
        f"--stormproof-system={TUTORIAL}",
        "-k",
        "calm or shop",
    )
    result.assert_outcomes(passed=2, failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*::shop PASSED*", "*::tutorial PASSED*", "*::shop FAILED*"])
    result.stdout.fnmatch_lines(
        ["invalid: 1 lost;*", "The life of *", "cure: acknowledge late,*", "replay: stormproof replay *"]
    )
    assert len(list((shop.path / "runs").iterdir())) == 1
    chaos.joinpath("calm.py").write_text("scenario = 1\n")
    result = run(shop, "chaos/calm.py")
    assert "has no value `scenario` of type stormproof.Scenario" in result.stdout.str()


def test_a_scenario_that_does_not_apply_is_skipped_with_its_reason(shop: pytest.Pytester) -> None:
    shop.mkdir("chaos").joinpath("results_down.py").write_text((ROOT / "chaos" / "results_down.py").read_text())
    result = run(shop, "chaos", "-rs", "-k", "idle")
    result.assert_outcomes(skipped=1, deselected=4)
    result.stdout.fnmatch_lines(
        ["SKIPPED*results_down does not apply to shop: it has no server 'redis.results'; it has: *"]
    )


def test_each_process_of_xdist_has_a_system_of_its_own(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import os, pathlib, pytest, time

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(system, number):
            folder = pathlib.Path("met")
            folder.mkdir(exist_ok=True)
            (folder / os.environ["PYTEST_XDIST_WORKER"]).write_text(f"{system.redis_url()} {system.url()}")
            deadline = time.monotonic() + 60
            while len(list(folder.iterdir())) < 2:  # So that the other one cannot have done both.
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert system.submit().wait().success
        """
    )
    run(shop, "-n", "2", "--dist", "each").assert_outcomes(passed=4)
    met = [path.read_text().split() for path in (shop.path / "met").iterdir()]
    assert len({address for addresses in met for address in addresses}) == 4


def test_it_lives_beside_the_plugins_of_celery_and_of_coroutines(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="session")
        def stormproof_description():
            import tomllib
            return tomllib.load(open("stormproof.toml", "rb"))

        @pytest.mark.asyncio
        async def test_asyncio(system, storm):
            with storm.pause("worker") as strike:
                assert strike.bit

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_anyio(system, anyio_backend):
            assert system.submit().wait().success

        def test_celery(system, celery_app, celery_worker):
            @celery_app.task
            def double(x):
                return 2 * x
            celery_worker.reload()
            assert double.delay(2).get(timeout=10) == 4
            assert system.submit().wait().success
        """
    )
    run(shop, "-p", "celery.contrib.pytest").assert_outcomes(passed=3)


def test_a_function_may_have_a_system_of_its_own(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import pytest

        pids = set()

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(system, number):
            pids.update(system.component("api").pids)
            assert len(pids) == number
        """
    )
    run(shop, "-o", "stormproof_scope=function").assert_outcomes(passed=2)


def test_who_asks_for_nothing_imports_nothing(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import sys

        def test_it():
            assert {name for name in sys.modules if name.startswith("stormproof")} == {"stormproof", "stormproof.pytest_plugin"}
            assert not {"celery", "redis", "httpx", "msgspec"} & set(sys.modules)
        """
    )
    run(shop, "-p", "no:anyio", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_pytest(shop: pytest.Pytester, number: signal.Signals) -> None:
    shop.makepyfile(
        """
        import pathlib, time

        def test_it(system):
            system.submit().wait()
            pathlib.Path("stands").touch()
            time.sleep(60)
        """
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    temporary = shop.mkdir("own")
    with subprocess.Popen(command, cwd=shop.path, env={**os.environ, "TMPDIR": str(temporary)}) as tests:
        assert eventually((shop.path / "stands").exists, within_s=60)
        assert len(living(temporary)) > 3
        tests.send_signal(number)
        tests.wait(timeout=30)
    assert eventually(lambda: not living(temporary))
    assert not list(temporary.glob("stormproof-*"))
