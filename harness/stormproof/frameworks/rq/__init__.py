"""RQ: the probe in its workers, the places of its jobs in Redis, and the meaning of its commands on the wire."""
