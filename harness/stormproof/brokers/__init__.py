"""The brokers that Stormproof supports, one folder each."""
