"""E-mail: a real SMTP server that counts what arrives, and its own faults."""
