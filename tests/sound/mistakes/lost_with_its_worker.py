import acknowledged_early  # noqa: F401 - The same mistake, in another storm.
