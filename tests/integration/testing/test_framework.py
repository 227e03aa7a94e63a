"""The kit for frameworks, with real systems: Celery and RQ pass, and each planted mistake is named."""

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


def test_rq_is_a_framework(tmp_path: Path) -> None:
    check_framework(description.load(ROOT / "system_under_test" / "rq.toml"), tmp_path)


class LooksAtTheFirstDatabase(CeleryFramework):
    """Counts messages in database 0 only."""

    def messages(
        self,
        server: Any,
        queues: tuple[str, ...],
        links: Workers,
        settings: Mapping[str, Settings],
        workers: Collection[str],
    ) -> KombuMessages:
        class Messages(KombuMessages):
            async def depth(self) -> tuple[int, int]:
                lists, hashes = (
                    {place._replace(database=0) for place in each} for each in (self.read_lists, self.hashes)
                )
                return await self._count(lists, "LLEN"), await self._count(hashes, "HLEN")

        return Messages(server, queues, Deliveries(links), settings, workers)


class FindsNothingAbandoned(CeleryFramework):
    """Believes of each message that a worker has it."""

    def messages(
        self,
        server: Any,
        queues: tuple[str, ...],
        links: Workers,
        settings: Mapping[str, Settings],
        workers: Collection[str],
    ) -> KombuMessages:
        class Messages(KombuMessages):
            async def unacked(self) -> list[Unacked]:
                return [message._replace(hold=Hold.HELD) for message in await super().unacked()]

        return Messages(server, queues, Deliveries(links), settings, workers)


@pytest.mark.parametrize(
    ("framework", "sentence"),
    [
        (
            LooksAtTheFirstDatabase,
            "^while a task that is acknowledged late runs, depth counts no unacknowledged message",
        ),
        (
            FindsNothingAbandoned,
            "^the worker was killed in mid-task, and unacked does not say that its message is abandoned",
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_framework_with_a_mistake_is_told_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framework: type[CeleryFramework], sentence: str
) -> None:
    monkeypatch.setitem(FRAMEWORKS._loaded, "celery", framework)
    with pytest.raises(AssertionError, match=sentence):
        check_framework(SYSTEM, tmp_path, within_s=3.0)
