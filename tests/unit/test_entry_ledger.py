"""The ledger: blocks hold what was read, once encoded and decoded, and stay below a record's size."""

from typing import Any

import numpy as np
import pytest

from models.events import CommentCreated, CommentDeleted, Event, Purchase, Refund
from streams.entry_ledger import (
    RECORD_BYTES,
    EntryBlock,
    EntryCollector,
    Forgotten,
    decode_fact,
    encode_fact,
    person_hash,
    records_of,
)
from streams.topics import COMMENTS, CONVERSIONS

_COMMON: dict[str, Any] = {"campaign_id": "spring", "platform": "instagram", "occurred_at": 5, "influencer_id": "ana"}


def comment(number: int, text: str = "in", **fields: Any) -> CommentCreated:
    """A comment by one of three people."""
    event = {"comment_id": f"c{number}", "author_id": f"u{number % 3}", "post_id": "p1", "text": text, **fields}
    return CommentCreated(event_id=f"e{number}", **(_COMMON | event))


def blocks_of(events: list[Event], topic: str = COMMENTS) -> list[EntryBlock]:
    """What a collector makes of events at offsets from 100."""
    collector = EntryCollector(topic, 3)
    numbers = np.arange(len(events))
    collector.add("spring", events, ["ana"] * len(events), 1000 + numbers, 100 + numbers)
    blocks = collector.take()
    assert collector.take() == []
    return blocks


def test_a_block_holds_what_was_read() -> None:
    """Columns, dictionaries and deletions survive the record."""
    events: list[Event] = [
        comment(0, author_handle="mia"),
        CommentDeleted(event_id="x", comment_id="c0", **_COMMON),
        comment(1, "other", country="AT", parent_id="c0"),
        comment(2),
    ]
    (block,) = blocks_of(events)
    assert decode_fact(block.key(), encode_fact(block)) == block
    assert block.key() == b'["block","spring","campaign.comments.v1",3,100]'
    assert (block.comment_ids, block.author_ids, block.handles) == (
        ["c0", "c1", "c2"],
        ["u0", "u1", "u2"],
        ["mia", "", ""],
    )
    texts = [block.texts[place] for place in np.frombuffer(block.text_of, "<u4")]
    assert texts == ["in", "other", "in"]
    places = [block.places[place] for place in np.frombuffer(block.place_of, "<u4")]
    assert [(place.country, place.is_reply) for place in places] == [("", False), ("AT", True), ("", False)]
    assert np.frombuffer(block.times_ms, "<i8").tolist() == [1000, 1002, 1003]
    people = np.frombuffer(block.people, "<u8").tolist()
    assert people == [person_hash("instagram", f"u{number}") for number in range(3)]
    assert np.frombuffer(block.withdrawn, "<u8").tolist() == [np.frombuffer(block.comments, "<u8")[0]]


def test_orders_need_a_person_and_a_code() -> None:
    """A purchase with both is a fact, a test is not; a refund names its order whoever asks."""
    order: dict[str, Any] = {"order_id": "o1", "amount": "5", "currency": "EUR", "discount_code": "ANA"}
    person = {"author_id": "u1", "author_platform": "tiktok"}
    events: list[Event] = [
        Purchase(event_id="1", **_COMMON, **order, **person),
        Purchase(event_id="2", **_COMMON, **order),
        Purchase(event_id="3", **_COMMON, **order, **person, test=True),
        Refund(event_id="4", **_COMMON, order_id="o1", amount="5", currency="EUR"),
    ]
    (block,) = blocks_of(events, CONVERSIONS)
    (fact,) = block.orders
    assert (fact.person, fact.code, fact.at_ms) == (person_hash("tiktok", "u1"), "ANA", 1000)
    assert np.frombuffer(block.refunded, "<u8").tolist() == [fact.order]


def test_blocks_are_split_before_a_record_gets_too_large() -> None:
    """Long texts and many comments make more blocks, each with an offset and so a key of its own."""
    texts = [f"{number % 100:02}" + "🍀" * 19_998 for number in range(230)]
    events: list[Event] = [comment(number, text) for number, text in enumerate(texts)]
    (block,) = blocks_of([*events, CommentDeleted(event_id="x", comment_id="c0", **_COMMON)])
    records = records_of(block)
    assert len({key for key, _ in records}) == len(records) > 1
    assert all(len(value) <= RECORD_BYTES for _, value in records)
    parts = [decode_fact(*record) for record in records]
    said = [part.texts[place] for part in parts for place in np.frombuffer(part.text_of, "<u4")]  # type: ignore[union-attr]
    assert said == texts
    for name in ("comment_ids", "author_ids", "handles"):
        assert [value for part in parts for value in getattr(part, name)] == getattr(block, name)
    for name in ("place_of", "times_ms", "comments", "people", "withdrawn", "refunded"):
        assert b"".join(getattr(part, name) for part in parts) == getattr(block, name)
    many = blocks_of([comment(number) for number in range(45_000)])
    assert [name for block in many for name in block.comment_ids] == [f"c{number}" for number in range(45_000)]
    assert max(len(block.comment_ids) for block in many) <= 20_000


def test_a_record_of_a_newer_version_is_refused() -> None:
    """An old program must not misread a ledger."""
    forgotten = Forgotten(version=1, campaign_id="spring", person=7, until_ms=9)
    assert decode_fact(forgotten.key(), encode_fact(forgotten)) == forgotten
    newer = Forgotten(version=2, campaign_id="spring", person=7, until_ms=9)
    with pytest.raises(ValueError, match="version 2"):
        decode_fact(newer.key(), encode_fact(newer))
