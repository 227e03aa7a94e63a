"""What the tests of nodes share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stormproof.pytest_celery.client import Client

# `watching.py` is the integration tests' own, and of use here.
sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A client whose nodes end with the test."""
    client = Client(tmp_path / "cache")
    yield client
    client.close()
