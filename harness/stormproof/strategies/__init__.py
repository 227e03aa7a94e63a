"""Hypothesis strategies for task systems: values that hurt, canvases, exceptions, messages, what a result backend stores, and what may
stand in a queue or under a result's key.

With `from stormproof.strategies import values` a test of one's own serializer, encoder or task meets what ours have met. `import stormproof`
does not load this package, as Hypothesis takes its time.
"""

from stormproof.strategies.canvases import canvases, chains, chords, groups, maps, signatures
from stormproof.strategies.exceptions import exceptions
from stormproof.strategies.hostile import Hostile, hostile_messages, hostile_results
from stormproof.strategies.messages import encoded, envelope, messages
from stormproof.strategies.nests import containers
from stormproof.strategies.results import Meta, children, group_metas, stored_errors, task_metas, tracebacks
from stormproof.strategies.values import HEAVY, KINDS, Mixture, about, json_values, mixtures, values

__all__ = [
    "HEAVY",
    "KINDS",
    "Hostile",
    "Meta",
    "Mixture",
    "about",
    "canvases",
    "chains",
    "children",
    "chords",
    "containers",
    "encoded",
    "envelope",
    "exceptions",
    "group_metas",
    "groups",
    "hostile_messages",
    "hostile_results",
    "json_values",
    "maps",
    "messages",
    "mixtures",
    "signatures",
    "stored_errors",
    "task_metas",
    "tracebacks",
    "values",
]
