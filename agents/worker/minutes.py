"""The history by minute that a flush publishes: of influencers, then of campaigns."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec

from agents.broker.record_collector import RecordCollector
from agents.read_model.minutes import MinuteProjection
from models.minutes import Minute, minute_key
from models.topics import INFLUENCER_SNAPSHOTS, MINUTES
from streams.pipeline.partition import PartitionState
from streams.statistics.campaign_minutes import (
    PART_VERSION,
    CampaignMinutes,
    MinutesPart,
    encode_part,
    hour_of,
    part_key,
    records_of,
)
from streams.statistics.minute_history import pack_hour, padded

_AT_A_TIME: Final = 100
"""Hours that are encoded before others have a turn on the event loop."""
_encode: Final = msgspec.json.Encoder().encode


class MinutePublisher:
    """Publishes closed minutes that changed, to Kafka and to the read model.

    Args:
        campaigns: the second stage.
        collector: delivers to Kafka; whoever publishes the other numbers has it deliver.
        redis: the read model, or None.
    """

    def __init__(self, campaigns: CampaignMinutes, collector: RecordCollector, redis: MinuteProjection | None) -> None:
        self._campaigns = campaigns
        self._collector = collector
        self._redis = redis
        self.published_total = 0
        """Records of ``campaign.minutes.v1``."""

    async def publish_influencers(self, state: PartitionState, at_times: Callable[[], Awaitable[None]]) -> None:
        """Publish what changed in a partition, and hand its parts of campaigns to the second stage.

        Args:
            state: the partition.
            at_times: called now and then: others have their turn, and what is much is delivered.
        """
        store, history = state.influencers, state.influencers.panes.minutes
        parts: dict[tuple[str, int], int] = {}
        for number, (row, hour, bits) in enumerate(history.take_changed(), 1):
            campaign_id, influencer_id = store.keys[row]
            counts = history.counts(row, hour)
            self._add(records_of(campaign_id, influencer_id, hour, bits, counts))
            if self._redis is not None:
                self._redis.put(campaign_id, influencer_id, hour_of(hour, len(counts), counts))
            if bits:
                parts[campaign_id, hour] = parts.get((campaign_id, hour), 0) | bits
            if number % _AT_A_TIME == 0:
                await at_times()
        for (campaign_id, hour), bits in parts.items():
            rows = store.rows_of_campaign[campaign_id].values()
            counts = history.part(campaign_id, rows, hour, bits)
            packed = pack_hour(padded(counts))
            part = MinutesPart(PART_VERSION, campaign_id, state.partition, hour, len(counts), packed)
            self._collector.add_keyed(INFLUENCER_SNAPSHOTS, campaign_id, part_key(part), encode_part(part))

    def publish_campaigns(self) -> None:
        """Publish what changed of campaigns."""
        for campaign_id, hour, closed, bits, counts in self._campaigns.take_changed():
            self._add(records_of(campaign_id, None, hour, bits, counts))
            if self._redis is not None:
                self._redis.put(campaign_id, None, hour_of(hour, closed, counts))

    def _add(self, minutes: Iterable[Minute]) -> None:
        for minute in minutes:
            self.published_total += 1
            self._collector.add_keyed(MINUTES, minute.campaign_id, minute_key(minute), _encode(minute))
