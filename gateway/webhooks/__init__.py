"""Outgoing webhooks: one of the gateways makes the messages, keeps them in Kafka, and sends them."""
