"""Ceilings and quarantine: what strangers may add to a partition, and what becomes of the rest."""

from collections import Counter
from typing import Any

from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.changelog.row_records import decode_record
from streams.events.registry import Registry
from streams.pipeline.limits import Limits
from streams.pipeline.partition import PartitionState
from tests.unit.events import NOON_MS, NOW_MS, campaign, influencer, partition_state, records, value_of


def comment(name: str, campaign_id: str = "c", number: int = 0) -> bytes:
    """A comment of an influencer."""
    return value_of("comment.created", f"{campaign_id}-{name}-{number}", campaign_id=campaign_id, influencer_id=name)


def post(post_id: str, number: int = 0, **fields: Any) -> bytes:
    """A snapshot of a post of ana's."""
    return value_of("post.metrics", f"{post_id}-{number}", NOON_MS + number, post_id=post_id, likes=5, **fields)


def order(number: int, currency: str) -> bytes:
    """An order of ana's."""
    return value_of("purchase", f"o{number}", currency=currency, amount="10")


def refused(state: PartitionState) -> list[tuple[str, int]]:
    """Reason and offset of what was refused since last asked."""
    return [(letter.reason, letter.offset) for letter in state.intake.take_dead_letters()]


def restored(state: PartitionState, registry: Registry, limits: Limits) -> PartitionState:
    """Return the partition as a restart makes it of its rows."""
    again = partition_state(registry=registry, limits=limits)
    again.restore([decode_record(state.record_of(row)) for row in range(len(state.influencers))], {}, {})
    return again


def counted(state: PartitionState) -> set[tuple[str, str]]:
    """Campaigns and influencers that have a row."""
    return set(state.influencers.keys)


def test_strangers_campaigns_count_up_to_their_ceiling_and_known_ones_beyond_it() -> None:
    """Two rows for strangers; a definition makes its influencers no strangers, and frees their places."""
    limits = Limits(unknown_rows=2)
    state = partition_state(registry=Registry([campaign(influencer("ana"))]), limits=limits)
    values = [comment("a", "x"), comment("b", "y"), comment("a", "z"), comment("ana"), comment("a", "x", 1)]
    state.apply(COMMENTS, records(values), NOW_MS)
    assert counted(state) == {("x", "a"), ("y", "b"), ("c", "ana")}
    assert refused(state) == [("too_many_unknown_rows", 2)]
    assert state.events_total == 4
    again = restored(state, state.registry, limits)
    again.apply(COMMENTS, records([comment("b", "y", 2), comment("q", "x")], 5), NOW_MS)
    assert refused(again) == [("too_many_unknown_rows", 6)], "what was admitted stays admitted, and nothing else is"
    again.follow(again.registry.with_definition(campaign(influencer("a"), campaign_id="x")))
    again.apply(COMMENTS, records([comment("q", "w")], 7), NOW_MS)
    assert refused(again) == []
    assert ("w", "q") in counted(again)


def test_influencers_that_a_definition_does_not_name_have_a_ceiling_of_each_campaign() -> None:
    """Those it names, and what belongs to nobody, are always admitted."""
    registry = Registry([campaign(influencer("ana"), influencer("ben")), campaign(influencer("x"), campaign_id="d")])
    state = partition_state(registry=registry, limits=Limits(campaign_influencers=1))
    values = [comment("p"), comment("q"), comment("ana"), comment("ben"), comment("p", "d"), comment("p", "c", 1)]
    state.apply(COMMENTS, records(values), NOW_MS)
    state.apply(CONVERSIONS, records([value_of("click", "k", influencer_id=None)]), NOW_MS)
    assert counted(state) == {("c", "p"), ("c", "ana"), ("c", "ben"), ("d", "p"), ("c", "")}
    assert refused(state) == [("too_many_influencers", 1)]


def test_posts_beyond_the_ceiling_are_dead_letters_within_one_batch_and_after_a_restart() -> None:
    """Exactly so many histories; later snapshots of an admitted post count, reactions need no history."""
    limits = Limits(influencer_posts=3)
    state = partition_state(limits=limits)
    values = [post(f"p{number % 5}", number) for number in range(700)]
    state.apply(POSTS, records([*values, value_of("post.reaction", "r", post_id="p9")]), NOW_MS)
    assert Counter(reason for reason, _ in refused(state)) == {"too_many_posts": 280}
    assert state.events_total == 421
    again = restored(state, state.registry, limits)
    again.apply(POSTS, records([post("p1", 900), post("p7", 901), post("p7", 902, influencer_id="ben")]), NOW_MS)
    assert refused(again) == [("too_many_posts", 1)]


def test_currencies_beyond_the_ceiling_leave_the_others_alone() -> None:
    """A booking in one more currency is a dead letter that can be sent again: it is an event of its own."""
    limits = Limits(influencer_currencies=2)
    state = partition_state(limits=limits)
    values = [order(1, "EUR"), order(2, "USD"), order(3, "CHF"), order(4, "EUR")]
    state.apply(CONVERSIONS, records(values), NOW_MS)
    [letter] = state.intake.take_dead_letters()
    assert (letter.reason, letter.offset) == ("too_many_currencies", 2)
    assert {name: sums[0] for name, sums in state.influencers.money[0].total.items()} == {"EUR": 2, "USD": 1}
    again = restored(state, state.registry, Limits(influencer_currencies=3))
    again.apply(CONVERSIONS, records([letter.value], 9), NOW_MS)
    assert again.influencers.money[0].total["CHF"][:2] == [1, 10_000_000]
    full = restored(state, state.registry, limits)
    full.apply(CONVERSIONS, records([letter.value], 9), NOW_MS)
    assert refused(full) == [("too_many_currencies", 9)]


def test_quarantined_events_count_once_when_they_are_sent_again() -> None:
    """Nothing of a campaign without a definition counts, orders and clicks of nobody included, nor makes a row."""
    limits = Limits(quarantine_unknown=True)
    state = partition_state(registry=Registry([campaign(influencer("ana"))]), limits=limits)
    strange = [comment("a", "x"), comment("b", "x")]
    state.apply(COMMENTS, records([strange[0], comment("ana"), strange[1]]), NOW_MS)
    others = [
        value_of("click", "k", campaign_id="x", influencer_id=None),
        value_of("purchase", "o", campaign_id="x", influencer_id="a"),
    ]
    state.apply(CONVERSIONS, records(others), NOW_MS)
    letters = state.intake.take_dead_letters()
    assert [(each.reason, each.topic, each.offset) for each in letters] == [
        ("unknown_campaign", COMMENTS, 0),
        ("unknown_campaign", COMMENTS, 2),
        ("unknown_campaign", CONVERSIONS, 0),
        ("unknown_campaign", CONVERSIONS, 1),
    ]
    assert counted(state) == {("c", "ana")}
    assert state.intake.forwards == []
    state.follow(state.registry.with_definition(campaign(influencer("a"), campaign_id="x")))
    state.apply(COMMENTS, records([*strange, *strange], 3), NOW_MS)
    state.apply(CONVERSIONS, records([*others, *others], 2), NOW_MS)
    assert state.events_total == 5
    assert state.duplicates_total == 4
    assert counted(state) == {("c", "ana"), ("x", "a"), ("x", "b"), ("x", "")}


def test_without_ceilings_everything_counts() -> None:
    """By contract, and in a replay: the settings of a worker are what bounds it."""
    state = partition_state()
    state.apply(COMMENTS, records([comment(f"i{number}", f"c{number % 7}") for number in range(600)]), NOW_MS)
    state.apply(POSTS, records([post(f"p{number}", number) for number in range(600)]), NOW_MS)
    assert refused(state) == []
    assert state.events_total == 1_200
