"""Hypothesis strategies for task systems: what hurts serializers, brokers and result backends."""

from __future__ import annotations

from stormproof.strategies.exceptions import exceptions
from stormproof.strategies.results import Meta, children, group_metas, stored_errors, task_metas, tracebacks

__all__ = ["Meta", "children", "exceptions", "group_metas", "stored_errors", "task_metas", "tracebacks"]
