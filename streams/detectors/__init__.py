"""From a series of counts to evidence: spikes, drops, silence, shares, peers."""
