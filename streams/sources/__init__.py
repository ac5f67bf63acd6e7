"""What hooks, polls and imports of the same source share: ids, times and sums."""
