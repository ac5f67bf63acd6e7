"""Which records of a ledger are in force, whatever was written again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import CommentDeleted
from streams.giveaway.entries import settled
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import person_hash
from streams.ledger.compaction import LedgerError, LedgerReading, check_unpoisoned, union_of
from streams.ledger.fact_records import CLEARED_VERSION, encode_fact
from streams.ledger.forgetting import without_people
from streams.ledger.marks import Cleared, poison_hash
from streams.ledger.people import people_of
from streams.ledger.subjects import Asked, accounts_of, subject_of
from tests.unit.ledgers import NAMES, OPENS_MS, block, book, comment


def in_force(*written: EntryBlock) -> list[EntryBlock]:
    """What holds after these records."""
    reading = LedgerReading("c")
    for place, fact in enumerate(written):
        reading.take(0, place, fact.key(), encode_fact(fact))
    return [fact for fact in reading.ledger({}).facts if isinstance(fact, EntryBlock)]


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
    whom = subject_of(Asked("leo"), accounts_of([written]))
    redacted = without_people(written, {person_hash("tiktok", "id-leo")}, whom, "forgotten-0")
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
    assert len(said(found)) == len(set(zip(said(found), found.event_times_ms, strict=True)))


def test_an_empty_value_takes_back_what_has_its_key() -> None:
    """In its partition: the same key in another one is another record."""
    fact = block(comment(1, "mia"))
    reading = LedgerReading()
    for partition in (0, 1):
        reading.take(partition, 0, fact.key(), encode_fact(fact))
    reading.take(0, 1, fact.key(), None)
    assert [record.key for record in reading.ledger({}).records] == [fact.key()]


def test_records_of_other_campaigns_are_left_out() -> None:
    """Of a partition that several campaigns share only the one that was asked for is kept, or all."""
    fact = block(comment(1, "mia"))
    for wanted, kept in (("d", []), (None, [fact]), ("c", [fact])):
        reading = LedgerReading(wanted)
        reading.take(0, 0, fact.key(), encode_fact(fact))
        assert reading.ledger({}).facts == kept


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        (None, b"{}", "foreign_key"),
        (None, None, "foreign_key"),
        (b"no key of ours", b"{}", "foreign_key"),
        (b"", b"\x93", "foreign_key"),
        (b'["giv","ana"]', b"\xff\x00 garbage", "foreign_key"),
        (b'["block","c","campaign.comments.v1",0,0]', b"\xff\x00 garbage", "foreign_value"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place_and_the_way_out(
    key: bytes | None, value: bytes | None, fault: str
) -> None:
    """Topic, partition and offset, and the command; what was in force stays so, even under the key of what is none."""
    good = msgspec.structs.replace(block(comment(1, "mia")), topic="campaign.comments.v1", first_offset=0)
    reading = LedgerReading("c")
    reading.take(0, 3, good.key(), encode_fact(good))
    reading.take(0, 7, key, value)
    ledger = reading.ledger({0: 8})
    assert ledger.facts == [good]
    assert [(place.name, place.fault) for place in ledger.poisoned] == [("campaign.entries.v1/0@7", fault)]
    with pytest.raises(LedgerError, match=r"^campaign\.entries\.v1/0@7 .*giveaway clear-record campaign\.entries"):
        check_unpoisoned(ledger)


def test_a_cleared_place_is_passed_over_and_named_and_no_other_record_is() -> None:
    """The mark holds for what stood there: another record at the same offset, of a log made anew, is refused."""
    mark = Cleared(
        version=CLEARED_VERSION, offset=7, sha256=poison_hash(None, b"noise"), reason="noise", at_ms=OPENS_MS
    )
    for value, poisoned, cleared in ((b"noise", [], [7]), (b"other", [7], [])):
        reading = LedgerReading()
        reading.take(0, 7, None, value)
        reading.take(0, 8, mark.key(), encode_fact(mark))
        ledger = reading.ledger({0: 9})
        assert [place.offset for place in ledger.poisoned] == poisoned
        assert [place.offset for place in ledger.cleared] == cleared


def test_what_a_newer_version_wrote_is_refused_until_it_is_cleared() -> None:
    """A number of the future may be noise: whoever knows that no newer version ever ran can say so."""
    value = msgspec.msgpack.encode([99, "c", "t", 0, 0])
    reading = LedgerReading()
    reading.take(0, 0, b'["block","c"]', value)
    [place] = reading.ledger({0: 1}).poisoned
    assert place.fault is None
    with pytest.raises(LedgerError, match="a newer version has written it"):
        check_unpoisoned(reading.ledger({0: 1}))
    mark = Cleared(version=CLEARED_VERSION, offset=0, sha256=place.sha256, reason="noise", at_ms=OPENS_MS)
    reading.take(0, 1, mark.key(), encode_fact(mark))
    check_unpoisoned(reading.ledger({0: 2}))
