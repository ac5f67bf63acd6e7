"""A broker and a Redis server from wheels, and child processes."""
