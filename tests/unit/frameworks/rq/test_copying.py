"""The probe's copies know nothing of us."""

from __future__ import annotations

from pathlib import Path

from stormproof.frameworks.rq.copying import copy_probe


def test_the_copies_import_nothing_of_stormproof(tmp_path: Path) -> None:
    copy_probe(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "sitecustomize.py",
        "stormproof_probe.py",
        "stormproof_probe_parts.py",
    }
    for path in tmp_path.iterdir():
        assert "stormproof.frameworks" not in path.read_text(), path.name
    assert "from stormproof_probe_parts import" in (tmp_path / "stormproof_probe.py").read_text()
