"""Prometheus collectors, the exposition and the three endpoints."""
