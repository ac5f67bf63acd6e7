"""What is computed: pure functions and objects that take time, randomness and configuration as arguments.

Driven alike by a worker, by ``replay``, by tests and by benchmarks. Imports ``models`` and computational libraries.
"""
