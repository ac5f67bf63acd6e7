"""HTTP beside the agents: what platforms, shops and tools send comes in here, and goes to Kafka. Never the engine."""
