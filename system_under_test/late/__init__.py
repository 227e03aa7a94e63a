"""The tutorial with nothing changed but `acks_late`, which many believe to be the cure."""
