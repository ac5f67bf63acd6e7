"""The numbers of ``docs/statistics.md`` computed a second time, in SQL and without our code."""
