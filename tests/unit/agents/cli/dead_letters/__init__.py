"""Unit tests of `campaign-pulse dead-letters`."""
