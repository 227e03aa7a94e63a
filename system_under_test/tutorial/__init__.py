"""The specimen: the service as thousands of teams write it after reading an article. Do not repair it."""
