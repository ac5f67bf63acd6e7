"""Getting into Kafka."""
