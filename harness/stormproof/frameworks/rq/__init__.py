"""RQ: the probe in its workers, where its jobs are in Redis, and what its commands on the wire mean."""
