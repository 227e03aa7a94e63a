"""One run: the system, the faults that strike it, and the proof that it is over."""
