"""Hypothesis strategies for task systems: what hurts serializers, brokers and result backends."""
