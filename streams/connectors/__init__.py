"""What platforms, shops and tools send, to our events: signatures, handshakes, mapping, and whose it is."""
