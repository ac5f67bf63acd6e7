"""Redis: writing and reading the read model."""
