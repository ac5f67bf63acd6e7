"""What the gateway reads: the read model in Redis, by one client, and how old the numbers in it are."""
