"""What has one hash and is not the same is told apart, in whatever order it came; older ledgers read as before."""

from pathlib import Path
from random import Random

import msgspec
import pytest

from models.events import CommentDeleted, Purchase, Refund
from models.topics import COMMENTS, CONVERSIONS
from streams.columns.formats import PoisonedRecord
from streams.giveaway.loaded import GiveawayData, loaded_giveaway
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import blocks_of, person_hash
from streams.ledger.compaction import Ledger, LedgerRecord, union_of
from streams.ledger.fact_names import Alike, column_of, name_of, named_of
from streams.ledger.fact_records import decode_fact, encode_fact
from streams.ledger.fact_set import fact_set, told_apart
from tests.unit.collisions import colliding_ids
from tests.unit.events import NOON_MS, event_of
from tests.unit.ledgers import OPENS_MS, block, comment, loaded

PLATFORM, (HONEST, CRAFTED, THIRD) = colliding_ids(3)
GOLDEN = Path(__file__).parents[2] / "golden"


def giveaway(*blocks: EntryBlock, **rules: object) -> GiveawayData:
    """A giveaway as a draw loads it from these blocks."""
    data = loaded(*blocks, **rules)
    records = [LedgerRecord(b"%d" % number, fact) for number, fact in enumerate(blocks)]
    return loaded_giveaway(data.definition, data.rules, Ledger({0: len(records)}, records))


def entry(number: int, author: str, comment_id: str | None = None) -> EntryBlock:
    """One comment on the platform of the colliding ids, as a block."""
    made = comment(number, "x", at_ms=number, platform=PLATFORM, author_handle=f"@handle{number}")
    return block(msgspec.structs.replace(made, author_id=author, comment_id=comment_id or made.comment_id))


def deletion(comment_id: str) -> EntryBlock:
    """The deletion of a comment."""
    common = {"event_id": "d", "campaign_id": "c", "influencer_id": "ana", "occurred_at": OPENS_MS}
    return block(CommentDeleted(**common, platform=PLATFORM, comment_id=comment_id))


def names_in(data: GiveawayData) -> dict[str, int]:
    """The chances of everybody who takes part, by author id."""
    return {data.people[number].author_id: lots for number, lots in data.entries().chances_of_people().items()}


def test_people_whose_ids_collide_take_part_each_under_their_own_name() -> None:
    """Of three authors with one hash a draw has three entrants, whichever came first."""
    blocks = [entry(1, HONEST), entry(2, CRAFTED), entry(3, THIRD), entry(4, "somebody")]
    assert len({person_hash(PLATFORM, each) for each in (HONEST, CRAFTED, THIRD)}) == 1
    expected = {HONEST: 1, CRAFTED: 1, THIRD: 1, "somebody": 1}
    for seed in range(4):
        Random(seed).shuffle(blocks)
        data = giveaway(*blocks)
        assert names_in(data) == expected
        in_time = giveaway(*sorted(blocks, key=lambda each: each.times_ms))
        assert (data.ledger.facts, data.people) == (in_time.ledger.facts, in_time.people)


def test_a_crafted_comment_swallows_no_entry_and_its_deletion_takes_none_back() -> None:
    """Both comments of one hash are entries; a deletion of one leaves the other."""
    blocks = [entry(1, "mia", HONEST), entry(2, "leo", CRAFTED)]
    assert names_in(giveaway(*blocks)) == {"mia": 1, "leo": 1}
    assert names_in(giveaway(*blocks, deletion(CRAFTED))) == {"mia": 1}
    assert names_in(giveaway(entry(1, "mia", HONEST), deletion(CRAFTED))) == {"mia": 1}
    assert names_in(giveaway(entry(1, "mia", HONEST), deletion(HONEST))) == {}


def bought(order_id: str, author: str, kind: type[Purchase] | type[Refund] = Purchase) -> EntryBlock:
    """A purchase with a code, or its refund, as a block."""
    own = {"author_id": author, "author_platform": PLATFORM, "discount_code": "ANA"}
    event = kind(
        event_id="o", campaign_id="c", platform=PLATFORM, occurred_at=OPENS_MS + 50, influencer_id="ana",
        order_id=order_id, amount="10", currency="EUR", **own,
    )  # fmt: skip
    return block(event, topic=CONVERSIONS)


def test_bonus_and_refund_go_to_the_order_they_name() -> None:
    """Orders of one hash, and buyers of one hash: each order has its buyer, and a refund its order."""
    people = [entry(1, HONEST), entry(2, CRAFTED)]
    orders = [bought(HONEST, HONEST), bought(CRAFTED, CRAFTED)]
    facts = told_apart(fact_set([*people, *orders, bought(CRAFTED, CRAFTED, Refund)]))
    assert len({order.order for order in facts.orders}) == len({order.person for order in facts.orders}) == 2
    people_of_facts = {row[4]: row[2] for row in facts.comments}
    [refunded] = facts.refunded
    [order] = [order for order in facts.orders if order.order == refunded]
    assert order.person == people_of_facts[CRAFTED]


def test_facts_that_have_only_hashes_are_about_everything_that_has_them() -> None:
    """A deletion of before names had counts for both comments; where nothing collides, it counts as it did."""
    old = msgspec.structs.replace(deletion(CRAFTED), withdrawn_names=b"")
    blocks = [entry(1, "mia", HONEST), entry(2, "leo", CRAFTED)]
    assert names_in(giveaway(*blocks, old)) == {}
    assert names_in(giveaway(blocks[0], old)) == {}
    assert names_in(giveaway(entry(1, "mia"), old)) == {"mia": 1}


def test_a_ledger_without_collisions_keeps_its_hashes() -> None:
    """What was published of it stays the same, byte for byte."""
    blocks = [entry(number, f"id-{number % 3}", f"c{number}") for number in range(9)]
    facts = fact_set([*blocks, deletion("c3")])
    told = told_apart(facts)
    assert (told.comments, told.withdrawn, told.digest(b"k")) == (facts.comments, facts.withdrawn, facts.digest(b"k"))


def test_blocks_of_format_2_are_read_with_the_same_facts() -> None:
    """Comments, deletion, orders and refund of the version before names, and the digest that it made of them."""
    key = b'["block","c","t",0,0]'
    stored = [decode_fact(key, (GOLDEN / f"{kind}-block-format-2.msgpack").read_bytes()) for kind in ("entry", "order")]
    blocks = [each for each in stored if isinstance(each, EntryBlock)]
    comments = [
        event_of(
            "comment.created", f"k{n}", NOON_MS + n, author_id=f"a{n}", author_handle=f"@h{n}", text=f"text {n} @x"
        )
        for n in range(3)
    ]
    orders = [
        event_of("purchase", "o1", NOON_MS + 5, author_id="a0", discount_code="ANA"),
        event_of("purchase", "o2", NOON_MS + 6, author_id="a2", discount_code="ANA"),
        event_of("refund", "r", NOON_MS + 7, order_id="o2"),
    ]
    taken_back = event_of("comment.deleted", "d", NOON_MS + 9, comment_id="k1")
    now = [*blocks_of("c", COMMENTS, [*comments, taken_back]), *blocks_of("c", CONVERSIONS, orders)]
    assert told_apart(fact_set(blocks)) == told_apart(fact_set(now)) == told_apart(fact_set([*blocks, *now]))
    published = "d9a7b6c42303b4f81b26c36f0b630cffbf6232132082abcc9e018b01c0ef3e33"
    assert told_apart(fact_set(blocks)).digest(bytes(range(32))) == published


def test_union_keeps_the_names_of_both() -> None:
    """A block that is read again after a crash has the names of what both had, each once."""
    one, other = deletion(HONEST), deletion(CRAFTED)
    both = union_of(one, union_of(one, other))
    assert dict(reversed(list(named_of(both.withdrawn_names)))).keys() == set(both.withdrawn_hashes.tolist())
    assert {name for _, name in named_of(both.withdrawn_names)} == {
        name_of(PLATFORM, each) for each in (HONEST, CRAFTED)
    }


@pytest.mark.parametrize("change", [{"withdrawn_names": b"x" * 23}, {"refunded_names": b"x"}])
def test_parts_of_names_are_damage(change: dict[str, bytes]) -> None:
    """A column that is no list of hashes and names is set aside when it is read."""
    made = msgspec.structs.replace(entry(1, "mia"), **change)
    with pytest.raises(PoisonedRecord, match="a part of a name"):
        decode_fact(made.key(), encode_fact(made))


def test_numbers_are_nobody_elses() -> None:
    """Of those that are alike each has a number that is not 0 and that nothing else has; the others keep theirs."""
    ids = [(7, "p", "a"), (7, "p", "b"), (7, "P", "a"), (9, "p", "c")]
    alike = Alike(ids, [(7, name_of("p", "d")), (9, name_of("p", "c"))])
    numbers = [alike.number(7, "p", each) for each in "abd"]
    assert len({*numbers, 0, 7, 9}) == 6
    assert sorted(numbers) == sorted(alike.all_of(7))
    assert alike.number(7, "P", "a") == numbers[0]
    assert (alike.number(9, "p", "c"), alike.all_of(9), alike.all_of(5)) == (9, [9], [5])
    assert alike.named(7, name_of("p", "d")) == numbers[2]
    assert not Alike(ids[3:], [])
    assert list(named_of(column_of([(2, b"n" * 16), (1, b"m" * 16), (2, b"n" * 16)]))) == [
        (1, b"m" * 16),
        (2, b"n" * 16),
    ]
