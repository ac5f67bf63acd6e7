"""Which entrants look like no people, and the list for review."""
