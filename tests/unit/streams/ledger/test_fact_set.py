"""The facts of a ledger as a set: one order, one digest, whatever blocks they came in."""

import hashlib
import hmac
from random import Random

import msgspec
import pytest

from models.events import CommentDeleted
from models.topics import COMMENTS, CONVERSIONS
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import person_hash
from streams.ledger.compaction import Ledger, LedgerRecord, PoisonedPlace
from streams.ledger.fact_set import fact_set, in_order
from streams.ledger.marks import Forgotten
from streams.ledger.people import people_of
from tests.unit.ledgers import OPENS_MS, block, comment

KEY = bytes(range(32))


def some_blocks(seed: int) -> list[EntryBlock]:
    """Forty comments, one of them edited, one deleted, in blocks that are cut and ordered by a seed."""
    comments = [
        comment(n, f"p{n % 9}", f"text {n}", at_ms=1000 * (n // 2), influencer_id="ab"[n % 2]) for n in range(40)
    ]
    comments.append(comment(5, "p5", "edited", at_ms=90_000))
    deletion = CommentDeleted(
        event_id="d", campaign_id="c", influencer_id="a", platform="tiktok", occurred_at=OPENS_MS, comment_id="c7"
    )
    generator = Random(seed)
    events = [*comments, deletion, *comments[:3]]
    generator.shuffle(events)
    cut = generator.randrange(1, len(events))
    return [block(*events[:cut]), block(*events[cut:])]


def test_blocks_and_order_do_not_matter() -> None:
    """However facts are cut into blocks, ordered and repeated: the same rows, the same digest, the same blocks."""
    first = fact_set(some_blocks(0))
    assert (len(first.comments), len(first.withdrawn), len(first)) == (41, 1, 42)
    for seed in range(1, 6):
        assert fact_set(some_blocks(seed)) == first
    assert [row[0] for row in first.comments] == sorted(row[0] for row in first.comments)
    assert fact_set(first.blocks("c", COMMENTS)) == first


def test_a_digest_is_an_hmac_of_all_facts() -> None:
    """By hand: HMAC-SHA256 with the key over the MessagePack of each fact with its kind."""
    facts = fact_set([block(comment(1, "mia", "hello", at_ms=5))])
    [row] = facts.comments
    fields = ("c1", "id-mia", "@mia", "hello", "ana", "p", "tiktok", "", False, False)
    assert row == (OPENS_MS + 5, row[1], person_hash("tiktok", "id-mia"), *fields)
    expected = hmac.new(KEY, msgspec.msgpack.encode(["comment", [*row]]), hashlib.sha256).hexdigest()
    assert facts.digest(KEY) == expected
    assert facts.digest(bytes(32)) != expected


@pytest.mark.parametrize(
    "change",
    [
        {"text": "hellO"},
        {"author_handle": "@mia2"},
        {"author_id": "other"},
        {"occurred_at": OPENS_MS + 6},
        {"post_id": "q"},
        {"country": "DE"},
        {"parent_id": "c0"},
        {"comment_id": "c2"},
        {"time_source": "poll_time"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_is_said_of_a_comment_changes_the_digest(change: dict[str, object]) -> None:
    """One field of one comment, and the digest is another one; the event's id is delivery and changes nothing."""
    told = comment(1, "mia", "hello", at_ms=5)
    digest = fact_set([block(told)]).digest(KEY)
    assert fact_set([block(msgspec.structs.replace(told, **change))]).digest(KEY) != digest
    assert fact_set([block(msgspec.structs.replace(told, event_id="again"))]).digest(KEY) == digest


def test_forgotten_people_are_in_no_fact_in_use() -> None:
    """What somebody had said until they were forgotten is left out, what they said later is in."""
    mark = Forgotten(version=1, campaign_id="c", person=person_hash("tiktok", "id-mia"), until_ms=OPENS_MS + 10)
    told = block(comment(1, "mia", at_ms=10), comment(2, "mia", at_ms=11), comment(3, "leo", at_ms=1))
    facts = fact_set([told, mark])
    assert [row[3] for row in facts.comments] == ["c3", "c2"]
    assert facts.forgotten == [mark]


def test_a_ledger_in_order_names_people_by_their_newest_handle() -> None:
    """Whichever comes first in the log, a person's handle is that of the newest comment."""
    old, new = comment(1, "mia", at_ms=1), comment(2, "mia", at_ms=2, author_handle="@mia.new")
    for blocks in ([block(new), block(old)], [block(old, new)]):
        ledger = in_order(Ledger({0: 7}, [LedgerRecord(each.key(), each) for each in blocks]), "c", COMMENTS)
        [person] = people_of(ledger.facts).values()
        assert (person.handle, ledger.offsets) == ("@mia.new", {0: 7})


def test_what_else_a_ledger_tells_stays() -> None:
    """Places whose records are none, accepted as such, are told by the frozen record: they are not lost on the way."""
    place = PoisonedPlace(0, 7, b"x", "0" * 64, None, "no record")
    told = Ledger({0: 9}, [], [place], [place])
    assert (in_order(told, "c", COMMENTS).poisoned, in_order(told, "c", COMMENTS).cleared) == ([place], [place])


def test_an_empty_ledger_has_no_facts() -> None:
    """Nothing is said, and its digest is that of nothing."""
    facts = fact_set([])
    assert (len(facts), facts.digest(KEY)) == (0, hmac.new(KEY, b"", hashlib.sha256).hexdigest())
    assert [each.count for each in facts.blocks("c", CONVERSIONS)] == [0]


def test_what_was_cleared_is_still_named_when_facts_are_put_in_order() -> None:
    """A frozen list names the places of the ledger that were passed over, wherever the facts came from."""
    place = PoisonedPlace(0, 7, None, "0" * 64, "foreign_key", "noise")
    found = in_order(Ledger({0: 9}, [], [], [place]), "c", COMMENTS)
    assert found.cleared == [place]
