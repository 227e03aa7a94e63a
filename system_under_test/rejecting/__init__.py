"""The tutorial with a task that refuses its message."""
