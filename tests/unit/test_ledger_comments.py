"""Comments and people of a ledger, and a block without one person."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.cli_giveaway_forget import find_people, replacements
from agents.ledger_reader import Ledger, LedgerRecord, take_record
from models.campaigns import CampaignDefinition
from models.events import CommentCreated, CommentDeleted, Event, Purchase
from models.giveaway import GiveawayRules
from models.topics import COMMENTS, CONVERSIONS
from streams.entry_block import EntryBlock, Forgotten, encode_fact
from streams.entry_ledger import blocks_of, person_hash
from streams.giveaway_entries import settled
from streams.giveaway_rules import RuleBook
from streams.ledger_comments import Person, hash_of, people_of, views_of, without_person
from streams.ledger_union import union_of

OPENS = datetime(2026, 4, 18, 14, tzinfo=UTC)
OPENS_MS = int(OPENS.timestamp()) * 1000
STAND_IN = "forgotten-0"


def book(**rules: Any) -> RuleBook:
    """Rules of a giveaway of six hours."""
    closes = OPENS.replace(hour=20)
    rule = GiveawayRules(opens_at=OPENS, closes_at=closes, **rules)
    return RuleBook(
        CampaignDefinition(campaign_id="c", name="C", starts_at=OPENS, ends_at=closes, influencers=(), giveaway=rule)
    )


def comment(number: int, author: str, text: str = "in", at_ms: int = 1, **fields: Any) -> CommentCreated:
    """A comment by somebody whose id is ``id-`` and the handle."""
    return CommentCreated(
        event_id=f"e{number}",
        campaign_id="c",
        influencer_id="ana",
        occurred_at=OPENS_MS + at_ms,
        comment_id=f"c{number}",
        author_id=f"id-{author}",
        author_handle=f"@{author}",
        text=text,
        **{"post_id": "p", "platform": "tiktok", **fields},
    )


def block(*events: Event, topic: str = COMMENTS) -> EntryBlock:
    """Events as one block."""
    [found] = blocks_of("c", topic, events)
    return found


def test_views_are_of_comments_that_matter() -> None:
    """In time, on the giveaway's posts, not deleted, not of somebody forgotten, each once although told twice."""
    deletion = CommentDeleted(
        event_id="d", campaign_id="c", platform="tiktok", influencer_id="ana", occurred_at=1, comment_id="c2"
    )
    events = [
        comment(1, "mia", "Hi! @Leo"),
        comment(2, "leo"),
        deletion,
        comment(3, "eva", at_ms=-1),
        comment(4, "jan", at_ms=6 * 3_600_000),
        comment(5, "noa", post_id="elsewhere"),
        comment(6, "gone"),
    ]
    gone = Forgotten(version=1, campaign_id="c", person=person_hash("tiktok", "id-gone"), until_ms=OPENS_MS + 10)
    [view] = views_of([block(*events), block(*events[:2]), gone], book(posts=("p",)))
    assert (view.person, view.platform) == (str(person_hash("tiktok", "id-mia")), "tiktok")
    assert (view.handle, view.plain, view.mentions, view.style) == ("mia", "hi", ("leo",), "T!")


def test_people_have_their_last_handle_and_their_platform() -> None:
    """One id on two platforms is two people; a handle that changed is the later one."""
    facts = [block(comment(1, "mia"), comment(2, "mia", platform="instagram"))]
    renamed = msgspec.structs.replace(comment(3, "mia"), author_handle="@mia_new")
    people = people_of([*facts, block(renamed)])
    assert sorted(person.name for person in people.values()) == ["instagram/@mia", "tiktok/@mia_new"]
    assert {hash_of(person) for person in people.values()} == set(people)


def test_a_block_without_a_person_has_nothing_of_them() -> None:
    """Their comments, orders and texts go; where others tag them, in any spelling, another name stands."""
    leo = person_hash("tiktok", "id-leo")
    order = Purchase(
        event_id="o",
        campaign_id="c",
        platform="shop",
        occurred_at=OPENS_MS,
        order_id="o",
        amount="1.00",
        currency="EUR",
        discount_code="X",
        author_id="id-leo",
        author_platform="tiktok",
    )
    comments = block(comment(1, "mia", "with @LEO, @leon and @Leo!"), comment(2, "leo", "secret"), comment(3, "noa"))
    found = without_person(comments, leo, "leo", STAND_IN)
    assert found is not None
    assert found.texts[0] == f"with @{STAND_IN}, @leon and @{STAND_IN}!"
    assert found.author_ids == ["id-mia", "id-noa"]
    assert b"secret" not in encode_fact(found)
    assert b"id-leo" not in encode_fact(found)
    orders = without_person(block(order, topic=CONVERSIONS), leo, "leo", STAND_IN)
    assert orders is not None
    assert orders.orders == []
    assert without_person(block(comment(3, "noa")), leo, "leo", STAND_IN) is None
    assert without_person(found, leo, "leo", STAND_IN) is None
    assert found.key() == comments.key()


NAMES = ("mia", "leo", "noa", "eva")


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3), st.integers(0, 5)), max_size=12
    ),
    st.sampled_from(NAMES),
)
def test_forgetting_changes_nothing_for_others(entries: list[tuple[str, list[str], int]], who: str) -> None:
    """Chances of everybody else are the same with the rewritten blocks as before, and the person has none."""
    rules = book(friends=1, chances="per_friend", most_chances=3)
    comments = [
        comment(number, author, "in " + " ".join(f"@{friend}" for friend in friends), at_ms=at_ms)
        for number, (author, friends, at_ms) in enumerate(entries)
    ]
    blocks = [block(*comments[start : start + 4]) for start in range(0, len(comments), 4)]
    person = Person("tiktok", f"id-{who}", f"@{who}")
    rewritten = [without_person(each, hash_of(person), who, STAND_IN) or each for each in blocks]
    before = settled(rules, blocks).chances_of_people()
    before.pop(hash_of(person), None)
    assert settled(rules, rewritten).chances_of_people() == before
    assert all(f"id-{who}".encode() not in encode_fact(each) for each in rewritten)


def test_somebody_forgotten_is_found_again_after_a_redelivery() -> None:
    """A second `forget` removes what was written down again after the first."""
    written = block(comment(1, "leo", "secret"), comment(2, "mia"))
    mark = Forgotten(version=1, campaign_id="c", person=person_hash("tiktok", "id-leo"), until_ms=OPENS_MS + 10)
    ledger = Ledger({0: 2}, [LedgerRecord(fact.key(), fact) for fact in (mark, written)])
    [(campaign, person)] = find_people(ledger, "@LEO", None)
    assert (campaign, person.author_id) == ("c", "id-leo")
    records = replacements(ledger, campaign, person, OPENS_MS + 20, STAND_IN)
    assert [key for key, _ in records] == [mark.key(), written.key()]
    assert not any(b"secret" in value or b"id-leo" in value for _, value in records)
    assert find_people(ledger, "leo", "instagram") == []


def in_force(*written: EntryBlock) -> list[EntryBlock]:
    """What holds after these records."""
    records: dict[tuple[int, bytes], LedgerRecord] = {}
    for place, fact in enumerate(written):
        take_record(records, 0, fact.key(), encode_fact(fact), "c", f"@{place}")
    return [record.fact for record in records.values() if isinstance(record.fact, EntryBlock)]


def said(block: EntryBlock) -> list[str]:
    """Comment ids with their texts."""
    return [f"{name} {text}" for name, text in zip(block.comment_ids, block.texts, strict=True)]


def test_a_shorter_block_of_a_replay_takes_nothing_away() -> None:
    """After a crash a block may begin where a longer one began: until the rest is written again both hold."""
    longer, shorter = block(comment(1, "mia", "one"), comment(2, "leo", "two")), block(comment(1, "mia", "one"))
    for order in ((longer, shorter), (shorter, longer), (longer, longer)):
        [found] = in_force(*order)
        assert said(found) == ["c1 one", "c2 two"]
        assert people_of([found]) == people_of([longer])
    edited = msgspec.structs.replace(comment(1, "mia", "edited"), occurred_at=OPENS_MS + 7)
    assert said(union_of(longer, block(edited))) == ["c1 one", "c2 two", "c1 edited"]


def test_a_redaction_replaces_what_was_before_and_nothing_that_comes_later() -> None:
    """A block without a forgotten person is the one in force; a redelivery behind it is a fact again."""
    written = block(comment(1, "mia", "one"), comment(2, "leo", "two"))
    redacted = without_person(written, person_hash("tiktok", "id-leo"), "leo", STAND_IN)
    assert redacted is not None
    [found] = in_force(written, redacted)
    assert said(found) == ["c1 one"]
    [again] = in_force(written, redacted, written)
    assert said(again) == ["c1 one", "c2 two"]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_a_union_gives_the_numbers_of_both_blocks(rows: list[tuple[int, int]], cut: int, start: int) -> None:
    """Chances are those of the two blocks put one after the other: which is what a worker does."""
    comments = [comment(number, NAMES[number % 4], f"in {text} @x", at_ms=text) for number, text in rows]
    deleted = CommentDeleted(
        event_id="d", campaign_id="c", platform="tiktok", influencer_id="ana", occurred_at=1, comment_id="c2"
    )
    older, newer = block(comment(9, "eva"), *comments[:cut]), block(comment(9, "eva"), *comments[start:], deleted)
    [found] = in_force(older, newer)
    rules = book(friends=1)
    assert settled(rules, [found]).rollups("c", OPENS_MS) == settled(rules, [older, newer]).rollups("c", OPENS_MS)
    assert len(said(found)) == len(set(zip(said(found), np.frombuffer(found.times_ms, dtype="<i8"), strict=True)))
