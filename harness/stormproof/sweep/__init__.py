"""Every fault at every point of a task's life, once each."""
