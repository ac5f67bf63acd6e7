"""One event that reaches several influencers, campaigns or orders: counted once for each, wherever partitions lie."""

import pytest

from models.rollups import CampaignRollup, InfluencerRollup
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.events.partitioning import partition_of
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.snapshots import decode_snapshot, describe, encode_snapshot
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, value_of

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


@pytest.mark.parametrize("partitions", [1, 8])
def test_one_post_of_two_influencers_is_one_post_of_the_campaign(partitions: int) -> None:
    """Each of them sees 1,000 views; so does the campaign, and of windows and likes the larger number is taken."""
    workers = Workers(partitions)
    for who, at_ms, views, likes in (("ana", NOON_MS, 900, 100), ("ben", NOON_MS + 1, 1_000, 90)):
        own = {"influencer_id": who, "post_id": "X9"}
        workers.send(POSTS, who, value_of("post.published", f"{who}1", NOON_MS - 600_000, **own))
        workers.send(POSTS, who, value_of("post.metrics", f"{who}2", at_ms, **own, views=views, likes=likes))
    workers.send(POSTS, "ben", value_of("post.deleted", "gone", NOON_MS + 2, influencer_id="ben", post_id="X9"))
    workers.send(POSTS, "ana", value_of("post.metrics", "own", NOON_MS, post_id="Y1", views=7))
    influencers, campaigns = workers.numbers()
    shown = [each.windows["total"] for each in (influencers["ana"], influencers["ben"], campaigns["c"])]
    assert [(each.posts, each.posts_deleted, each.views, each.likes) for each in shown] == [
        (1, 0, 907, 100),
        (1, 1, 1_000, 90),
        (1, 1, 1_007, 100),
    ]
    minute = campaigns["c"].windows["1m"]
    assert (minute.posts, minute.views, minute.likes) == (0, 1_000, 100)
    board = campaigns["c"].leaderboards["total"]
    assert [(each.influencer_id, each.engagements) for each in board] == [("ana", 100), ("ben", 90)]


def test_posts_of_two_platforms_or_campaigns_are_two() -> None:
    """Equal ids say nothing across platforms; spellings of one platform are one."""
    workers = Workers(3)
    for number, (who, platform) in enumerate((("ana", "TikTok"), ("ben", "tiktok"), ("cleo", "youtube"))):
        named = {"influencer_id": who, "platform": platform}
        workers.send(POSTS, who, value_of("post.metrics", f"e{number}", **named, post_id="1", views=10))
    workers.send(POSTS, "ben", value_of("post.metrics", "d", influencer_id="ben", campaign_id="d", views=5))
    _, campaigns = workers.numbers()
    assert [campaigns[name].windows["total"].views for name in ("c", "d")] == [20, 5]


def test_what_was_taken_back_from_a_shared_post_is_taken_back_once() -> None:
    """Both feeds see the decrease: the campaign's windows show one correction, and nothing negative."""
    workers = Workers(3)
    for who in ("ana", "ben"):
        for at_ms, views in ((NOON_MS - 3_600_000, 1_000), (NOON_MS, 800)):
            own = {"influencer_id": who, "post_id": "X9", "views": views}
            workers.send(POSTS, who, value_of("post.metrics", f"{who}{views}", at_ms, **own))
    _, campaigns = workers.numbers()
    windows = campaigns["c"].windows
    assert [(windows[name].views, windows[name].corrections) for name in ("1m", "6h", "total")] == [
        (0, 200),
        (0, 200),
        (800, 0),
    ]
