"""Decoding, partitioning, definitions and attribution of events."""
