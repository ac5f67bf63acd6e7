"""Forgetting: who is found, and a ledger without one person."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from models.events import Purchase
from models.topics import CONVERSIONS
from streams.giveaway.entries import settled
from streams.ledger.blocks import Forgotten, decode_fact, encode_fact
from streams.ledger.collector import person_hash
from streams.ledger.compaction import Ledger, LedgerRecord
from streams.ledger.forgetting import find_people, replacements, without_person
from streams.ledger.people import Person, hash_of
from tests.unit.ledgers import NAMES, OPENS_MS, block, book, comment

STAND_IN = "gone0"


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


def test_a_person_is_found_by_id_or_handle_in_every_campaign() -> None:
    """An id is taken as it is, a handle in any spelling; a person of several campaigns is found in each."""
    here = block(comment(1, "leo"), comment(2, "mia", platform="instagram"))
    there = msgspec.structs.replace(block(comment(3, "leo")), campaign_id="d")
    ledger = Ledger({0: 2}, [LedgerRecord(b"1", here), LedgerRecord(b"2", there)])
    assert [campaign for campaign, _ in find_people(ledger, "Leo", None)] == ["c", "d"]
    assert [person.platform for _, person in find_people(ledger, "id-mia", None)] == ["instagram"]
    assert find_people(ledger, "ID-MIA", None) == []


def test_what_replaces_a_ledger_is_the_mark_and_the_blocks_that_change() -> None:
    """The mark comes first, blocks of others and of other campaigns are not written again."""
    written, other = block(comment(1, "leo"), comment(2, "mia")), block(comment(3, "noa"))
    elsewhere = msgspec.structs.replace(written, campaign_id="d")
    ledger = Ledger(
        {0: 3}, [LedgerRecord(key, fact) for key, fact in ((b"1", written), (b"2", other), (b"3", elsewhere))]
    )
    mark, redacted = replacements(ledger, "c", Person("tiktok", "id-leo", "@leo"), 77, STAND_IN)
    assert decode_fact(*mark) == Forgotten(
        version=1, campaign_id="c", person=person_hash("tiktok", "id-leo"), until_ms=77
    )
    assert (redacted[0], b"id-leo" in redacted[1], b"id-mia" in redacted[1]) == (b"1", False, True)
