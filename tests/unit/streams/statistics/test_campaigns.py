"""The second stage: campaigns from absolute influencer snapshots, and the snapshots themselves."""

from datetime import date

import msgspec
import pytest

from models.campaigns import CampaignDefinition
from models.rollups import CampaignRollup
from models.times import MINUTE_MS
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import decode_record
from streams.events.partitioning import partition_key, partition_of
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from streams.statistics.campaigns import LEADERBOARD_SIZE, CampaignBoard
from streams.statistics.snapshots import InfluencerSnapshot, decode_snapshot, describe, encode_snapshot
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, campaign, influencer, records, value_of

Sent = tuple[str, str, dict[str, object]]


def snapshots_of(sent: list[Sent], registry: Registry, partitions: int = 4) -> list[InfluencerSnapshot]:
    """Return the snapshots of all influencers of a pipeline that got (topic, type, fields), through their bytes."""
    pipeline = Pipeline(WordScorer(), partitions, registry)
    values: dict[tuple[str, int], list[bytes]] = {}
    for number, (topic, kind, fields) in enumerate(sent):
        who = str(fields.get("influencer_id", "ana") or "")
        home = partition_of(partition_key(str(fields.get("campaign_id", "c")), who), partitions)
        values.setdefault((topic, home), []).append(value_of(kind, f"e{number}", **fields))
    for partition in range(partitions):
        pipeline.assign(partition)
    for (topic, partition), batch in values.items():
        pipeline.apply(topic, partition, records(batch), NOW_MS)
    while forwards := [each for state in pipeline.partitions.values() for each in state.intake.take_forwards()]:
        for each in forwards:
            offset = pipeline.position(each.topic, each.partition)
            pipeline.apply(each.topic, each.partition, records([each.value], offset), NOW_MS)
    return [
        decode_snapshot(encode_snapshot(snapshot))
        for state in pipeline.partitions.values()
        for _, snapshot in describe(state.influencers, registry, list(range(len(state.influencers))))
    ]


def board_of(snapshots: list[InfluencerSnapshot], registry: Registry) -> dict[str, CampaignRollup]:
    """Return the campaigns of a board that took these snapshots."""
    board = CampaignBoard()
    for offset, snapshot in enumerate(snapshots):
        board.put(snapshot, offset)
    return {rollup.campaign_id: rollup for rollup in board.take_changed(registry)}


def comment(who: str, author: str = "a", **fields: object) -> Sent:
    """Return a comment under an influencer's post."""
    return COMMENTS, "comment.created", {"influencer_id": who, "author_id": author, **fields}


def like(who: str, count: int) -> Sent:
    """Return likes of an influencer's post."""
    return POSTS, "post.reaction", {"influencer_id": who, "kind": "like", "count": count}


def order(who: str | None, amount: str, **fields: object) -> Sent:
    """Return an order."""
    return CONVERSIONS, "purchase", {"influencer_id": who, "amount": amount, **fields}


@pytest.fixture
def definition() -> CampaignDefinition:
    """A campaign with two influencers and a rate card."""
    rates = {"currency": "EUR", "dated": date(2026, 3, 1).isoformat(), "comment": "0.5"}
    return campaign(influencer("ana", followers=100), influencer("bruno"), rate_card=rates)


def test_campaign_is_the_sum_of_its_influencers_over_all_partitions(definition: CampaignDefinition) -> None:
    """Counters and money add, with what belongs to nobody; derived numbers come from the sums."""
    sent = [comment("ana", text="good"), comment("bruno", text="bad"), comment("zoe"), like("ana", 4)]
    sent += [order("ana", "10"), order("bruno", "0.5", currency="USD"), order(None, "2.25")]
    registry = Registry([definition])
    rollup = board_of(snapshots_of(sent, registry), registry)["c"]
    stats = rollup.windows["1m"]
    assert (rollup.name, rollup.influencers, rollup.followers) == ("Spring", 3, 100)
    assert (stats.comments, stats.likes, stats.engagements, stats.purchases) == (3, 4, 7, 3)
    assert {code: (money.orders, money.revenue) for code, money in stats.revenue.items()} == {
        "EUR": (2, "12.25"),
        "USD": (1, "0.5"),
    }
    assert stats.engagement_rate_by_followers == 0.07
    assert stats.sentiment is not None
    assert (stats.sentiment.sample_size, stats.sentiment.net) == (3, 0.0)
    assert stats.earned_media_value is not None
    assert stats.earned_media_value.amount == "1.5"


def test_person_under_two_influencers_is_one_person_of_the_campaign() -> None:
    """Sketches merge; adding the influencers' people would count this one twice."""
    sent = [comment("ana", "x"), comment("bruno", "x"), comment("bruno", "y")]
    assert board_of(snapshots_of(sent, Registry()), Registry())["c"].windows["1m"].unique_commenters == 2


def test_leaderboard_ranks_by_engagements_then_id_and_shows_share_of_voice() -> None:
    """Who has no engagement is not on it; nobody's conversions are no influencer."""
    sent = [comment("bruno"), comment("ana"), comment("carla"), comment("carla"), like("dora", 1), order("eve", "5")]
    sent += [order(None, "9")]
    board = board_of(snapshots_of(sent, Registry()), Registry())["c"].leaderboards["1m"]
    assert [(entry.influencer_id, entry.engagements, entry.comments, entry.share_of_voice) for entry in board] == [
        ("carla", 2, 2, 0.5),
        ("ana", 1, 1, 0.25),
        ("bruno", 1, 1, 0.25),
        ("dora", 1, 0, 0.0),
    ]


def test_share_of_voice_is_absent_without_comments() -> None:
    """Nobody has a share of nothing."""
    [entry] = board_of(snapshots_of([like("ana", 3)], Registry()), Registry())["c"].leaderboards["total"]
    assert entry.share_of_voice is None


def test_leaderboard_is_cut_at_fifty() -> None:
    """The most engaged stay."""
    sent = [like(f"i{number:03}", number) for number in range(1, 80)]
    board = board_of(snapshots_of(sent, Registry()), Registry())["c"].leaderboards["1m"]
    assert [entry.engagements for entry in board] == list(range(79, 79 - LEADERBOARD_SIZE, -1))


def test_repeated_or_older_snapshots_double_nothing() -> None:
    """Snapshots are absolute: of each influencer only what stands last in the log counts, however often it is read."""
    [old] = snapshots_of([comment("ana")], Registry())
    [new] = snapshots_of([comment("ana"), comment("ana", occurred_at=NOON_MS + 1_000)], Registry())
    log = [old, new]
    for offsets_read in ([0, 1], [0, 1, 0, 1], [1, 0], [0, 1, 0]):
        board = CampaignBoard()
        for offset in offsets_read:
            board.put(log[offset], offset)
        [rollup] = board.take_changed(Registry())
        assert (rollup.windows["total"].comments, rollup.as_of_ms) == (2, NOON_MS + 1_000)


def test_successor_whose_stream_time_lies_behind_is_believed() -> None:
    """A quiet partition's time goes on with the clock and is not stored: newer numbers may be of an earlier moment."""
    first = Pipeline(WordScorer(), 1, Registry())
    state = first.assign(0)
    first.apply(COMMENTS, 0, records([value_of("comment.created", "e0", influencer_id="ana", author_id="a")]), NOW_MS)
    stored = [decode_record(state.record_of(row)) for row in state.take_dirty()]
    for topic in INPUT_TOPICS:
        first.tick(topic, 0, NOON_MS + MINUTE_MS)
    successor = Pipeline(WordScorer(), 1, Registry())
    restored = successor.assign(0, stored, starts={COMMENTS: same_log(1)})
    late = value_of("comment.created", "e1", influencer_id="ana", author_id="b", occurred_at=NOON_MS + 1_000)
    successor.apply(COMMENTS, 0, records([late], first_offset=1), NOW_MS)
    assert restored.time_ms < state.time_ms
    described = [describe(each.influencers, Registry(), [0])[0][1] for each in (state, restored)]
    assert board_of(described, Registry())["c"].windows["total"].comments == 2


def test_followers_of_a_campaign_are_the_sum_of_the_known_ones() -> None:
    """Unknown is not 0: without any known number the sum is absent."""
    metrics: Sent = (POSTS, "post.metrics", {"influencer_id": "zoe", "followers": 30})
    registry = Registry([campaign(influencer("ana", followers=12), influencer("bruno"))])
    snapshots = snapshots_of([comment("ana"), comment("bruno"), metrics], registry)
    assert board_of(snapshots, registry)["c"].followers == 42
    assert board_of(snapshots_of([comment("bruno")], registry), registry)["c"].followers is None


def test_campaigns_keep_apart_and_only_changed_ones_are_shown() -> None:
    """A board shows a campaign again when a snapshot of it came, when asked to, and not after it was let go of."""
    snapshots = snapshots_of([comment("ana"), comment("ana", campaign_id="d")], Registry())
    board = CampaignBoard()
    for offset, snapshot in enumerate(snapshots):
        board.put(snapshot, offset)
    assert [rollup.campaign_id for rollup in board.take_changed(Registry())] == ["c", "d"]
    assert board.take_changed(Registry()) == []
    board.touch_all()
    assert [rollup.campaign_id for rollup in board.take_changed(Registry())] == ["c", "d"]
    board.touch_all()
    board.release()
    assert board.take_changed(Registry()) == []
    assert not board.campaigns


def test_many_influencers_outgrow_the_first_places() -> None:
    """A campaign of 100 has the comments of 100."""
    sent = [comment(f"i{number}", str(number)) for number in range(100)]
    rollup = board_of(snapshots_of(sent, Registry()), Registry())["c"]
    assert (rollup.influencers, rollup.windows["5m"].comments) == (100, 100)
    assert rollup.windows["5m"].unique_commenters == pytest.approx(100, rel=0.13)


def test_snapshot_gives_its_arrays_back() -> None:
    """What the second stage reads is what the first wrote: every window's counters and registers."""
    sent = [comment("ana", str(number), occurred_at=NOON_MS - number * MINUTE_MS) for number in range(10)]
    [snapshot] = snapshots_of(sent, Registry())
    comments = snapshot.counters()[:, 2].tolist()
    assert comments == [1, 5, 10, 10, 10, 10, 10]
    assert [int((registers > 0).sum()) for registers in snapshot.registers()] == comments


def test_rollups_leave_absent_numbers_out_of_their_json() -> None:
    """Absent is absent for readers too, and zero counts are not written."""
    [snapshot] = snapshots_of([like("ana", 1)], Registry())
    rollup = board_of([snapshot], Registry())["c"]
    assert msgspec.to_builtins(rollup)["windows"]["1m"] == {"likes": 1, "engagements": 1}
