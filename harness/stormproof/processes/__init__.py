"""Processes of the system: started, watched, struck, and ended in every ending."""
