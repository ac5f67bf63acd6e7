"""The numbers that a flush publishes: snapshots of influencers and rollups, to Kafka and to the read model."""

import asyncio
from typing import Final

from msgspec import json

from agents.broker.membership import Membership
from agents.broker.record_collector import RecordCollector
from agents.read_model.projection import RedisProjection
from agents.stages.entries import EntryStage
from agents.worker.fact_sender import FactSender
from agents.worker.minutes import MinutePublisher
from models.rollups import Rollup
from models.topics import INFLUENCER_SNAPSHOTS, ROLLUPS
from streams.pipeline.pipeline import Pipeline
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.snapshots import describe, encode_snapshot, snapshot_key

ROWS_AT_A_TIME: Final = 100
"""Influencers that are encoded before others have a turn on the event loop."""
_NUMBERS_BYTES: Final = 16 * 1024 * 1024
"""Rollups and snapshots collected before they are delivered."""
_encode_json = json.Encoder().encode


class NumberPublisher:
    """Publishes what has changed, of influencers, then of campaigns, then of giveaways.

    Args:
        pipeline: the influencers.
        board: the campaigns.
        facts: sends those of giveaways that were read during the flush, before the numbers of giveaways are made.
        entries: the giveaways, or None.
        collector: delivers to Kafka.
        membership: of the consumer group; without it nothing is delivered.
        redis: the read model, or None.
        minutes: publishes the history by minute.
        rows_at_a_time: influencers that are encoded before others have a turn.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        board: CampaignBoard,
        facts: FactSender,
        entries: EntryStage | None,
        collector: RecordCollector,
        membership: Membership,
        redis: RedisProjection | None,
        minutes: MinutePublisher,
        rows_at_a_time: int = ROWS_AT_A_TIME,
    ) -> None:
        self._pipeline = pipeline
        self._board = board
        self._facts = facts
        self._entries = entries
        self._collector = collector
        self._membership = membership
        self._redis = redis
        self._minutes = minutes
        self._rows_at_a_time = rows_at_a_time

    @property
    def has_news(self) -> bool:
        """Whether facts of giveaways were read since numbers of giveaways were last made."""
        return self._entries is not None and self._entries.has_news

    async def publish(self) -> None:
        """Publish the numbers that changed.

        Raises:
            KafkaError: something could not be delivered.
            TimeoutError: no broker confirmed a delivery, or this worker's membership, in time.
            FencedOut: the partitions belong to other workers.
        """
        registry, at_a_time = self._pipeline.registry, self._rows_at_a_time
        for state in list(self._pipeline.partitions.values()):
            changed = state.take_changed()
            for start in range(0, len(changed), at_a_time):
                for rollup, snapshot in describe(state.influencers, registry, changed[start : start + at_a_time]):
                    key = snapshot_key(rollup.campaign_id, rollup.influencer_id)
                    self._collector.add_keyed(INFLUENCER_SNAPSHOTS, rollup.campaign_id, key, encode_snapshot(snapshot))
                    self._add(rollup, rollup.campaign_id, key)
                await self._between()
            await self._minutes.publish_influencers(state, self._between)
        for campaign in self._board.take_changed(registry):
            self._add(campaign, campaign.campaign_id, _encode_json([campaign.campaign_id]))
        self._minutes.publish_campaigns()
        if self._facts.are_many_late():
            await self._membership.assure()
            await self._facts.send_all()
            await self._deliver()
            await self._facts.note_arrived()
        for giveaway in () if self._entries is None else self._entries.take_changed(busy=not self._pipeline.is_quiet):
            key = _encode_json([giveaway.campaign_id, giveaway.influencer_id, "giveaway"])
            self._add(giveaway, giveaway.campaign_id, key)
        await self._deliver()

    async def _between(self) -> None:
        """Deliver what is much, and let others have their turn."""
        if self._collector.pending_bytes >= _NUMBERS_BYTES:
            await self._deliver()
        await asyncio.sleep(0)

    async def _deliver(self) -> None:
        await self._membership.assure()
        await self._collector.deliver()

    def _add(self, rollup: Rollup, campaign_id: str, key: bytes) -> None:
        encoded = _encode_json(rollup)
        self._collector.add_keyed(ROLLUPS, campaign_id, key, encoded)
        if self._redis is not None:
            self._redis.put(rollup, encoded)
