"""Probes read all orders that are in force, and never half a file."""

from __future__ import annotations

import json
from pathlib import Path

from stormproof.frameworks.orders import Orders


def test_an_order_stands_until_it_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    orders = Orders(path)
    assert json.loads(path.read_text()) == []
    orders.give({"do": "hold"})
    orders.give({"do": "exit"})
    assert json.loads(path.read_text()) == [{"do": "hold"}, {"do": "exit"}]
    orders.take_back({"do": "hold"})
    assert json.loads(path.read_text()) == [{"do": "exit"}]
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    orders = Orders(path)
    with path.open() as read_by_a_probe:
        orders.give({"do": "hold"})
        assert read_by_a_probe.read() == "[]"
