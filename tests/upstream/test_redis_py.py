"""What redis-py makes of errors that it should tell. Each test says what should be; when a new redis-py does it, it turns red."""

from __future__ import annotations

import pytest
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import OutOfMemoryError


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the repr of its errors is their kind and class")
@pytest.mark.parametrize("kind", [NoConnectionError, OutOfMemoryError])
def test_the_repr_of_an_error_tells_its_message(kind: type[Exception]) -> None:
    """Celery logs by `repr`, and makes the message of a ChordError of it: `network:ConnectionError` is all that anybody is told."""
    assert "no room" in repr(kind("no room"))
