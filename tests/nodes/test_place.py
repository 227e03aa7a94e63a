"""The paths of a node mean something on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.errors import NotSupportedError
from stormproof.pytest_celery.place import Place

PLACE = Place("127.11.22.33", Path("/own"), {"/app": Path("/volumes/one"), "/etc/redis.conf": Path("/srv/redis.conf")})


def test_a_word_that_is_a_bound_path_names_the_path_here() -> None:
    assert PLACE.text("/etc/redis.conf") == "/srv/redis.conf"
    assert PLACE.text("/app/module.py") == "/volumes/one/module.py"


def test_a_search_path_is_translated_part_by_part() -> None:
    assert PLACE.text("/app:/usr/lib") == "/volumes/one:/usr/lib"


@pytest.mark.parametrize("text", ["/application", "redis://127.0.0.1:6379/0", "--loglevel=INFO", ""])
def test_all_other_text_stays_as_it_is(text: str) -> None:
    assert PLACE.text(text) == text


def test_its_tmp_is_in_its_folder() -> None:
    assert PLACE.path("/tmp/" + "marker") == Path("/own/tmp/marker")


def test_a_path_of_the_machine_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="/etc/passwd of a node"):
        PLACE.path("/etc/passwd")
