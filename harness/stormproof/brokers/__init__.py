"""The brokers that Stormproof knows, one folder each."""
