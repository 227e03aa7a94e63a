"""The task frameworks that Stormproof knows, one folder each."""
