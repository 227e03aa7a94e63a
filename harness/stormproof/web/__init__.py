"""`stormproof serve`: the runs of a folder in a browser, for whoever started it and for nobody else."""
