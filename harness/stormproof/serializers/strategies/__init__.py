"""Hypothesis strategies for task systems: values that hurt, canvases, exceptions, messages, what a result backend stores, and what may
stand in a queue or under a result's key.

With `from stormproof.serializers.strategies import values`, a test of your own serializer, encoder or task meets what ours have met.
`import stormproof` does not load this package: Hypothesis takes its time, and is of the extra `random`.
"""

from stormproof.errors import MissingPackageError, is_installed

if not is_installed("hypothesis"):
    raise MissingPackageError("hypothesis", __name__)

from stormproof.serializers.strategies.canvases import canvases, chains, chords, groups, maps, signatures
from stormproof.serializers.strategies.exceptions import exceptions
from stormproof.serializers.strategies.hostile import Hostile, hostile_messages, hostile_results
from stormproof.serializers.strategies.messages import encoded, envelope, messages
from stormproof.serializers.strategies.nests import containers
from stormproof.serializers.strategies.results import Meta, children, group_metas, stored_errors, task_metas, tracebacks
from stormproof.serializers.strategies.values import HEAVY, KINDS, Mixture, about, json_values, mixtures, values

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
