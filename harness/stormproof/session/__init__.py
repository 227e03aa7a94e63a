"""One running system that can be struck, healed and judged: for tests, Locust and `stormproof up`."""
