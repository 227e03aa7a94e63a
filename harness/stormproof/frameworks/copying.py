"""Puts a probe where a worker finds it: in a folder on its PYTHONPATH, beside the parts that all probes share."""

from __future__ import annotations

from pathlib import Path

_PARTS = "stormproof.frameworks.probe_parts"


def copy_probe(probe: str, folder: Path, loader: str = "") -> None:
    """Write the file `probe` into `folder` as `stormproof_probe.py`, with its parts. `loader`: a file for Python to run
    at the start of every process, as `sitecustomize.py`. The copies do not import the package `stormproof`.
    """
    parts = str(Path(__file__).with_name("probe_parts.py"))
    files = {"stormproof_probe.py": probe, "stormproof_probe_parts.py": parts, "sitecustomize.py": loader}
    for name, source in files.items():
        if source:
            text = Path(source).read_text(encoding="utf-8")
            (folder / name).write_text(text.replace(_PARTS, "stormproof_probe_parts"), encoding="utf-8")
