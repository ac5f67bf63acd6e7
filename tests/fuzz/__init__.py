"""Noise among good records in every topic that a worker reads: `python -m tests.fuzz` is the long form."""
