"""What outlives a crash: row records, remembered ids, fences, keys, slices."""
