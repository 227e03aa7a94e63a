"""Stored runs, and what tells one group of them from another."""
