"""Mutation testing of all that judges and of the wire, with mutmut: `tox run -e mutation`. What it found is in `docs/mutation.md`.

mutmut looks for sources in `src`, and leaves out what is decorated. So it works on a copy in which a property is a method of another
name, `get_NAME`, and then `NAME = property(get_NAME)`. That takes nothing from any test: the copy must pass them all.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROPERTY = re.compile(
    r"^    @(property|cached_property)\n    def (\w+)((?:.*\n)(?:(?: {8}.*)?\n)*(?: {8}.*\n))", re.MULTILINE
)
WORDS = {
    1: "killed",
    3: "killed",
    0: "survived",
    5: "no tests",
    33: "no tests",
    36: "timeout",
    24: "timeout",
    -24: "timeout",
}
COLUMNS = ("killed", "survived", "timeout", "no tests")


def lay_out(folder: Path) -> None:
    """A tree that mutmut can work in: sources without properties, tests, and the configuration."""
    shutil.copytree(ROOT / "harness", folder / "src")
    shutil.copytree(ROOT / "tests", folder / "tests")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path in (folder / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(PROPERTY.sub(r"    def get_\2\3    \2 = \1(get_\2)\n", text), encoding="utf-8")


def counts(folder: Path) -> dict[str, Counter[str]]:
    """Module -> how many of its mutants ended how."""
    found = {}
    for path in sorted((folder / "mutants" / "src").rglob("*.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].values()
        if codes:
            module = path.relative_to(folder / "mutants" / "src" / "stormproof").as_posix().removesuffix(".meta")
            found[module] = Counter(WORDS.get(code, f"exit code {code}") for code in codes)
    return found


def table(found: dict[str, Counter[str]]) -> str:
    """The counts in Markdown, a row for each module and one for each package."""
    rows = dict(found)
    for package in ("checks", "wire"):
        rows[f"**{package}/**"] = sum((c for name, c in found.items() if name.startswith(f"{package}/")), Counter())
    rows["**all**"] = sum(found.values(), Counter())
    others = sorted({word for row in found.values() for word in row} - {*COLUMNS})
    columns = [*COLUMNS, *others]
    lines = [f"| module | mutants | {' | '.join(columns)} | caught % |", "| --- |" + " ---: |" * (len(columns) + 2)]
    for name, row in rows.items():
        numbers = [row.total(), *(row[word] for word in columns)]
        caught = row["killed"] + row["timeout"]
        lines.append(f"| {name} | {' | '.join(map(str, numbers))} | {100 * caught / row.total():.1f} |")
    return "\n".join(lines)


def main(folder: Path, *more: str) -> int:
    """Lay out, let mutmut run, print the survivors and the table."""
    lay_out(folder)
    ran = subprocess.run(["mutmut", "run", "--max-children", "1", *more], cwd=folder, check=False)
    subprocess.run(["mutmut", "results"], cwd=folder, check=False)
    print(table(counts(folder)))
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
