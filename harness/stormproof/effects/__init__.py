"""Effects outside the system, counted outside the system; one folder for each source."""
