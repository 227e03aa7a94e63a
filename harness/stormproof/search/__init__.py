"""Storms that nobody wrote: random ones, and the smallest that still fails."""
