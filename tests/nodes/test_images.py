"""An image is a program of this machine, or is refused."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from stormproof.errors import NotSupportedError, UsageError
from stormproof.lab import environments
from stormproof.lab.versions import Environment
from stormproof.pytest_celery.dockerfile import IgnoredInstruction
from stormproof.pytest_celery.images import Images
from stormproof.pytest_celery.place import Place
from stormproof.pytest_celery.programs import Memcached, Redis
from stormproof.pytest_celery.rabbitmq import RabbitMQ

PLACE = Place("127.11.22.33", Path("/own"), {})


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return Images(tmp_path / "scripts", tmp_path / "cache")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Environment]:
    """Which environments would have been built; each is this one."""
    asked: list[Environment] = []

    def build(_: str, environment: Environment, *__: object) -> str:
        asked.append(environment)
        return str(Path(sys.prefix) / "bin" / "python")

    monkeypatch.setattr(environments, "build", build)
    return asked


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("redis:latest", Redis),
        ("docker.io/library/redis:7", Redis),
        ("memcached", Memcached),
        ("rabbitmq:management", RabbitMQ),
    ],
)
def test_known_images_are_programs(images: Images, name: str, program: type) -> None:
    assert isinstance(images.get(name).program, program)
    assert images.pull(name) is images.get(name)


def test_a_workers_dockerfile_is_a_virtual_environment(images: Images, built: list[Environment]) -> None:
    arguments = {
        "CELERY_VERSION": "5.3.6",
        "CELERY_WORKER_NAME": "me",
        "CELERY_WORKER_QUEUE": "here",
        "CELERY_LOG_LEVEL": "DEBUG",
    }
    image, _ = images.build(path=".", tag="worker:one", buildargs=arguments, rm=True)
    assert built[0].packages[0].endswith("==5.3.6")
    assert image.program is not None
    command = image.program.argv(None, PLACE)
    assert command == ["celery", "-A", "app", "worker", "--loglevel=DEBUG", "-n", "me@127.11.22.33", "-Q", "here"]
    assert images.get(image.id) is image is images.get("worker:one")


def test_celery_4_gets_a_python_that_can_import_it(images: Images, built: list[Environment]) -> None:
    images.get("celery:4.4.7")
    images.get("celery:5.7.0")
    assert [environment.python for environment in built] == ["3.10", None]


def test_an_environment_that_cannot_be_built_is_not_supported_and_not_tried_again(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def build(*_: object) -> str:
        tried.append(1)
        raise UsageError("environment 'celery 99' cannot be built: no such release")

    monkeypatch.setattr(environments, "build", build)
    for _ in range(2):
        with pytest.raises(NotSupportedError, match="no such release"):
            images.get("celery:99")
    assert len(tried) == 1


def test_the_processes_of_a_worker_are_called_celery(images: Images) -> None:
    program = images.get(f"venv:{sys.prefix}").program
    assert program is not None
    script = program.path[0] / "celery"
    assert script.read_text().startswith(f"#!{sys.prefix}/bin/python\n")
    assert "celery" in subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout


def test_a_pool_process_that_is_spawned_imports_the_script_and_starts_no_worker(images: Images) -> None:
    program = images.get(f"venv:{sys.prefix}").program
    assert program is not None
    assert runpy.run_path(str(program.path[0] / "celery"), run_name="__mp_main__")["main"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("postgres:16", "image 'postgres:16': no program of this machine"),
        ("venv:/nowhere", "venv:/nowhere is not a virtual environment"),
    ],
)
def test_other_images_are_refused_in_one_line(images: Images, name: str, said: str) -> None:
    with pytest.raises(NotSupportedError, match=said):
        images.get(name)


def test_other_dockerfiles_are_refused_in_one_line(images: Images) -> None:
    with pytest.raises(NotSupportedError, match=r"Dockerfile \./mine: cannot be built without Docker"):
        images.build(path="./mine", tag="mine")


@pytest.mark.usefixtures("built")
def test_a_workers_dockerfile_warns_of_what_it_says_in_vain(images: Images, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("RUN pip install numpy\n")
    with pytest.warns(IgnoredInstruction, match=r"line 1: RUN has no effect, .*: RUN pip install numpy"):
        images.build(path=str(tmp_path), tag="mine", buildargs={"CELERY_VERSION": "5.3.6"})
