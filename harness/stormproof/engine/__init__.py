"""One run: what stands, what strikes it, and the proof that it is over."""
