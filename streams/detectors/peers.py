"""Peer comparison: is it this influencer, or all of them?

Each influencer of a campaign reports how far its count lies from its own expectation. One that stands clearly below the
median of the others has a drop of its own; when the others are as far down, the cause is common (the evening, the
platform, the feed). It needs no history and at least three peers.
"""

import math
from typing import Literal

from msgspec import Struct

PeerVerdict = Literal["own", "shared", "unknown"]

MINIMUM_PEERS = 3
OWN_GAP = math.log(2.0)
"""Log ratio below the peers' median from which a drop is one's own."""
MINIMUM_EXPECTED = 1.0
"""Influencers that expect less than this per window say nothing about the others."""


class PeerStanding(Struct, gc=False):
    """One influencer's smoothed log ratio of observed to expected counts, and when it was last heard of."""

    log_ratio: float
    expected: float
    at_ms: int


class PeerGroup:
    """The influencers of one campaign."""

    __slots__ = ("_fresh_ms", "_smoothing", "_standings")

    def __init__(self, fresh_ms: int = 180_000, smoothing: float = 0.5) -> None:
        self._standings: dict[str, PeerStanding] = {}
        self._fresh_ms = fresh_ms
        self._smoothing = smoothing

    def report(self, influencer_id: str, at_ms: int, observed: float, expected: float) -> None:
        """Note the counts of one closed window."""
        log_ratio = math.log((observed + 1.0) / (expected + 1.0))
        standing = self._standings.get(influencer_id)
        if standing is None:
            self._standings[influencer_id] = PeerStanding(log_ratio, expected, at_ms)
            return
        standing.log_ratio += self._smoothing * (log_ratio - standing.log_ratio)
        standing.expected = expected
        standing.at_ms = at_ms

    @property
    def standings(self) -> dict[str, PeerStanding]:
        """Everything known of the peers (not a copy)."""
        return self._standings

    def forget(self, influencer_id: str) -> None:
        """Drop an influencer that left the campaign."""
        self._standings.pop(influencer_id, None)

    def compare(self, influencer_id: str, at_ms: int) -> PeerVerdict:
        """Return whether ``influencer_id`` stands clearly below its peers at ``at_ms``; ``unknown`` with too few peers.

        Cost: one pass over the campaign's influencers; ask only when a drop is suspected.
        """
        own = self._standings.get(influencer_id)
        if own is None:
            return "unknown"
        others = sorted(
            standing.log_ratio
            for peer_id, standing in self._standings.items()
            if peer_id != influencer_id
            and standing.expected >= MINIMUM_EXPECTED
            and at_ms - standing.at_ms <= self._fresh_ms
        )
        if len(others) < MINIMUM_PEERS:
            return "unknown"
        middle = len(others) // 2
        median = others[middle] if len(others) % 2 else 0.5 * (others[middle - 1] + others[middle])
        return "own" if own.log_ratio < median - OWN_GAP else "shared"
