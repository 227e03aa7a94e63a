"""A description's mistakes are told in one line that names the key and the mend."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from stormproof.errors import DescriptionError
from stormproof.spec import description, loopback, templates
from stormproof.spec.system import System
from stormproof.spec.tables import Submit

GOOD = """
name = "mine"
[redis.broker]
[env]
CELERY_BROKER_URL = "{redis.broker.url}/0"
[components.api]
role = "api"
command = ["{python}", "-m", "uvicorn", "mine:app", "--port", "{port}"]
ready.http = "/health"
[components.worker]
role = "worker"
command = ["celery", "-A", "mine", "worker"]
[submit]
path = "/tasks"
json = { name = "{key}" }
[status]
path = "/tasks/{task_id}"
"""


def load(tmp_path: Path, text: str) -> System:
    path = tmp_path / "stormproof.toml"
    path.write_text(text, encoding="utf-8")
    return description.load(path)


def test_a_good_description_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    assert found.folder == tmp_path
    assert found.submit.json_template == {"name": "{key}"}
    assert found.components["api"].ready.http == "/health"


def test_a_route_that_returns_no_result_says_so_and_is_stored_so(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD.replace("[status]", "[status]\nresult = false"))
    assert found.status.result is False
    assert description.restored(found.stored(), tmp_path).status.result is False


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[submit]", "[sumbit]", "unknown key 'sumbit'; did you mean 'submit'?"),
        ('role = "api"', 'rol = "api"', "unknown key 'components.api.rol'; did you mean 'role'?"),
        (
            'ready.http = "/health"',
            'ready.htp = "/health"',
            "unknown key 'components.api.ready.htp'; did you mean 'http'?",
        ),
        ('ready.http = "/health"', 'ready.log = "["', "components.api.ready.log: is not a regular expression"),
        (
            'role = "worker"',
            'role = "worker"\nreplica = 2',
            "unknown key 'components.worker.replica'; did you mean 'replicas'?",
        ),
        (
            'role = "worker"',
            'role = "worker"\nreplicas = 0',
            "components.worker.replicas: input should be greater than",
        ),
        ('role = "api"', 'role = "web"', "components.api.role: input should be 'api', 'worker'"),
        ('path = "/tasks"', 'path = "/tasks"\nmethod = "PUTT"', "submit.method: input should be 'POST'"),
        ('name = "mine"', 'name = "mine"\nbroker = "main"', "broker names 'main'; it should be one of: broker"),
        ('name = "mine"', 'name = "mine"\nfolder = "/"', "unknown key 'folder'"),
        (
            '"{redis.broker.url}/0"',
            '"redis://redis.example.com:6379/0"',
            "env.CELERY_BROKER_URL: 'redis.example.com' is not this",
        ),
        ("[env]", '[env]\nSMTP_HOST = "mail.example.com"', "env.SMTP_HOST: 'mail.example.com' is not this machine"),
        (
            '"{redis.broker.url}/0"',
            '"redis://127.0.0.1:6379/0"',
            "env.CELERY_BROKER_URL: the Redis at port 6379 is not one that Stormproof starts",
        ),
        ('"{redis.broker.url}/0"', '"redis://localhost/0"', "the Redis at port 6379 is not one"),
        ('path = "/tasks"', 'path = "@example.com/tasks"', "submit.path: '@example.com/tasks' is not a path"),
        ('path = "/tasks"', 'path = "http://example.com/"', "submit.path: 'http://example.com/' is not a path"),
        (
            "[redis.broker]",
            '[redis.broker]\nconfig = { replicaof = "10.0.0.1 6379" }',
            "redis.broker.config.replicaof: '10.0.0.1' is not this machine",
        ),
        ("[redis.broker]", '[redis.broker]\nconfig = { bind = "127.0.0.1 0.0.0.0" }', "'0.0.0.0' is not this machine"),
        (
            "[redis.broker]",
            '[promises]\neffects_contain = ["{text}"]\n[redis.broker]',
            'promises: effects_contain is about effects; add effects = "once", or remove it',
        ),
        (
            "[redis.broker]",
            '[promises]\neffects = "once"\neffects_contain = ["{txt}"]\n[redis.broker]',
            "promises: promises.effects_contain: unknown placeholder {txt}; known: key, text",
        ),
        (
            "[redis.broker]",
            '[promises]\neffects = "once"\neffects_to = "{text}"\n[redis.broker]',
            "promises: promises.effects_to: unknown placeholder {text}; known: key",
        ),
        ("[redis.broker]", "[redis.broker", "not TOML"),
        ('name = "mine"', 'name = "mine"\nresults = "cache"', "results names 'cache'; it should be one of: broker"),
        (
            '"{redis.broker.url}/0"',
            '"rediss://{redis.broker.host}:{redis.broker.port}/0"',
            "env.CELERY_BROKER_URL: rediss:// asks for TLS, which the Redis that Stormproof starts does not speak; use a placeholder",
        ),
        (
            '"{redis.broker.url}/0"',
            '"{redis.brokr.url}/0"',
            "env.CELERY_BROKER_URL: unknown placeholder {redis.brokr.url}",
        ),
        ('"{key}"', '"{kye}"', "submit.json: unknown placeholder {kye}; known: key, number"),
        ('"{key}"', "2026-01-01", "submit.json"),
        ('"/tasks/{task_id}"', '"/tasks/{id}"', "status.path: unknown placeholder {id}; known: task_id"),
        ('"-A", "mine"', '"-A", "{app}"', "components.worker.command: unknown placeholder {app}"),
        ("[redis.broker]", '[redis.broker.config]\naclfile = "x"', "redis.broker.config: aclfile leaves no room"),
        ("[redis.broker]", '[redis.broker.config]\nsave = "1 1\\nport 1"', "give several lines as a list"),
        ('json = { name = "{key}" }', '[promises]\neffects = "once"', "promises.effects: 'once' needs {key} in submit"),
        (
            "[status]",
            "[status]\nresult = true",
            "status.result: should be a dotted path, or false where the route returns no result (it is True)",
        ),
    ],
)
def test_a_mistake_is_named_with_its_mend(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(DescriptionError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match=r"nothing\.toml: no such file"):
        description.load(tmp_path / "nothing.toml")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "[::1]", "LOCALHOST"])
def test_loopback_is_this_machine(host: str) -> None:
    assert loopback.is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "redis", "0.0.0.0", "127.0.0.1.example.com"])
def test_anything_else_is_not_this_machine(host: str) -> None:
    assert not loopback.is_loopback(host)


def test_an_unknown_placeholder_is_named_with_those_that_exist() -> None:
    with pytest.raises(DescriptionError, match=r"env\.X: unknown placeholder \{redis\.brokr\.url\}; known: port"):
        templates.fill("{redis.brokr.url}", {"port": "1"}, "env.X")


def test_templates_are_filled_at_every_depth() -> None:
    filled = templates.fill_all({"a": ["{key}", {"b": "x-{key}", "n": 1}]}, {"key": "k"}, "submit.json")
    assert filled == {"a": ["k", {"b": "x-k", "n": 1}]}


def test_a_value_is_picked_by_its_dotted_path() -> None:
    assert templates.pick({"data": [{"id": 7}]}, "data.0.id") == 7
    assert templates.pick({"data": []}, "data.0.id") is None
    assert templates.pick("text", "data") is None


def test_a_host_that_is_allowed_by_name_is_admitted_and_no_other_is(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "system_under_test" / "tutorial.toml").read_text()
    path = tmp_path / "stormproof.toml"
    path.write_text(text.replace("[env]", '[env]\nHOOK_URL = "https://hooks.example.org/x"', 1))
    with pytest.raises(DescriptionError, match="admit it with --allow-host"):
        description.load(path, allowed=("other.example.org",))
    assert description.load(path, allowed=("hooks.example.org",)).env["HOOK_URL"] == "https://hooks.example.org/x"
    assert "strikes nothing there" in loopback.warning("hooks.example.org")


ONE_REDIS = {"broker": {}}
TWO = {"broker": {}, "results": {}}


@pytest.mark.parametrize(
    ("redis", "named", "results"),
    [
        (ONE_REDIS, {}, "broker"),
        ({"main": {}}, {"broker": "main"}, "main"),
        (TWO, {}, "results"),
        (TWO, {"results": "broker"}, "broker"),
    ],
)
def test_results_are_where_they_can_be_unless_the_description_says_more(redis: Any, named: Any, results: str) -> None:
    assert System.model_validate({**tomllib.loads(GOOD), "redis": redis, "env": {}, **named}).results == results


def described(**changes: Any) -> System:
    return description.described(description.merged(tomllib.loads(GOOD), changes), Path("/shop"), "mine.toml")


def test_numbers_and_truth_values_are_taken_where_a_text_is_wanted() -> None:
    config = {
        "maxmemory": 1000,
        "save": "60 1000",
        "appendfsync": "no",
        "lazyfree-lazy-expire": True,
        "user": ["a", "b"],
    }
    worker = {"command": ["celery", "--concurrency", 2], "env": {"DEBUG": True, "RATIO": 0.5}}
    found = described(env={"WORKERS": 4}, redis={"broker": {"config": config}}, components={"worker": worker})
    assert found.env["WORKERS"] == "4"
    assert found.components["worker"].env == {"DEBUG": "true", "RATIO": "0.5"}
    assert found.components["worker"].command == ("celery", "--concurrency", "2")
    assert found.redis["broker"].config == {
        "maxmemory": ("1000",),
        "save": ("60 1000",),
        "appendfsync": ("no",),
        "lazyfree-lazy-expire": ("yes",),
        "user": ("a", "b"),
    }
    assert System.model_validate(found.stored()) == found


@pytest.mark.parametrize("body", [["{key}", 1], "{key}", 3, False, {"a": [{"b": ["{key}"]}]}, [], {}])
def test_a_body_may_be_any_json(body: Any) -> None:
    data = tomllib.loads(GOOD)
    data["submit"]["json"] = body
    assert description.described(data, Path("/shop"), "mine.toml").submit.json_template == body


@pytest.mark.parametrize(
    ("submit", "keyed"),
    [
        ({"json": {"customer": [{"name": "x-{key}"}]}}, True),
        ({"headers": {"X-Id": "{key}"}}, True),
        ({"path": "/orders/{key}"}, True),
        ({"json": {"customer": "{number}", "{key}": 1}}, False),
    ],
)
def test_a_submission_is_known_by_its_key_where_it_names_it(submit: Any, keyed: bool) -> None:
    assert Submit.model_validate({"path": "/orders", **submit}).keyed is keyed


@pytest.mark.parametrize(
    "address",
    [
        "redis://{redis.broker.host}:{redis.broker.port}/0",
        "redis://:secret@{redis.broker.host}:{redis.broker.port}/0",
        "redis://app:se:c,r@e@t@{redis.broker.host}:{redis.broker.port}/0",
        "redis://localhost:7001/0",
        "redis://127.0.0.1:7002/0",
        "sentinel://{redis.broker.host}:{redis.broker.port};sentinel://{redis.broker.host}:{redis.broker.port}",
        "db+sqlite:///results.db",
        "rpc://",
        "cache+memory://",
        "postgresql://localhost/shop",
        "-b{redis.broker.url}/0",
    ],
)
def test_an_address_of_the_run_is_admitted_however_it_is_written(address: str) -> None:
    worker = {"command": ["celery", address], "port": 7002}
    found = described(env={"BROKER": address}, redis={"broker": {"port": 7001}}, components={"worker": worker})
    assert found.env["BROKER"] == address


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("redis://:{redis.broker.host}@10.0.0.1:{redis.broker.port}/0", "'10.0.0.1' is not this machine"),
        ("redis://{redis.broker.host}:6379/0", "the Redis at port 6379"),
        ("redis://:secret@{redis.broker.host}/0", "the Redis at port 6379"),
        ("redis://", "the Redis at port 6379"),
        ("redis+socket:///run/redis.sock", "the Redis behind that socket"),
        (
            "sentinel://{redis.broker.host}:{redis.broker.port};sentinel://10.0.0.2:26379",
            "'10.0.0.2' is not this machine",
        ),
        ("amqp://guest@127.0.0.1;guest@10.0.0.3", "'10.0.0.3' is not this machine"),
        ("amqp://guest@10.0.0.5;guest@127.0.0.1", "'10.0.0.5' is not this machine"),
        ("mongodb://127.0.0.1,10.0.0.4/x", "'10.0.0.4' is not this machine"),
        ("postgresql+psycopg://u:p@db/x", "'db' is not this machine"),
        ("db+postgresql://u:p@db/x", "'db' is not this machine"),
        ("-bredis://cache:1/0", "'cache' is not this machine"),
        ("REDIS://[2001:db8::1]:1/0", "'[2001:db8::1]' is not this machine"),
        ("redis://{redis.broker.host}.example.com/0", "'127.0.0.1.example.com' is not this machine"),
        ("redis://{python}:{redis.broker.port}/0", "is not this machine"),
    ],
)
def test_an_address_that_is_not_of_the_run_is_refused_however_it_is_written(address: str, said: str) -> None:
    worker = {"command": ["celery", address], "python": "python3"}
    with pytest.raises(DescriptionError, match=re.escape(said)):
        described(components={"worker": worker})


def test_tls_is_admitted_with_a_host_that_is_allowed_by_name() -> None:
    data = description.merged(tomllib.loads(GOOD), {"env": {"CACHE": "rediss://cache.example.org:6380/0"}})
    assert description.described(data, Path("/shop"), "mine.toml", allowed=("cache.example.org",))


def test_a_program_with_a_slash_starts_in_the_descriptions_folder_and_a_bare_name_stays() -> None:
    system = described()
    assert [system.program(word) for word in ("../venv/bin/python", "./run", "/bin/sh", "python3.12")] == [
        "/venv/bin/python",
        "/shop/run",
        "/bin/sh",
        "python3.12",
    ]


def test_what_a_system_lacks_is_named_with_what_it_has() -> None:
    system = described(components={"worker": {"replicas": 2}})
    for known in ("api", "worker", "worker-2", "redis", "redis.broker"):
        assert system.lacks(known) == ""
    assert system.lacks("worker-3") == "it has no component 'worker-3'; it has: api, worker"
    assert system.lacks("redis.results") == "it has no server 'redis.results'; it has: redis, redis.broker"
    assert system.lacks_link("*", "*") == system.lacks_link("work*", "broker") == ""
    assert system.lacks_link("flower", "*") == "it has no component 'flower'; it has: api, worker"
    assert system.lacks_link("worker", "results") == "it has no server 'results'; it has: broker"
