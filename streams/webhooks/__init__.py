"""Outgoing webhooks: who is told what, once; how it is signed, and when it is tried again."""
