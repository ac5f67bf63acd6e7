"""Kafka: transport, inputs, membership, producing, topics."""
