"""Redis: its servers, its protocol, and its own faults."""
