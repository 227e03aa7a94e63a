"""The RQ specimen: the same service as `tutorial`, on RQ and its defaults. Do not repair it."""
