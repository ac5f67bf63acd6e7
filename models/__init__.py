"""What things are: events, campaign definitions, rollups, dead letters; names of topics and of keys in Redis; time.

Frozen msgspec Structs without logic beyond validation, and what must be the same in every package: ``topics``,
``times`` and ``read_model``. Imports nothing else of this project and does no I/O.
"""
