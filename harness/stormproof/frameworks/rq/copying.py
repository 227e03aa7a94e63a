"""Puts the probe where a worker finds it: three files in a folder on its PYTHONPATH."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_PARTS = "stormproof.frameworks.rq.probe_parts"
_FILES = {
    "probe_parts.py": "stormproof_probe_parts.py",
    "probe.py": "stormproof_probe.py",
    "loader.py": "sitecustomize.py",
}


def copy_probe(folder: Path) -> None:
    """Write the probe, its parts and its loader into `folder`. The copies do not depend on the package `stormproof`."""
    for source, name in _FILES.items():
        text = (_HERE / source).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(_PARTS, "stormproof_probe_parts"), encoding="utf-8")
