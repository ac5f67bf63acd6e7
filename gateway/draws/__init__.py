"""Draws that are published: their records as files, and the answer to whoever asks whether they are in the list."""
