"""The whole computation, driven alike by a worker, by ``replay``, by tests and by benchmarks.

A pipeline holds the partitions it was given. It takes batches of records and moments in time, and gives state
records, rollups, dead letters and forwards when asked. The caller decides when, and does all I/O.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from models.campaigns import CampaignDefinition
from models.topics import INPUT_TOPICS
from streams.changelog.dedupe import DEDUPE_CAPACITY
from streams.changelog.id_segments import Segment
from streams.changelog.log_positions import LogStart
from streams.changelog.row_records import RowRecord
from streams.columns.keyed_hashes import UNKNOWN_KEY
from streams.events.registry import Registry
from streams.orders.order import OrderKey
from streams.pipeline.limits import Limits
from streams.pipeline.partition import PartitionState
from streams.pipeline.records import Covered, Record
from streams.sentiment.names import NamelessScorer
from streams.sentiment.scorers import DEFAULT_CACHE_CAPACITY, CachedScorer, SentimentScorer, is_silent

_Own: TypeAlias = tuple[Mapping[str, float], Sequence[str]]
"""What a campaign has of its own that changes scores: terms and names."""


class Pipeline:
    """The partitions of one worker.

    Args:
        scorer: gives polarities to comment texts.
        partitions: how many partitions each input topic has.
        registry: the campaign definitions in force.
        limits: what is accepted.
        dedupe_capacity: ids remembered at most, over all partitions.
        scorer_with_terms: makes the scorer of a campaign with sentiment terms; None for a scorer that has no use for
            them.
        id_key: the secret under which ids are hashed in partitions that have none yet; to be made by chance wherever
            strangers may write events.
    """

    def __init__(
        self,
        scorer: SentimentScorer,
        partitions: int,
        registry: Registry | None = None,
        limits: Limits | None = None,
        dedupe_capacity: int = DEDUPE_CAPACITY,
        scorer_with_terms: Callable[[Mapping[str, float]], SentimentScorer] | None = None,
        id_key: bytes = UNKNOWN_KEY,
    ) -> None:
        self._id_key = id_key
        self.scorer = scorer
        self.partition_count = partitions
        self.registry = Registry() if registry is None else registry
        limits = Limits() if limits is None else limits
        if limits.generation_ids is None:
            # Even with every partition here and nothing but open generations, a quarter of the capacity is the most.
            horizons = partitions * len(INPUT_TOPICS)
            limits = replace(limits, generation_ids=max(1, dedupe_capacity // (4 * horizons)))
        self.limits = limits
        self.dedupe_capacity = dedupe_capacity
        self.partitions: dict[int, PartitionState] = {}
        self._scorer_with_terms = scorer_with_terms
        self._scorers: dict[str, tuple[_Own, SentimentScorer]] = {}
        self._make_scorers()

    def assign(
        self,
        partition: int,
        records: Iterable[RowRecord] = (),
        segments: Mapping[str, dict[int, Segment]] | None = None,
        starts: Mapping[str, LogStart] | None = None,
        orders: Iterable[tuple[OrderKey, bytes]] = (),
    ) -> PartitionState:
        """Take over a partition, with what its changelog holds and where each topic goes on."""
        state = PartitionState(partition, self.partition_count, self.registry, self.scorer, self.limits, self._id_key)
        state.influencers.campaign_scorers = self._campaign_scorers()
        state.restore(records, segments or {}, starts or {}, orders)
        self.partitions[partition] = state
        return state

    def revoke(self, partition: int) -> None:
        """Drop a partition. Flush it first."""
        self.partitions.pop(partition, None)

    def apply(
        self, topic: str, partition: int, records: Sequence[Record], now_ms: int, covered: Covered | None = None
    ) -> None:
        """Apply one batch; see ``PartitionState.apply``."""
        self.partitions[partition].apply(topic, records, now_ms, covered)

    def move_on(self, topic: str, partition: int, covered: Covered) -> None:
        """Move a position behind what was read; see ``PartitionState.move_on``."""
        self.partitions[partition].move_on(topic, covered)

    def tick(self, topic: str, partition: int, now_ms: int) -> None:
        """Note that a topic-partition is quiet; see ``PartitionState.tick``."""
        self.partitions[partition].tick(topic, now_ms)

    @property
    def is_quiet(self) -> bool:
        """Whether no topic-partition had anything new when it was last asked."""
        return all(state.is_quiet for state in self.partitions.values())

    def position(self, topic: str, partition: int) -> int:
        """Return the next offset expected of a topic-partition."""
        return self.partitions[partition].positions[INPUT_TOPICS.index(topic)]

    def read_to_end(self, topic: str, partition: int, as_of_ms: int) -> None:
        """Note that a topic-partition was read to its end; see ``PartitionState.read_to_end``."""
        self.partitions[partition].read_to_end(topic, as_of_ms)

    def waiting_bytes(self) -> int:
        """Return the size of the dead letters, forwards and facts that wait for a flush."""
        return sum(state.waiting_bytes for state in self.partitions.values())

    def waiting_facts_bytes(self) -> int:
        """Return the size of the facts of giveaways among that, orders and deletions left out."""
        return sum(state.waiting_facts_bytes for state in self.partitions.values())

    def has_facts(self) -> bool:
        """Return whether any facts of giveaways wait for a flush."""
        return any(collector for state in self.partitions.values() for collector in state.facts.values())

    def has_forwards(self) -> bool:
        """Return whether any events wait for a flush to be sent on."""
        return any(state.intake.forwards for state in self.partitions.values())

    def define(self, definition: CampaignDefinition) -> None:
        """Put a campaign definition in force."""
        self._follow(self.registry.with_definition(definition))

    def undefine(self, campaign_id: str) -> None:
        """Take a campaign definition back; its events still count."""
        self._follow(self.registry.without(campaign_id))

    def purge(self, campaign_id: str) -> None:
        """Count nothing of a campaign any more. Rows that it has stay until their partitions are taken again."""
        self._follow(self.registry.with_purged(campaign_id))

    def holds(self, campaign_id: str) -> bool:
        """Return whether a partition has a row or an order of a campaign."""
        return any(
            campaign_id in state.influencers.rows_of_campaign or state.intake.desk.book.holds(campaign_id)
            for state in self.partitions.values()
        )

    def _follow(self, registry: Registry) -> None:
        self.registry = registry
        self._make_scorers()
        scorers = self._campaign_scorers()
        for state in self.partitions.values():
            state.follow(registry)
            state.influencers.campaign_scorers = scorers
            state.touch_all()

    def _make_scorers(self) -> None:
        """Make the scorers of campaigns whose terms or names are new or changed, keep the others with their memory."""
        made: dict[str, tuple[_Own, SentimentScorer]] = {}
        if is_silent(self.scorer):
            self._scorers = made
            return
        for campaign_id, index in self.registry.campaigns.items():
            terms, names = index.definition.sentiment_terms, index.definition.names
            if names or (terms and self._scorer_with_terms is not None):
                known = self._scorers.get(campaign_id)
                own = (terms, names)
                made[campaign_id] = known if known and known[0] == own else (own, self._own_scorer(terms, names))
        self._scorers = made

    def _own_scorer(self, terms: Mapping[str, float], names: Sequence[str]) -> SentimentScorer:
        scorer = self.scorer
        if terms and self._scorer_with_terms is not None:
            scorer = self._scorer_with_terms(terms)
        if not names:
            return scorer
        capacity = scorer.capacity if isinstance(scorer, CachedScorer) else DEFAULT_CACHE_CAPACITY
        return CachedScorer(NamelessScorer(scorer, names), capacity)

    def _campaign_scorers(self) -> dict[str, SentimentScorer]:
        return {campaign_id: scorer for campaign_id, (_, scorer) in self._scorers.items()}

    def forget_ids(self) -> dict[int, list[tuple[str, int]]]:
        """Forget ids beyond the horizon or the capacity; return the dedupe log records to delete, by partition."""
        gone: dict[int, list[tuple[str, int]]] = {}
        for state in self.partitions.values():
            for topic, horizon in state.topics_with_horizons():
                for sequence in horizon.expire(state.time_ms):
                    gone.setdefault(state.partition, []).append((topic, sequence))
        while sum(state.remembered_ids() for state in self.partitions.values()) > self.dedupe_capacity:
            candidates = [
                (horizon.oldest_newest_ms, state.partition, topic)
                for state in self.partitions.values()
                for topic, horizon in state.topics_with_horizons()
                if len(horizon.generations) > 1
            ]
            if not candidates:
                break
            newest_ms, partition, topic = min(candidates)
            for name, horizon in self.partitions[partition].topics_with_horizons():
                if name == topic:
                    for sequence in horizon.forget_until(newest_ms + 1):
                        gone.setdefault(partition, []).append((topic, sequence))
        return gone
