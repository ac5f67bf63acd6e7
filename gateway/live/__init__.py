"""Numbers as they change: one reader of Redis for a crowd of streams."""
