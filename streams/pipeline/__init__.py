"""One partition of input, from records to state; the partitions of a worker."""
