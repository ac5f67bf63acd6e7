"""Faults on purpose: real processes are broken while an independent count is kept."""
