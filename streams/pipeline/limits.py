"""What a partition accepts and remembers: the settings that the pure part needs."""

from msgspec import Struct

from streams.alerts.closed_windows import GRACE_MS
from streams.changelog.dedupe import DEDUPE_HOURS, SEGMENT_IDS
from streams.events.decode import FUTURE_TOLERANCE_MS, MAX_EVENT_BYTES
from streams.ledger.block_builder import BLOCK_COMMENTS
from streams.orders.book import ORDER_DAYS


class Limits(Struct, frozen=True, kw_only=True):
    """What is accepted: how large a value, how far in the future, and how long redeliveries are remembered."""

    max_event_bytes: int = MAX_EVENT_BYTES
    future_tolerance_ms: int = FUTURE_TOLERANCE_MS
    dedupe_hours: int = DEDUPE_HOURS
    order_days: int = ORDER_DAYS
    """How long an order is kept after its newest event."""
    alert_grace_ms: int = GRACE_MS
    """How long after a minute's end its events are waited for before alerts look at it."""
    generation_ids: int | None = None
    """Ids forgotten together at least; ``Pipeline`` derives it from its capacity."""
    segment_ids: int = SEGMENT_IDS
    """Ids in one full record of the dedupe log."""
    block_comments: int = BLOCK_COMMENTS
    """Comments in one full block of a giveaway's ledger."""
    quarantine_unknown: bool = False
    """Whether events of campaigns without a definition are dead letters; else they count."""
    unknown_rows: int = 0
    """Influencers of campaigns without a definition, in one partition; 0 for any number, as of the next ones."""
    campaign_influencers: int = 0
    """Influencers of one campaign that its definition does not name, in one partition."""
    influencer_posts: int = 0
    influencer_currencies: int = 0
