"""The task frameworks that Stormproof supports, one folder each."""
