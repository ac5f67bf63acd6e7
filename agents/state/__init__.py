"""Copies of the changelog: memory, RocksDB, Faust's table, the fence."""
