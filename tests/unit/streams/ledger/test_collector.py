"""The ledger: blocks hold what was read, once encoded and decoded, and stay below a record's size."""

import itertools
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from models.events import CommentCreated, CommentDeleted, Event, Purchase, Refund
from models.topics import COMMENTS, CONVERSIONS
from streams.columns.hashing import PlatformSeeds
from streams.comparison import platform_key
from streams.ledger.block_builder import CommentChunk
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import EntryCollector, blocks_of, person_hash
from streams.ledger.fact_records import BLOCK_VERSION, RECORD_BYTES, decode_fact, encode_fact, records_of
from streams.ledger.marks import Forgotten

_COMMON: dict[str, Any] = {"campaign_id": "spring", "platform": "instagram", "occurred_at": 5, "influencer_id": "ana"}
FIRST_OFFSET = 100


def comment(number: int, text: str = "in", **fields: Any) -> CommentCreated:
    """A comment by one of three people."""
    event = {"comment_id": f"c{number}", "author_id": f"u{number % 3}", "post_id": "p1", "text": text, **fields}
    return CommentCreated(event_id=f"e{number}", **(_COMMON | event))


def ledger_of(events: list[Event], topic: str = COMMENTS) -> list[EntryBlock]:
    """The blocks of events that are one millisecond apart, from 1000 on."""
    events = [msgspec.structs.replace(event, occurred_at=1000 + place) for place, event in enumerate(events)]
    return blocks_of("spring", topic, events, partition=3, first_offset=FIRST_OFFSET)


def test_a_block_costs_what_its_own_platforms_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes up a platform a comment makes no later block dearer: a worker stood still for a minute at each."""
    folded: list[str] = []

    def counted(platform: str) -> str:
        folded.append(platform)
        return platform_key(platform)

    monkeypatch.setattr("streams.ledger.block_builder.platform_key", counted)
    seeds = PlatformSeeds()
    collector = EntryCollector(COMMENTS, 3, [("spring", "ana")], seeds)
    collector.giveaways = {"spring"}
    for batch, platforms in enumerate([[f"made-up-{number}" for number in range(500)], ["TikTok", "tiktok", "x"]]):
        comments = [comment(number, platform=platform) for number, platform in enumerate(platforms)]
        hashed = [seeds[platform] for platform in platforms]
        collector.add_comments(
            "spring", CommentChunk(comments, ["in"] * len(comments), ["u"] * len(comments), hashed), 0, batch
        )
        columns = np.zeros(len(comments), dtype=np.int64)
        collector.add_columns(columns, columns, columns.astype(np.uint64))
        folded.clear()
        (block,) = collector.take()
    assert sorted(folded) == ["tiktok", "x"]
    assert [block.places[place].platform for place in block.place_numbers] == ["tiktok", "tiktok", "x"]


def test_a_block_holds_what_was_read() -> None:
    """Columns, dictionaries and deletions survive the record."""
    events: list[Event] = [
        comment(0, author_handle="mia"),
        CommentDeleted(event_id="x", comment_id="c0", **_COMMON),
        comment(1, "other", country="AT", parent_id="c0"),
        comment(2),
    ]
    (block,) = ledger_of(events)
    assert decode_fact(block.key(), encode_fact(block)) == block
    assert block.key() == b'["block","spring","campaign.comments.v1",3,100]'
    assert (block.comment_ids, block.author_ids, block.handles) == (
        ["c0", "c1", "c2"],
        ["u0", "u1", "u2"],
        ["mia", "", ""],
    )
    assert block.texts == ["in", "other", "in"]
    places = [block.places[place] for place in block.place_numbers]
    assert [(place.country, place.is_reply) for place in places] == [("", False), ("AT", True), ("", False)]
    assert block.event_times_ms.tolist() == [1000, 1002, 1003]
    people = block.person_hashes.tolist()
    assert people == [person_hash("instagram", f"u{number}") for number in range(3)]
    assert block.withdrawn_hashes.tolist() == [block.comment_hashes[0]]


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
    (block,) = ledger_of(events, CONVERSIONS)
    (fact,) = block.orders
    assert (fact.person, fact.code, fact.at_ms) == (person_hash("tiktok", "u1"), "ANA", 1000)
    assert block.refunded_hashes.tolist() == [fact.order]


def test_blocks_are_split_before_a_record_gets_too_large() -> None:
    """Long texts and many comments make more blocks, each with an offset and so a key of its own."""
    texts = [f"{number % 100:02}" + "🍀" * 19_998 for number in range(230)]
    events: list[Event] = [comment(number, text) for number, text in enumerate(texts)]
    events.append(CommentDeleted(event_id="x", comment_id="c0", **_COMMON))
    (block,) = ledger_of(events)
    records = records_of(block)
    assert len({key for key, _ in records}) == len(records) > 1
    assert all(len(value) <= RECORD_BYTES for _, value in records)
    parts = [decode_fact(*record) for record in records]
    assert block.texts == texts
    for name in ("comment_ids", "author_ids", "handles", "texts"):
        assert [value for part in parts for value in getattr(part, name)] == getattr(block, name)
    for name in ("place_of", "times_ms", "comments", "people", "withdrawn", "refunded"):
        assert b"".join(getattr(part, name) for part in parts) == getattr(block, name)
    many = ledger_of([comment(number) for number in range(45_000)])
    assert [name for block in many for name in block.comment_ids] == [f"c{number}" for number in range(45_000)]
    assert max(block.count for block in many) <= 20_000
    counts = [block.count for block in many]
    assert [block.first_offset - FIRST_OFFSET for block in many] == [0, counts[0], counts[0] + counts[1]]
    long = ledger_of([comment(number, "a" * 10_000) for number in range(2_000)])
    assert [len(encode_fact(block)) < RECORD_BYTES for block in long] == [True] * 4


def test_a_record_of_a_newer_version_is_refused() -> None:
    """An old program must not misread a ledger."""
    forgotten = Forgotten(version=1, campaign_id="spring", person=7, until_ms=9)
    assert decode_fact(forgotten.key(), encode_fact(forgotten)) == forgotten
    with pytest.raises(ValueError, match="of format 2; this version reads format 1: a newer version"):
        decode_fact(forgotten.key(), of_the_future(encode_fact(forgotten), 2))
    (block,) = ledger_of([comment(0)])
    with pytest.raises(ValueError, match=f"block of entries of format {BLOCK_VERSION + 1}; this version reads"):
        decode_fact(block.key(), of_the_future(encode_fact(block), BLOCK_VERSION + 1))


def of_the_future(data: bytes, version: int) -> bytes:
    """A record as a newer version may write it: with its number, and one field more."""
    _, *fields = msgspec.msgpack.decode(data)
    return msgspec.msgpack.encode([version, *fields, "a field of the future"])


def test_a_block_of_format_1_is_read() -> None:
    """What the first version wrote of these events is what this one writes of them."""
    events: list[Event] = [
        comment(0, "#win @leo", author_handle="mia"),
        CommentDeleted(event_id="x", comment_id="c4", **_COMMON),
        comment(1, "other \0 \1 text", country="AT", parent_id="c0"),
        comment(2),
        comment(3, author_handle="Zoë\1\0", platform="tiktok", influencer_id="bob"),
        comment(4),
    ]
    (block,) = ledger_of(events)
    stored = (Path(__file__).parents[2] / "golden" / "entry-block-format-1.msgpack").read_bytes()
    assert msgspec.msgpack.decode(stored)[0] == 1
    assert decode_fact(block.key(), stored) == msgspec.structs.replace(block, withdrawn_names=b"")
    assert block.texts[1] == "other \0 \1 text"
    fields = msgspec.msgpack.decode(stored)
    with pytest.raises(ValueError, match="of format 1, but damaged"):
        decode_fact(block.key(), msgspec.msgpack.encode([*fields[:8], [], *fields[9:]]))


def test_each_campaign_of_a_batch_has_its_own_block() -> None:
    """Comments of several campaigns come a few at a time: each block has its own, and those without a giveaway none."""
    keys = [("spring", "ana"), ("autumn", "bob"), ("quiet", "eva")]
    comments = [
        msgspec.structs.replace(comment(number), campaign_id=keys[number % 3][0], influencer_id=keys[number % 3][1])
        for number in range(7)
    ]
    seed_of = PlatformSeeds()
    collector = EntryCollector(COMMENTS, 3, keys, seed_of)
    collector.giveaways = {"spring", "autumn"}
    seeds = [seed_of["instagram"]] * len(comments)
    for first, last in ((0, 4), (4, 7)):
        some = comments[first:last]
        texts, authors = [each.text for each in some], [each.author_id for each in some]
        said = CommentChunk(some, texts, authors, seeds[first:last])
        collector.add_comments(None, said, first, FIRST_OFFSET + first)
    rows = np.arange(7) % 3
    collector.add_columns(np.arange(1000, 1007), rows, np.arange(50, 57).astype(np.uint64))
    blocks = {block.campaign_id: block for block in collector.take()}
    assert collector.take() == []
    assert {name: block.comment_ids for name, block in blocks.items()} == {
        "spring": ["c0", "c3", "c6"],
        "autumn": ["c1", "c4"],
    }
    assert blocks["autumn"].event_times_ms.tolist() == [1001, 1004]
    assert blocks["spring"].person_hashes.tolist() == [50, 53, 56]
    assert [place.influencer_id for place in blocks["autumn"].places] == ["bob"]


def test_places_are_told_apart_by_everything_they_have() -> None:
    """Two comments share a place only with influencer, post, platform, country and kind in common."""
    fields = ("influencer_id", "post_id", "platform", "country", "parent_id")
    values = [("ana", "bob"), ("p1", "p2"), ("instagram", "tiktok"), (None, "AT"), (None, "c0")]
    combined = [dict(zip(fields, each, strict=True)) for each in itertools.product(*values)] * 2
    (block,) = ledger_of([comment(number, **each) for number, each in enumerate(combined)])
    assert len(block.places) == 32
    found = [block.places[place] for place in block.place_numbers]
    assert [(each.influencer_id, each.post_id, each.platform, each.country, each.is_reply) for each in found] == [
        (each["influencer_id"], each["post_id"], each["platform"], each["country"] or "", bool(each["parent_id"]))
        for each in combined
    ]


def test_many_places_are_numbered_as_few_are() -> None:
    """Beyond what a table holds they are sorted: 2,500 posts of as many influencers have 6 million combinations."""
    events = [comment(number, influencer_id=f"i{number}", post_id=f"p{number}") for number in range(2_500)] * 2
    (block,) = ledger_of(events)
    found = [block.places[place] for place in block.place_numbers]
    assert [(each.influencer_id, each.post_id) for each in found] == [(e.influencer_id, e.post_id) for e in events]
    assert len(block.places) == 2_500
