"""docs/architecture.md lists the rooms and files that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "harness" / "stormproof"
TEXT = (ROOT / "docs" / "architecture.md").read_text()
ONE_FILE_EACH = {
    "checks",
    "brokers/redis/faults",
    "frameworks/faults",
    "processes/faults",
    "serializers/strategies",
    "wire/faults",
}
"""Folders whose files are all of one kind; the page says so and does not list them."""
MOST_ROOMS = 24


def listed(text: str) -> dict[str, set[str]]:
    """Room -> the names in backticks of its paragraph in the list of rooms."""
    rooms = text[text.index("## Rooms") :]
    found = re.findall(r"^- \*\*`([a-z_/]+?)/?`\*\*: (.*?)(?=^- \*\*|^To add a|\Z)", rooms, re.DOTALL | re.MULTILINE)
    return {room: set(re.findall(r"`([a-z_]+)`", told)) for room, told in found}


def files(room: str) -> set[str]:
    """The modules of a room, without those of folders inside it."""
    return {path.stem for path in (PACKAGE / room).glob("*.py")} - {"__init__"}


def rooms() -> set[str]:
    tops = {path.stem for path in PACKAGE.glob("*") if path.suffix == ".py" or (path / "__init__.py").exists()}
    return tops - {"__init__", "__main__"}


def test_no_room_has_the_name_of_what_git_and_the_wheel_leave_out() -> None:
    """A pattern without a slash at its beginning means folders anywhere, and building a wheel heeds `.gitignore`, too."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if not line.startswith("/")}
    assert not {path.name for path in PACKAGE.rglob("*") if path.is_dir() and path.name != "__pycache__"} & ignored


def test_every_room_is_listed_and_there_are_few() -> None:
    assert {room.partition("/")[0] for room in listed(TEXT)} == rooms()
    assert len(rooms()) <= MOST_ROOMS


def test_every_module_is_listed_with_its_room() -> None:
    told = listed(TEXT)
    for folder in sorted(path for path in PACKAGE.rglob("*") if (path / "__init__.py").exists()):
        room = str(folder.relative_to(PACKAGE))
        if room not in ONE_FILE_EACH:
            assert files(room) <= told.get(room, set()), room


def test_every_folder_of_one_kind_is_named() -> None:
    for folder in ONE_FILE_EACH:
        assert (PACKAGE / folder).is_dir()
        assert f"`{folder}/`" in TEXT, folder


def test_every_file_that_the_page_names_is_there() -> None:
    for name in set(re.findall(r"`([a-z_/]+\.py)`", TEXT)):
        assert list(ROOT.glob(f"harness/stormproof/**/{name}")) or (ROOT / name).exists(), name


def test_a_module_that_is_not_listed_would_be_seen() -> None:
    assert listed("## Rooms\n\n- **`spec/`**: what people write (`system`).\n")["spec"] == {"system"}
