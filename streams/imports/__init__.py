"""Exports of other tools, row by row, to our events: what columns mean, how numbers, times and ids are read."""
