"""Benchmarks: ``python -m bench`` runs those of the stream; the others are commands of their own."""
