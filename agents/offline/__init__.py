"""A campaign in one process: its events from files, its ledger in memory, its log of draws in a file. No Kafka."""
