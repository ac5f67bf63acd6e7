"""Signed deliveries of five sources under kill -9. ``python -m tests.storm`` is the long form."""
