"""Requests that were made to harm, against a real gateway. ``python -m tests.hostile`` is the long form."""
