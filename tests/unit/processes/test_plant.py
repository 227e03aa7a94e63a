"""A component with a mistake runs the mistake first, and then itself, as it would without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stormproof.processes import plant


def planted(folder: Path, mistake: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "mistakes").mkdir()
    (folder / "mistakes" / "sibling.py").write_text("greeting = 'planted'")
    (folder / "mistakes" / "mistake.py").write_text(mistake)
    (folder / "library.py").write_text("greeting = 'sound'")
    (folder / "service.py").write_text("import sys, library; print(library.greeting, sys.argv[1:], __name__)")
    command = [sys.executable, plant.__file__, str(folder / "mistakes" / "mistake.py"), "service", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)


def test_the_mistake_changes_the_systems_modules_before_they_run(tmp_path: Path) -> None:
    done = planted(tmp_path, "import library, sibling; library.greeting = sibling.greeting", "--port", "7")
    assert done.stdout == "planted ['--port', '7'] __main__\n"


def test_a_mistake_knows_which_component_it_is_in(tmp_path: Path) -> None:
    done = planted(tmp_path, "import library, sys; library.greeting = sys.argv[0]")
    assert done.stdout == "service [] __main__\n"


def test_a_mistake_that_cannot_be_planted_stops_the_component(tmp_path: Path) -> None:
    done = planted(tmp_path, "import nothing_of_that_name")
    assert done.returncode != 0
    assert "nothing_of_that_name" in done.stderr
