"""Entries of one giveaway, case by case; the laws are in tests/properties/test_giveaway_entries.py."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import CommentCreated, CommentDeleted, Event, Purchase, Refund
from models.giveaway import BonusEntries, GiveawayRules
from models.rollups import GiveawayRollup
from models.times import HOUR_MS
from models.topics import COMMENTS, CONVERSIONS
from streams.giveaway.entries import GiveawayEntries
from streams.giveaway.rules import RuleBook
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import blocks_of, person_hash
from streams.ledger.marks import Forgotten
from tests.unit.collisions import colliding_ids

OPENS = datetime(2026, 4, 18, 14, tzinfo=UTC)
OPENS_MS = int(OPENS.timestamp()) * 1000


def giveaway(capacity: int = 1_000_000, **rules: Any) -> GiveawayEntries:
    """Entries of a six-hour giveaway of two influencers."""
    closes = OPENS.replace(hour=20)
    influencers = tuple(
        InfluencerDefinition(influencer_id=name, handle=name, platform="tiktok", discount_codes=(f"{name}10",))
        for name in ("ana", "bob")
    )
    definition = CampaignDefinition(
        campaign_id="spring",
        name="Spring",
        starts_at=OPENS,
        ends_at=closes,
        influencers=influencers,
        giveaway=GiveawayRules(opens_at=OPENS, closes_at=closes, **rules),
    )
    return GiveawayEntries(RuleBook(definition), capacity)


def comment(number: int, author: str, influencer: str = "ana", at_ms: int = OPENS_MS, text: str = "in") -> Event:
    """A comment."""
    return CommentCreated(
        event_id=f"e{number}",
        campaign_id="spring",
        platform="tiktok",
        influencer_id=influencer,
        occurred_at=at_ms,
        comment_id=f"c{number}",
        post_id="p1",
        author_id=author,
        text=text,
    )


def block(events: list[Event], topic: str = COMMENTS) -> EntryBlock:
    """Events as one block."""
    (made,) = blocks_of("spring", topic, events)
    return made


def shown(entries: GiveawayEntries, as_of_ms: int = OPENS_MS) -> dict[str, GiveawayRollup]:
    """The numbers by influencer, the campaign's under ""."""
    entries.settle()
    return {rollup.influencer_id: rollup for rollup in entries.rollups("spring", as_of_ms)}


@pytest.mark.parametrize("backwards", [False, True])
def test_of_entries_at_one_moment_one_is_valid(backwards: bool) -> None:
    """Three in one millisecond, with two influencers, are one entrant and one valid entry, in either order."""
    entries = giveaway()
    comments = [comment(1, "u"), comment(2, "u", "bob"), comment(3, "u")]
    for each in reversed(comments) if backwards else comments:
        entries.put(block([each]))
        entries.settle()
    found = shown(entries)
    assert (found[""].valid_entries, found[""].duplicate_entries, found[""].unique_entrants) == (1, 2, 1)
    # XXH3 of "c2", seeded by that of "tiktok", is the lowest of the three.
    assert (found["ana"].valid_entries, found["bob"].valid_entries) == (0, 1)
    assert (found["ana"].unique_entrants, found["bob"].unique_entrants) == (1, 1)


def test_a_withdrawn_entry_makes_room_for_the_next() -> None:
    """Deleting the valid entry makes the person's second one valid, with its own influencer."""
    entries = giveaway()
    entries.put(block([comment(1, "u"), comment(2, "u", "bob", OPENS_MS + 1)]))
    assert shown(entries)["ana"].valid_entries == 1
    fields: dict[str, Any] = {"campaign_id": "spring", "influencer_id": "ana", "occurred_at": OPENS_MS + 2}
    entries.put(block([CommentDeleted(event_id="d", platform="tiktok", comment_id="c1", **fields)]))
    found = shown(entries)
    assert (found["ana"].withdrawn_entries, found["ana"].unique_entrants) == (1, 0)
    assert (found["bob"].valid_entries, found[""].unique_entrants) == (1, 1)


def test_late_news_of_an_entry_in_time_counts() -> None:
    """An entry made before the closing counts whenever it is heard of; one made at the closing does not."""
    entries = giveaway()
    entries.put(block([comment(1, "u", at_ms=OPENS_MS + 6 * HOUR_MS)]))
    entries.put(block([comment(2, "u", at_ms=OPENS_MS + 6 * HOUR_MS - 1)]))
    found = shown(entries, OPENS_MS + 9 * HOUR_MS)[""]
    assert (found.valid_entries, found.invalid_entries) == (1, {"after_closing": 1})
    assert (found.status, found.time_left_ms) == ("closed", 0)


def test_numbers_do_not_depend_on_when_they_are_settled() -> None:
    """Edits that change influencer, text and even author, and deletions: one by one as all at once."""
    random = np.random.default_rng(5)
    often, once = giveaway(friends=1), giveaway(friends=1)
    facts = []
    for number in range(300):
        comment_number, author, influencer, minute, text = random.integers(0, (40, 12, 2, 30, 3)).tolist()
        at_ms = OPENS_MS + 60_000 * minute + number
        said = ("in", "@leo", "@mia @leo")[text]
        facts.append(block([comment(comment_number, f"u{author}", ("ana", "bob")[influencer], at_ms, said)]))
    fields: dict[str, Any] = {"campaign_id": "spring", "influencer_id": "ana", "occurred_at": OPENS_MS}
    facts.insert(100, block([CommentDeleted(event_id="d", platform="tiktok", comment_id="c7", **fields)]))
    for fact in facts:
        often.put(fact)
        often.settle()
        once.put(fact)
    assert shown(often) == shown(once)
    assert shown(once)["ana"].unique_entrants > 3


def test_an_edit_counts_until_the_closing() -> None:
    """The newest version said before the closing is in force; the entry keeps its first time."""
    entries = giveaway(hashtags=("win",))
    end_ms = OPENS_MS + 6 * HOUR_MS
    entries.put(block([comment(1, "u", at_ms=OPENS_MS, text="oops"), comment(2, "u", "bob", OPENS_MS + 5, "#win")]))
    assert shown(entries)["bob"].valid_entries == 1
    entries.put(block([comment(1, "u", at_ms=OPENS_MS + 9, text="#win")]))
    assert shown(entries)["ana"].valid_entries == 1
    entries.put(block([comment(1, "u", at_ms=end_ms + 1, text="changed my mind")]))
    assert shown(entries)["ana"].valid_entries == 1


def test_a_friend_is_a_chance_once_a_person_up_to_the_cap() -> None:
    """Three of four distinct friends count, in the order of the comments; tagged again is a duplicate."""
    entries = giveaway(friends=1, chances="per_friend", most_chances=3)
    texts = ["@aa @bb", "@bb @AA", "@cc @dd", "@ee"]
    entries.put(block([comment(n, "u", "bob", OPENS_MS + n, text) for n, text in enumerate(texts)]))
    entries.put(block([comment(9, "v", text="@aa")]))
    found = shown(entries)
    assert (found["bob"].chances, found["bob"].valid_entries, found["bob"].duplicate_entries) == (3, 2, 2)
    assert (found[""].chances, found[""].tagged_friends, found["bob"].tagged_friends) == (4, 5, 5)


def test_orders_with_a_code_give_bonus_chances_to_entrants() -> None:
    """Of three orders two count up to the cap; a refunded one and those of nobody who entered do not."""
    entries = giveaway(bonus=BonusEntries(chances=1, most=2))
    fields: dict[str, Any] = {"campaign_id": "spring", "platform": "shop", "author_platform": "tiktok", "amount": "1"}

    def order(number: int, author: str, code: str, at_ms: int = OPENS_MS) -> Event:
        return Purchase(
            event_id=f"o{number}",
            order_id=f"o{number}",
            occurred_at=at_ms + number,
            author_id=author,
            discount_code=code,
            currency="EUR",
            influencer_id="bob",
            **fields,
        )

    orders = [order(1, "u", "BOB10"), order(2, "u", "bob10"), order(3, "u", "bob10"), order(4, "u", "ana10")]
    orders += [order(5, "w", "bob10"), order(6, "u", "other"), order(7, "u", "bob10", OPENS_MS + 7 * HOUR_MS)]
    orders += [Refund(event_id="r", order_id="o1", occurred_at=OPENS_MS, currency="EUR", influencer_id="bob", **fields)]
    entries.put(block(orders, CONVERSIONS))
    assert shown(entries)[""].chances == 0
    entries.put(block([comment(1, "u")]))
    found = shown(entries)
    assert (found[""].chances, found[""].bonus_chances, found["bob"].bonus_chances) == (3, 2, 2)


def test_a_forgotten_person_is_gone_and_stays_gone() -> None:
    """What is repeated after a crash does not bring the person back; a later comment of theirs enters anew."""
    entries = giveaway()
    first = block([comment(1, "u", text="@a"), comment(2, "v")])
    entries.put(first)
    assert shown(entries)[""].entries == 2
    entries.put(Forgotten(version=1, campaign_id="spring", person=person_hash("tiktok", "u"), until_ms=OPENS_MS))
    entries.put(first)
    found = shown(entries)[""]
    assert (found.entries, found.unique_entrants, found.tagged_friends) == (1, 1, 0)
    entries.put(block([comment(3, "u", at_ms=OPENS_MS + 1)]))
    assert shown(entries)[""].unique_entrants == 2


def test_entries_of_the_last_minute() -> None:
    """Twelve panes of five seconds, as the window 1m."""
    entries = giveaway()
    times = [OPENS_MS, OPENS_MS + 4_999, OPENS_MS + 5_000, OPENS_MS + 60_000]
    entries.put(block([comment(number, "u", at_ms=at_ms) for number, at_ms in enumerate(times)]))
    assert shown(entries, OPENS_MS + 60_000)[""].entries_per_minute == 2
    assert shown(entries, OPENS_MS + 5_000)["ana"].entries_per_minute == 3


def test_entries_of_the_last_minute_are_found_in_every_stretch_of_rows() -> None:
    """Rows are kept in the order of arrival: what was made in the minute may stand anywhere among what was not."""
    entries = GiveawayEntries(giveaway().book, stretch=4)
    times = [OPENS_MS + (HOUR_MS if number % 7 == 3 else number) for number in range(30)]
    for start, end in ((0, 3), (3, 5), (5, 30)):
        entries.put(block([comment(number, f"u{number}", at_ms=times[number]) for number in range(start, end)]))
        now = shown(entries, OPENS_MS + HOUR_MS + 59_999)[""]  # the minute begins with the hour
        assert now.entries_per_minute == sum(time == OPENS_MS + HOUR_MS for time in times[:end])
    assert shown(entries, OPENS_MS + 30)[""].entries_per_minute == sum(time < OPENS_MS + 30 for time in times)


@pytest.mark.parametrize("seed", [1, 2])
def test_beyond_the_capacity_numbers_are_estimates_that_say_so(seed: int) -> None:
    """Of 20,000 people at most 2,000 are kept; any order of arrival gives one and the same estimate."""
    order = np.random.default_rng(seed).permutation(20_000).tolist()
    entries = giveaway(capacity=2_000)
    for start in range(0, len(order), 2_500):
        part = order[start : start + 2_500]
        entries.put(block([each for n in part for each in (comment(n, f"u{n}"), comment(n + 20_000, f"u{n}", "bob"))]))
        entries.settle()
    found = shown(entries)[""]
    assert found.approximate
    assert found.tagged_friends is None
    assert len(entries) <= 4_000
    assert found.unique_entrants == found.valid_entries == found.duplicate_entries == 21_104


def test_comments_and_people_that_have_one_hash_are_told_apart_while_they_come() -> None:
    """Three comments of one hash by three people of one hash are three entries of three, also when read again."""
    platform, ids = colliding_ids(3)
    comments = [
        CommentCreated(
            event_id=one,
            campaign_id="spring",
            platform=platform,
            influencer_id="ana",
            occurred_at=OPENS_MS,
            comment_id=one,
            post_id="p1",
            author_id=one,
            text="in",
        )
        for one in ids
    ]
    one_by_one = [block([each]) for each in comments]
    for facts in (one_by_one, one_by_one[::-1], [block([*comments])], [block([*comments, *comments[::-1]])]):
        entries = giveaway()
        for fact in (*facts, *facts):
            entries.put(fact)
            entries.settle()
        numbers = shown(entries)[""]
        assert (numbers.entries, numbers.valid_entries, numbers.unique_entrants) == (3, 3, 3)
