"""Stored runs, and the comparison of groups of runs."""
