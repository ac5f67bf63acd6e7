"""The facts of a ledger as a set: in one order, each once, whatever blocks they came in; and a digest of them.

Two ledgers that were told the same, one over Kafka by several workers and one from files, hold other blocks and the
same set. Whatever is published of a giveaway is made of the set, so that it is the same byte for byte.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from streams.ledger.blocks import EntryBlock, Order, Place, strings_of
from streams.ledger.compaction import Ledger, LedgerRecord
from streams.ledger.fact_names import Alike, Named, column_of, named_of
from streams.ledger.fact_records import BLOCK_VERSION
from streams.ledger.marks import Forgotten
from streams.ledger.people import forgotten_until

BLOCK_COMMENTS: Final = 50_000
_HASHED_FIELDS: Final = 5
"""Fields of an order in a digest: names, which later versions added, would make another one of it."""
_Comment = tuple[int, int, int, str, str, str, str, str, str, str, str, bool, bool]
"""Event time, hashes of comment and person, comment id, author id, handle, text, and the place's fields."""
_encode: Final = msgspec.msgpack.Encoder().encode


class FactSet(Struct, frozen=True):
    """Facts in use, each once: comments by event time, deletions, orders and refunds by hash.

    ``forgotten`` are the marks of those who were forgotten; what these people had said until then is not in use.
    Names are those of deletions and refunds (``streams.ledger.fact_names``).
    """

    comments: list[_Comment]
    withdrawn: list[int]
    orders: list[Order]
    refunded: list[int]
    forgotten: list[Forgotten]
    withdrawn_names: list[Named] = []
    refunded_names: list[Named] = []

    def __len__(self) -> int:
        """How many facts there are."""
        return len(self.comments) + len(self.withdrawn) + len(self.orders) + len(self.refunded)

    def digest(self, key: bytes) -> str:
        """Return the HMAC-SHA256 of all facts under a key, in hex: without the key nothing can be tried against it."""
        found = hmac.new(key, digestmod=hashlib.sha256)
        kinds: tuple[tuple[str, Iterable[object]], ...] = (
            ("comment", self.comments),
            ("withdrawn", self.withdrawn),
            ("order", [msgspec.structs.astuple(order)[:_HASHED_FIELDS] for order in self.orders]),
            ("refunded", self.refunded),
        )
        for kind, facts in kinds:
            for fact in facts:
                found.update(_encode((kind, fact)))
        return found.hexdigest()

    def blocks(self, campaign_id: str, topic: str) -> Iterator[EntryBlock]:
        """Yield the facts in blocks of at most ``BLOCK_COMMENTS`` comments, as if read from one partition."""
        for start in range(0, max(1, len(self.comments)), BLOCK_COMMENTS):
            some = self.comments[start : start + BLOCK_COMMENTS]
            places: dict[tuple[str, str, str, str, bool, bool], int] = {}
            numbers = [places.setdefault(row[7:], len(places)) for row in some]
            strings: dict[str, Any] = strings_of(
                [row[3] for row in some], [row[4] for row in some], [row[5] for row in some], [row[6] for row in some]
            )
            yield EntryBlock(
                version=BLOCK_VERSION,
                campaign_id=campaign_id,
                topic=topic,
                partition=0,
                first_offset=start,
                **strings,
                places=[Place(*each) for each in places],
                place_of=np.array(numbers, dtype="<u4").tobytes(),
                times_ms=np.array([row[0] for row in some], dtype="<i8").tobytes(),
                comments=_hashes([row[1] for row in some]),
                people=_hashes([row[2] for row in some]),
                withdrawn=b"" if start else _hashes(self.withdrawn),
                orders=[] if start else self.orders,
                refunded=b"" if start else _hashes(self.refunded),
                withdrawn_names=b"" if start else column_of(self.withdrawn_names),
                refunded_names=b"" if start else column_of(self.refunded_names),
            )


def fact_set(facts: Iterable[EntryBlock | Forgotten]) -> FactSet:
    """Return the set of facts that blocks hold."""
    facts = list(facts)
    until = forgotten_until(facts)
    blocks = [fact for fact in facts if isinstance(fact, EntryBlock)]
    comments = {row for block in blocks for row in _comments_of(block)}
    if until:
        comments = {row for row in comments if row[0] > until.get(row[2], row[0] - 1)}
    return FactSet(
        comments=sorted(comments),
        withdrawn=sorted({number for block in blocks for number in block.withdrawn_hashes.tolist()}),
        orders=sorted({order for block in blocks for order in block.orders}, key=msgspec.structs.astuple),
        refunded=sorted({number for block in blocks for number in block.refunded_hashes.tolist()}),
        forgotten=sorted({fact for fact in facts if isinstance(fact, Forgotten)}, key=msgspec.structs.astuple),
        withdrawn_names=sorted({named for block in blocks for named in named_of(block.withdrawn_names)}),
        refunded_names=sorted({named for block in blocks for named in named_of(block.refunded_names)}),
    )


def told_apart(facts: FactSet) -> FactSet:
    """Return facts in which nothing has the hash of something else; without names, which have done their work.

    Where no two ids have one hash, which is wherever nobody meant it, the hashes stay as they are.
    """
    comments = Alike(((row[1], row[9], row[3]) for row in facts.comments), facts.withdrawn_names)
    people = Alike(
        ((row[2], row[9], row[4]) for row in facts.comments),
        [(order.person, order.person_name) for order in facts.orders if order.person_name],
    )
    named_orders = [(order.order, order.order_name) for order in facts.orders if order.order_name]
    orders = Alike((), [*named_orders, *facts.refunded_names])
    rows = facts.comments
    if comments or people:
        rows = sorted(
            (row[0], comments.number(row[1], row[9], row[3]), people.number(row[2], row[9], row[4]), *row[3:])
            for row in rows
        )
    told = {
        msgspec.structs.replace(
            order,
            order=orders.named(order.order, order.order_name),
            person=people.named(order.person, order.person_name),
            order_name=b"",
            person_name=b"",
        )
        for order in facts.orders
    }
    return FactSet(
        comments=rows,
        withdrawn=_numbers_of(comments, facts.withdrawn, facts.withdrawn_names),
        orders=sorted(told, key=msgspec.structs.astuple),
        refunded=_numbers_of(orders, facts.refunded, facts.refunded_names),
        forgotten=facts.forgotten,
    )


def _numbers_of(alike: Alike, numbers: list[int], named: list[Named]) -> list[int]:
    """Return by which numbers things are known that have names, and those that have only hashes."""
    with_names = {number for number, _ in named}
    others = [each for number in numbers if number not in with_names for each in alike.all_of(number)]
    return sorted({*(alike.named(*each) for each in named), *others})


def in_order(ledger: Ledger, campaign_id: str, topic: str) -> Ledger:
    """Return a ledger of one campaign with its facts as a set, in their one order; whatever else it tells stays."""
    facts = told_apart(fact_set(ledger.facts))
    ordered: list[EntryBlock | Forgotten] = [*facts.forgotten, *facts.blocks(campaign_id, topic)]
    return msgspec.structs.replace(ledger, records=[LedgerRecord(fact.key(), fact) for fact in ordered])


def _comments_of(block: EntryBlock) -> Iterator[_Comment]:
    places = [msgspec.structs.astuple(place) for place in block.places]
    for at_ms, comment, person, comment_id, author_id, handle, text, place in zip(
        block.event_times_ms.tolist(),
        block.comment_hashes.tolist(),
        block.person_hashes.tolist(),
        block.comment_ids,
        block.author_ids,
        block.handles,
        block.texts,
        block.place_numbers.tolist(),
        strict=True,
    ):
        yield (at_ms, comment, person, comment_id, author_id, handle, text, *places[place])


def _hashes(numbers: list[int]) -> bytes:
    return np.array(numbers, dtype="<u8").tobytes()
