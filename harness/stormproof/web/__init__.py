"""`stormproof serve`: the runs of a folder in a browser, only for the user who started it."""
