"""The commands of ``campaign-pulse gateway``."""
