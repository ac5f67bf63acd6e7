"""What a worker does behind the first stage: alerts, entries, definitions, suspicion."""
