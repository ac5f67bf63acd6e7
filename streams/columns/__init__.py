"""Data in flat arrays: id tables, hashes, strings, versioned records."""
