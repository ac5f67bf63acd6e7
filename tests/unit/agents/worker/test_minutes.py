"""What a flush publishes of minutes: changed ones to Kafka, their hours to Redis, and the campaign's part."""

import asyncio
from itertools import count
from typing import Any

import msgspec

from agents.worker.minutes import MinutePublisher
from models.minutes import Minute
from models.times import MINUTE_MS
from models.topics import COMMENTS, INFLUENCER_SNAPSHOTS, MINUTES
from streams.pipeline.partition import PartitionState
from streams.statistics.campaign_minutes import CampaignMinutes, read_part
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, value_of

OFFSETS = count()
"""Of the topic of parts."""


class Log:
    """Takes what is sent."""

    pending_bytes = 0

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, bytes]] = []

    def add_keyed(self, topic: str, partition_key: str, key: bytes, value: bytes) -> None:
        """Take a record, which goes where its campaign is."""
        assert partition_key == "c"
        self.sent.append((topic, key, value))

    def minutes(self) -> list[Minute]:
        """What was sent of the history."""
        return [msgspec.json.decode(value, type=Minute) for topic, _, value in self.sent if topic == MINUTES]


async def nobody() -> None:
    """Nobody else has a turn."""


def publish(state: PartitionState, board: CampaignMinutes) -> Log:
    """Publish once, influencers and campaigns; parts come back to the second stage at once."""
    log = Log()
    collector: Any = log
    publisher = MinutePublisher(board, collector, None)
    asyncio.run(publisher.publish_influencers(state, nobody))
    for topic, key, value in list(log.sent):
        if topic == INFLUENCER_SNAPSHOTS:
            board.put(read_part(key, value), next(OFFSETS))
    publisher.publish_campaigns()
    assert publisher.published_total == len(log.minutes())
    return log


def comment(state: PartitionState, offset: int, at_ms: int, who: str = "ana") -> None:
    """Count a comment."""
    value = value_of("comment.created", f"e{offset}", at_ms, influencer_id=who, author_id=str(offset))
    state.apply(COMMENTS, records([value], first_offset=offset), NOW_MS)


def test_a_minute_goes_out_with_its_campaign_and_again_when_it_is_corrected() -> None:
    """Influencers' minutes once they are over, and the campaign's sum; a late event gives both anew, and no others."""
    state, board = partition_state(), CampaignMinutes()
    comment(state, 0, NOON_MS)
    comment(state, 1, NOON_MS + 1, "bruno")
    assert publish(state, board).sent == []
    comment(state, 2, NOON_MS + MINUTE_MS)
    told = {(each.influencer_id, each.starts_at_ms - NOON_MS): each for each in publish(state, board).minutes()}
    assert {key: each.counts.comments for key, each in told.items()} == {("ana", 0): 1, ("bruno", 0): 1, (None, 0): 2}
    comment(state, 3, NOON_MS + 2, "bruno")
    again = publish(state, board).minutes()
    assert [(each.influencer_id, each.counts.comments) for each in again] == [("bruno", 2), (None, 3)]
    assert publish(state, board).sent == []


def test_what_is_told_again_for_redis_alone_leaves_the_topic_alone() -> None:
    """After Redis was emptied hours are written again; records only where a late writer may have been."""
    state, board = partition_state(), CampaignMinutes()
    comment(state, 0, NOON_MS)
    comment(state, 1, NOON_MS + MINUTE_MS)
    publish(state, board)
    state.tell_minutes_again(with_records=False)
    assert publish(state, board).sent == []
    state.tell_minutes_again(with_records=True)
    assert [each.counts.comments for each in publish(state, board).minutes()] == [1]
