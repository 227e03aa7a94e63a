"""The kit for frameworks, with a real system: Celery passes, and each planted mistake is named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
from stormproof.frameworks.celery.framework import CeleryFramework
from stormproof.frameworks.celery.on_redis.deliveries import Deliveries
from stormproof.frameworks.celery.on_redis.messages import KombuMessages
from stormproof.frameworks.framework import Hold, Unacked, Workers
from stormproof.history import Settings
from stormproof.spec import description
from stormproof.spec.seams import FRAMEWORKS
from stormproof.testing import check_framework

ROOT = Path(__file__).parents[3]
ELSEWHERE = {"env": {"CELERY_BROKER_URL": "{redis.broker.url}/3"}}
"""A broker's database that is not the first."""
SYSTEM = description.load(ROOT / "system_under_test" / "tutorial.toml", ELSEWHERE)


def test_celery_is_a_framework(tmp_path: Path) -> None:
    check_framework(SYSTEM, tmp_path)
