"""A description's mistakes are told in one line that names the key and the mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof import loopback
from stormproof import system as systems
from stormproof.errors import DescriptionError

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


def load(tmp_path: Path, text: str) -> systems.System:
    path = tmp_path / "stormproof.toml"
    path.write_text(text.replace('name = "mine"', 'name = "mine"\nresults = "broker"', 1), encoding="utf-8")
    return systems.load(path)


def test_a_good_description_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    assert found.folder == tmp_path
    assert found.submit.json_template == {"name": "{key}"}
    assert found.components["api"].ready.http == "/health"


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
        systems.load(tmp_path / "nothing.toml")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "[::1]", "{smtp.host}"])
def test_loopback_is_this_machine(host: str) -> None:
    assert loopback.is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "redis", "0.0.0.0", "127.0.0.1.example.com"])
def test_anything_else_is_not_this_machine(host: str) -> None:
    assert not loopback.is_loopback(host)


def test_an_unknown_placeholder_is_named_with_those_that_exist() -> None:
    with pytest.raises(DescriptionError, match=r"env\.X: unknown placeholder \{redis\.brokr\.url\}; known: port"):
        systems.fill("{redis.brokr.url}", {"port": "1"}, "env.X")


def test_templates_are_filled_at_every_depth() -> None:
    filled = systems.fill_all({"a": ["{key}", {"b": "x-{key}", "n": 1}]}, {"key": "k"}, "submit.json")
    assert filled == {"a": ["k", {"b": "x-k", "n": 1}]}


def test_a_value_is_picked_by_its_dotted_path() -> None:
    assert systems.pick({"data": [{"id": 7}]}, "data.0.id") == 7
    assert systems.pick({"data": []}, "data.0.id") is None
    assert systems.pick("text", "data") is None


def test_a_host_that_is_allowed_by_name_is_admitted_and_no_other_is(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "system_under_test" / "tutorial.toml").read_text()
    path = tmp_path / "stormproof.toml"
    path.write_text(text.replace("[env]", '[env]\nHOOK_URL = "https://hooks.example.org/x"', 1))
    with pytest.raises(DescriptionError, match="admit it with --allow-host"):
        systems.load(path, allowed=("other.example.org",))
    assert systems.load(path, allowed=("hooks.example.org",)).env["HOOK_URL"] == "https://hooks.example.org/x"
    assert "strikes nothing there" in loopback.warning("hooks.example.org")
