"""The desk: what people decide about a campaign becomes events; who they are, and what they decide about."""
