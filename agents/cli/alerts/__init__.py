"""The commands of ``campaign-pulse alerts``."""
