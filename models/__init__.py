"""What things are: events, campaign definitions, rollups and dead letters.

Frozen msgspec Structs without logic beyond validation. Imports nothing else of this project and does no I/O.
"""
