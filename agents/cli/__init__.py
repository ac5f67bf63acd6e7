"""Commands, and tables for people."""
