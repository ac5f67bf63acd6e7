"""Getting into Kafka: the arguments of every client, tokens, and what answers instead of a broker."""
