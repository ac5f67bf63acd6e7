"""From a text to a polarity, with its data. Others import ``default_scorer`` from here."""

from streams.sentiment.scorers import default_scorer

__all__ = ["default_scorer"]
