"""Polling, against small servers that behave as the vendors document."""
