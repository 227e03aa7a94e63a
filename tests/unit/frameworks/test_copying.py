"""The probes' copies know nothing of us."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.frameworks.celery.framework import CeleryFramework
from stormproof.frameworks.rq.framework import RqFramework


@pytest.mark.parametrize(("framework", "more"), [(CeleryFramework(), set()), (RqFramework(), {"sitecustomize.py"})])
def test_the_copies_import_nothing_of_stormproof(
    tmp_path: Path, framework: CeleryFramework | RqFramework, more: set[str]
) -> None:
    assert framework.probe(tmp_path) == {"PYTHONPATH": str(tmp_path)}
    copies = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert copies.keys() == {"stormproof_probe.py", "stormproof_probe_parts.py", *more}
    assert not [name for name, text in copies.items() if "stormproof.frameworks" in text]
    assert "from stormproof_probe_parts import" in copies["stormproof_probe.py"]
