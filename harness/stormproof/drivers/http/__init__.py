"""Clients that submit over HTTP and poll for the status."""
