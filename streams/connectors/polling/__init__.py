"""What is asked of the platforms' APIs, and what their answers mean: requests and verdicts as data, no I/O."""
