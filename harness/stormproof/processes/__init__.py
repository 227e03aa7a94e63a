"""Processes of the system: started, watched, struck, and always ended, however the run ends."""
