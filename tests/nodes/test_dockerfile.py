"""What a Dockerfile says beyond pytest-celery's own is told, an instruction a line, as none of it has an effect."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.pytest_celery import dockerfile
from stormproof.pytest_celery.dockerfile import ignored


@pytest.fixture
def stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stock"
    path.write_text("FROM python:3.10\nRUN apt-get install -y git \\\n    wget\nCMD celery -A app worker\n")
    monkeypatch.setattr(dockerfile, "_stock", lambda: path)


@pytest.mark.usefixtures("stock")
def test_each_instruction_that_a_node_does_not_do_is_told_with_its_line(tmp_path: Path) -> None:
    said = '# ours\nFROM python:3.10\nARG CELERY_VERSION\nrun apt-get install -y git wget\n\nRUN pip install \\\n  # fast\n  numpy\nCMD ["sleep"]\n'
    (tmp_path / "Dockerfile").write_text(said)
    first, second = ignored(tmp_path)
    assert first.endswith(
        "Dockerfile, line 6: RUN has no effect, as nothing of a Dockerfile is executed: RUN pip install numpy"
    )
    assert "line 9: CMD has no effect" in second


@pytest.mark.usefixtures("stock")
def test_the_stock_dockerfile_and_one_that_is_not_there_say_nothing(tmp_path: Path) -> None:
    assert ignored(tmp_path, "stock") == ignored(tmp_path, "nowhere") == []


def test_pytest_celerys_own_dockerfile_is_found() -> None:
    assert any(said.startswith("CMD celery") for _, said in dockerfile._instructions(dockerfile._stock()))
