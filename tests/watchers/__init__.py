"""A crowd of readers of the stream of numbers, while what it comes from is killed."""
