"""Which records of a ledger are in force, whatever was written again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import CommentDeleted
from streams.giveaway.entries import settled
from streams.ledger.blocks import EntryBlock, encode_fact
from streams.ledger.collector import person_hash
from streams.ledger.compaction import LedgerError, LedgerRecord, take_record, union_of
from streams.ledger.forgetting import without_person
from streams.ledger.people import people_of
from tests.unit.ledgers import NAMES, OPENS_MS, block, book, comment


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
    redacted = without_person(written, person_hash("tiktok", "id-leo"), "leo", "forgotten-0")
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
    records: dict[tuple[int, bytes], LedgerRecord] = {}
    for partition in (0, 1):
        take_record(records, partition, fact.key(), encode_fact(fact), None, "@0")
    take_record(records, 0, fact.key(), None, None, "@1")
    assert list(records) == [(1, fact.key())]


def test_records_of_other_campaigns_are_left_out() -> None:
    """Of a partition that several campaigns share only the one that was asked for is kept, or all."""
    fact = block(comment(1, "mia"))
    records: dict[tuple[int, bytes], LedgerRecord] = {}
    take_record(records, 0, fact.key(), encode_fact(fact), "d", "@0")
    assert not records
    take_record(records, 0, fact.key(), encode_fact(fact), None, "@0")
    assert [record.fact for record in records.values()] == [fact]


@pytest.mark.parametrize(("key", "value"), [(None, b"{}"), (b"no key of ours", b"{}"), (b"", b"\x93")])
def test_what_is_no_record_is_refused_with_its_place(key: bytes | None, value: bytes) -> None:
    """The error names topic, partition and offset as it was given them."""
    with pytest.raises(LedgerError, match="entries/0@7"):
        take_record({}, 0, key, value, None, "entries/0@7")
