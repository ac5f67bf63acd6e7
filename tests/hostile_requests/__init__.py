"""Requests that were made to harm, against a real gateway. ``python -m tests.hostile_requests`` is the long form."""
