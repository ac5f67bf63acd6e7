"""Counters in panes, sketches, money and posts; rollups, snapshots, campaigns."""
