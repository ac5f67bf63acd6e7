"""What a partition may grow by: strangers' campaigns, influencers that no definition names, posts, currencies.

Whoever may write events names campaigns, influencers, posts and currencies, and each of them takes memory for as long
as its campaign lasts. Ceilings say how many there may be; what lies beyond becomes a dead letter, and can be sent again
once a definition is applied or a ceiling raised. What was admitted is in the state, so it stays admitted after a
restart. Which of two newcomers gets the last place is decided by the order in which they are read.
"""

from collections import Counter
from collections.abc import Iterable

from models.events import Event, OrderBooked, PostMetrics, PostPublished
from streams.events.attribution import UNATTRIBUTED
from streams.events.decode import Refused
from streams.events.registry import Registry
from streams.pipeline.limits import Limits
from streams.pipeline.records import Read
from streams.statistics.influencers import InfluencerStore


class Admission:
    """Admits what is new to one partition.

    Args:
        registry: the first definitions in force.
        influencers: what there is already.
        limits: the ceilings.
    """

    def __init__(self, registry: Registry, influencers: InfluencerStore, limits: Limits) -> None:
        self._influencers = influencers
        self._limits = limits
        self._registry = registry
        self._counted_rows = 0
        self._unknown_rows = 0
        self._undefined: Counter[str] = Counter()
        """Rows of influencers that their campaign's definition does not name, by campaign."""
        self._reads: list[Read] = []
        self._read_events = 0
        self._posts: dict[int, set[str]] = {}
        """New posts of the batch that is read, by row; they are in the state when it is applied."""
        self._posts_of_reads = 0
        self._currencies: dict[int, set[str]] = {}

    @property
    def quarantines(self) -> bool:
        """Whether events of campaigns without a definition are dead letters."""
        return self._limits.quarantine_unknown

    def follow(self, registry: Registry) -> None:
        """Use these definitions from now on."""
        self._registry = registry
        self._counted_rows = self._unknown_rows = 0
        self._undefined.clear()

    def begin_batch(self) -> None:
        """Note that whatever was read before is in the state by now."""
        if self._read_events or self._currencies:
            self._reads.clear()
            self._posts.clear()
            self._currencies.clear()
            self._read_events = self._posts_of_reads = 0

    # ------------------------------------------------------------- campaigns

    def knows_all(self, campaign_ids: Iterable[str]) -> bool:
        """Return whether every campaign has a definition, or is left out because it was purged."""
        return not set(campaign_ids) - self._registry.campaigns.keys() - self._registry.purged

    def check_campaign(self, campaign_id: str) -> None:
        """Quarantine the events of a campaign without a definition, where that is wanted.

        Raises:
            Refused: it has none.
        """
        if self._limits.quarantine_unknown and not self.knows_all((campaign_id,)):
            raise Refused("unknown_campaign", f"campaign {campaign_id!r} has no definition")

    def row_of(self, campaign_id: str, influencer_id: str) -> int:
        """Return the row of an influencer, making one where that is admitted.

        Raises:
            Refused: a ceiling is reached.
        """
        row = self._influencers.rows.get((campaign_id, influencer_id))
        if row is None:
            self._check_newcomer(campaign_id, influencer_id)
            row = self._influencers.row_of(campaign_id, influencer_id)
        return row

    def _check_newcomer(self, campaign_id: str, influencer_id: str) -> None:
        most_unknown, most_undefined = self._limits.unknown_rows, self._limits.campaign_influencers
        if not (most_unknown or most_undefined):
            return
        self._count_rows()
        if campaign_id not in self._registry.campaigns:
            if most_unknown and self._unknown_rows >= most_unknown:
                raise Refused(
                    "too_many_unknown_rows", f"{most_unknown} influencers of campaigns without a definition, here"
                )
        elif (
            most_undefined
            and self._undefined[campaign_id] >= most_undefined
            and self._is_undefined(campaign_id, influencer_id)
        ):
            raise Refused("too_many_influencers", f"{most_undefined} that {campaign_id!r} does not name, here")

    def _is_undefined(self, campaign_id: str, influencer_id: str) -> bool:
        return influencer_id != UNATTRIBUTED and influencer_id not in self._registry.campaigns[campaign_id].influencers

    def _count_rows(self) -> None:
        """Count the rows that were made since last counted: also by a restore."""
        keys = self._influencers.keys
        for campaign_id, influencer_id in keys[self._counted_rows :]:
            if campaign_id not in self._registry.campaigns:
                self._unknown_rows += 1
            elif self._is_undefined(campaign_id, influencer_id):
                self._undefined[campaign_id] += 1
        self._counted_rows = len(keys)

    # ------------------------------------------------------------------ posts

    def may_exceed_posts(self, read: Read) -> bool:
        """Return whether a post among events might be beyond the ceiling: a guess that costs nothing.

        Call it with everything that is read of a batch.
        """
        ceiling = self._limits.influencer_posts
        if not ceiling:
            return False
        self._reads.append(read)
        self._read_events += len(read.events)
        return self._influencers.most_posts + self._read_events > ceiling

    def begin_posts(self) -> None:
        """Take note of the posts of what was read before in this batch; see ``check_post``."""
        for read in self._reads[self._posts_of_reads : -1]:
            for event, row in zip(read.events, read.rows, strict=True):
                if type(event) is PostMetrics or type(event) is PostPublished:
                    self._posts.setdefault(row, set()).add(event.post_id)
        self._posts_of_reads = len(self._reads)

    def check_post(self, event: Event, row: int) -> None:
        """Admit the post of an event that is kept with its history; other events pass.

        Raises:
            Refused: it is new, and the influencer has as many as there may be.
        """
        if type(event) is not PostMetrics and type(event) is not PostPublished:
            return
        known, new = self._influencers.posts.get(row, {}), self._posts.setdefault(row, set())
        if event.post_id in known or event.post_id in new:
            return
        if len(known) + len(new - known.keys()) >= self._limits.influencer_posts:
            raise Refused("too_many_posts", f"{self._limits.influencer_posts} of {event.influencer_id!r}")
        new.add(event.post_id)

    # ------------------------------------------------------------- currencies

    def check_booking(self, booking: OrderBooked, row: int) -> None:
        """Admit the currencies of a booking.

        Raises:
            Refused: one is new, and the influencer has as many as there may be.
        """
        ceiling = self._limits.influencer_currencies
        if not ceiling:
            return
        money = self._influencers.money.get(row)
        known = {} if money is None else money.total
        for change in booking.changes:
            if change.currency not in known:
                break
        else:  # as most
            return
        new = self._currencies.setdefault(row, set())
        wanted = {change.currency for change in booking.changes} - known.keys() - new
        if wanted and len(known) + len(new - known.keys()) + len(wanted) > ceiling:
            raise Refused("too_many_currencies", f"{ceiling} of {booking.influencer_id!r}, and {sorted(wanted)}")
        new |= wanted
