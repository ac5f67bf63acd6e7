"""Entries: the numbers are those of the set of facts, however the facts come."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import CommentCreated, CommentDeleted, Event
from models.giveaway import GiveawayRules
from models.rollups import GiveawayRollup
from models.topics import COMMENTS
from streams.giveaway.entries import GiveawayEntries
from streams.giveaway.rules import RuleBook
from streams.ledger import collector
from streams.ledger.blocks import EntryBlock
from streams.ledger.fact_records import decode_fact, encode_fact

from .giveaway_model import numbers

OPENS_MS = 1_700_000_000_000
CLOSES_MS = OPENS_MS + 100
TEXTS = ("#win @a @b", "#win @A", "#WIN @b @c @d", "@a", "nothing", "#win @p1 @ana", "#win @e @f @g @h")


def moment(at_ms: int) -> datetime:
    """A time of the rules."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def book_of(rules: dict[str, Any]) -> RuleBook:
    """Rules of a campaign with two influencers; closes in the middle of the events' times."""
    influencers = tuple(
        InfluencerDefinition(influencer_id=name, handle=name, platform="instagram") for name in ("ana", "bob")
    )
    giveaway = GiveawayRules(opens_at=moment(OPENS_MS), closes_at=moment(CLOSES_MS), **rules)
    times = {"starts_at": moment(OPENS_MS), "ends_at": moment(CLOSES_MS)}
    return RuleBook(
        CampaignDefinition(campaign_id="spring", name="s", influencers=influencers, giveaway=giveaway, **times)
    )


RULES = st.sampled_from(
    [
        {},
        {"hashtags": ("win",), "friends": 1, "posts": ("p1", "p2"), "excluded": ("p3",)},
        {"friends": 1, "chances": "per_friend", "most_chances": 3},
        {"replies_count": False, "countries": ("AT",), "unknown_country": "refuse"},
    ]
).map(book_of)


@st.composite
def comment(draw: st.DrawFn) -> CommentCreated:
    """A comment; ids repeat, so some are edits of another, with the same author and post and a time of its own."""
    number = draw(st.integers(0, 15))
    return CommentCreated(
        event_id="e",
        campaign_id="spring",
        platform="instagram" if number % 5 else "tiktok",
        influencer_id="ana" if number % 3 else "bob",
        post_id=f"p{number % 4}",
        comment_id=f"c{number}",
        author_id=f"id{number % 4}",
        author_handle=f"P{number % 4}" if number % 2 else None,
        country=("AT", "DE", None)[number % 3],
        parent_id="c" if number % 6 == 1 else None,
        text=draw(st.sampled_from(TEXTS)),
        occurred_at=OPENS_MS + 20 * draw(st.integers(-1, 6)),
    )


def distinct_times(comments: list[CommentCreated]) -> list[CommentCreated]:
    """Of versions of one comment at one time the first: which of two is the newer is then no question."""
    kept: dict[tuple[str, str, Any], CommentCreated] = {}
    for each in comments:
        kept.setdefault((each.platform, each.comment_id, each.occurred_at), each)
    return list(kept.values())


def blocks_of(events: list[Event], cuts: list[int]) -> list[EntryBlock]:
    """The events in blocks that end after so many events each."""
    blocks = []
    start = 0
    for length in [*cuts, len(events)]:
        part = events[start : start + length]
        if part:
            blocks += collector.blocks_of("spring", COMMENTS, part, first_offset=start)
        start += length
    return blocks


def shown(rollups: list[GiveawayRollup]) -> dict[str, dict[str, Any]]:
    """The numbers that the model computes too, of whoever has entries."""
    names = ("valid_entries", "duplicate_entries", "withdrawn_entries", "invalid_entries", "entries")
    names += ("unique_entrants", "tagged_friends", "chances")
    return {
        rollup.influencer_id: {name: getattr(rollup, name) for name in names} for rollup in rollups if rollup.entries
    }


@settings(max_examples=250)
@given(
    RULES,
    st.lists(comment(), max_size=40).map(distinct_times),
    st.lists(st.integers(0, 17), max_size=4),
    st.lists(st.integers(1, 20), max_size=6),
    st.randoms(use_true_random=False),
)
def test_numbers_are_a_function_of_the_set_of_facts(
    book: RuleBook, comments: list[CommentCreated], deletions: list[int], cuts: list[int], random: Any
) -> None:
    """Shuffled, cut into blocks anywhere, repeated, settled at any time: the numbers of the model."""
    deleted = {("instagram" if number % 5 else "tiktok", f"c{number}") for number in deletions}
    events: list[Event] = [*comments]
    for platform, comment_id in sorted(deleted):
        fields: dict[str, Any] = {"campaign_id": "spring", "influencer_id": "ana", "occurred_at": OPENS_MS}
        events.append(CommentDeleted(event_id="d", platform=platform, comment_id=comment_id, **fields))
    random.shuffle(events)
    blocks = blocks_of(events, cuts)
    blocks += random.sample(blocks, len(blocks) // 2)
    entries = GiveawayEntries(book)
    for block in blocks:
        fact = decode_fact(block.key(), encode_fact(block))
        entries.put(fact)
        if random.random() < 0.5:
            entries.settle()
    entries.settle()
    rollups = entries.rollups("spring", CLOSES_MS)
    assert shown(rollups) == numbers(book, comments, deleted)
    assert all(rollup.approximate is False for rollup in rollups)
