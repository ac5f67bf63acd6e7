"""Currencies that tests use."""

from typing import Final

NO_CURRENCY: Final = "XXX"
"""ISO 4217's code for "no currency involved": well-formed and assigned, and still refused as the currency of money."""
