"""One event that reaches several influencers, campaigns or orders: counted once for each, wherever partitions lie."""

import pytest

from models.rollups import CampaignRollup, InfluencerRollup
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS
from streams.events.partitioning import partition_of
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.snapshots import decode_snapshot, describe, encode_snapshot
from tests.unit.events import NOW_MS, partition_state, records, value_of

SIX = ("ana", "ben", "cleo", "dan", "eve", "fay")


class Workers:
    """Partitions as several workers have them, and the second stage behind."""

    def __init__(self, partitions: int) -> None:
        self.states = [partition_state(number, partitions) for number in range(partitions)]

    def send(self, topic: str, who: str, value: bytes) -> None:
        """Deliver an event to the partition of its influencer, and what comes of it to where it belongs."""
        self._apply(partition_of(who, len(self.states)), topic, value)

    def _apply(self, partition: int, topic: str, value: bytes) -> None:
        state = self.states[partition]
        offset = state.positions[INPUT_TOPICS.index(topic)]
        state.apply(topic, records([value], first_offset=offset), NOW_MS)
        for forward in state.intake.take_forwards():
            self._apply(forward.partition, forward.topic, forward.value)

    def numbers(self) -> tuple[dict[str, InfluencerRollup], dict[str, CampaignRollup]]:
        """Return what is shown of influencers (of campaign ``c``) and of campaigns."""
        time_ms = max(state.time_ms for state in self.states)
        board, influencers = CampaignBoard(), {}
        for state in self.states:
            state.influencers.advance(time_ms)
            for rollup, snapshot in describe(state.influencers, state.registry, range(len(state.influencers))):
                board.put(decode_snapshot(encode_snapshot(snapshot)), 0)
                if rollup.campaign_id == "c":
                    influencers[rollup.influencer_id] = rollup
        registry = self.states[0].registry
        return influencers, {each.campaign_id: each for each in board.take_changed(registry)}

    def total(self, name: str) -> int:
        """Return a figure of all partitions."""
        return sum(getattr(state, name) for state in self.states)


@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_one_comment_in_six_feeds_counts_once_for_each(partitions: int) -> None:
    """Sent twice to six influencers: six comments and six duplicates, however many partitions there are."""
    workers = Workers(partitions)
    for _ in range(2):
        for who in SIX:
            workers.send(COMMENTS, who, value_of("comment.created", "K1", influencer_id=who, comment_id="K1"))
    influencers, _ = workers.numbers()
    assert {who: influencers[who].windows["1m"].comments for who in influencers} == dict.fromkeys(SIX, 1)
    assert (workers.total("events_total"), workers.total("duplicates_total")) == (6, 6)


@pytest.mark.parametrize("partitions", [1, 8])
def test_one_comment_for_two_campaigns_counts_in_both(partitions: int) -> None:
    """Campaigns share nothing: the comment is in the numbers of each."""
    workers = Workers(partitions)
    for campaign in ("c", "d", "c"):
        workers.send(COMMENTS, "ana", value_of("comment.created", "K1", campaign_id=campaign))
    _, campaigns = workers.numbers()
    assert [campaigns[name].windows["total"].comments for name in ("c", "d")] == [1, 1]


@pytest.mark.parametrize("partitions", [1, 8])
def test_one_event_id_of_two_orders_is_two_orders(partitions: int) -> None:
    """A shop that numbers its events by order makes no duplicates of them."""
    workers = Workers(partitions)
    for order in ("o1", "o2", "o1"):
        workers.send(CONVERSIONS, "ana", value_of("purchase", "e1", order_id=order))
    influencers, _ = workers.numbers()
    assert influencers["ana"].windows["total"].purchases == 2
