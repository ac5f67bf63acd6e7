"""Forgetting: who is found, and a ledger without one person."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from models.events import Purchase
from models.topics import CONVERSIONS
from streams.giveaway.entries import settled
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import person_hash
from streams.ledger.compaction import Ledger, LedgerRecord
from streams.ledger.fact_records import decode_fact, encode_fact, sealed_mark
from streams.ledger.forgetting import replacements, without_people
from streams.ledger.marks import Forgotten
from streams.ledger.sealing import NO_KEY, key_of
from streams.ledger.subjects import Asked, Subject, accounts_of, subject_of
from tests.unit.ledgers import NAMES, OPENS_MS, block, book, comment

STAND_IN = "gone0"


def subject(name: str, ledger: Ledger, platform: str | None = None) -> Subject:
    """Whom a command means by a name."""
    return subject_of(Asked(name, platform), accounts_of(ledger.facts))


def ledger_of(*facts: EntryBlock | Forgotten) -> Ledger:
    """A ledger of these facts, each under its own key."""
    return Ledger({0: len(facts)}, [LedgerRecord(fact.key(), fact) for fact in facts])


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
    whom = subject("leo", ledger_of(comments))
    found = without_people(comments, {leo}, whom, STAND_IN)
    assert found is not None
    assert found.texts[0] == f"with @{STAND_IN}, @leon and @{STAND_IN}!"
    assert found.author_ids == ["id-mia", "id-noa"]
    assert b"secret" not in encode_fact(found)
    assert b"id-leo" not in encode_fact(found)
    orders = without_people(block(order, topic=CONVERSIONS), {leo}, whom, STAND_IN)
    assert orders is not None
    assert orders.orders == []
    assert without_people(block(comment(3, "noa")), {leo}, whom, STAND_IN) is None
    assert without_people(found, {leo}, whom, STAND_IN) is None
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
    person, whom = person_hash("tiktok", f"id-{who}"), subject(f"@{who}", ledger_of(*blocks))
    rewritten = [without_people(each, {person}, whom, STAND_IN) or each for each in blocks]
    before = settled(rules, blocks).chances_of_people()
    before.pop(person, None)
    assert settled(rules, rewritten).chances_of_people() == before
    assert all(f"id-{who}".encode() not in encode_fact(each) for each in rewritten)


def test_somebody_forgotten_is_found_again_after_a_redelivery() -> None:
    """A second `forget` removes what was written down again after the first."""
    written = block(comment(1, "leo", "secret"), comment(2, "mia"))
    mark = Forgotten(version=1, campaign_id="c", person=person_hash("tiktok", "id-leo"), until_ms=OPENS_MS + 10)
    ledger = ledger_of(mark, written)
    whom = subject("@LEO", ledger)
    assert whom.accounts == {("tiktok", "id-leo")}
    records = replacements(ledger, "c", whom, OPENS_MS + 20, STAND_IN)
    new, _ = sealed_mark(msgspec.structs.replace(mark, until_ms=OPENS_MS + 20), NO_KEY)
    assert [(key, value is None) for key, value in records] == [
        (new, False),
        (mark.key(), True),
        (written.key(), False),
    ]
    assert not any(b"secret" in (value or b"") or b"id-leo" in (value or b"") for _, value in records)
    assert subject("leo", ledger, "instagram").accounts == frozenset()


def test_a_person_is_found_by_id_or_by_any_handle_they_have_had() -> None:
    """An id is taken as it is, a handle in any spelling; a handle that two accounts have had names both."""
    here = block(
        comment(1, "leo"), comment(2, "mia", platform="instagram"), comment(3, "leo", author_handle="@leo.new")
    )
    ledger = ledger_of(here)
    assert subject("id-leo", ledger).handles == {"leo", "leo.new"}
    assert subject("LEO", ledger).handles == {"leo", "leo.new"}
    assert subject("id-mia", ledger).accounts == {("instagram", "id-mia")}
    assert subject("ID-MIA", ledger).accounts == frozenset()
    taken_over = ledger_of(here, block(comment(4, "zoe", author_handle="@leo")))
    assert subject("leo", taken_over).other_ids() == ["tiktok/id-leo", "tiktok/id-zoe"]


def test_what_replaces_a_ledger_is_the_mark_and_the_blocks_that_change() -> None:
    """The mark comes first, blocks of others and of other campaigns are not written again."""
    written, other = block(comment(1, "leo"), comment(2, "mia")), block(comment(3, "noa"))
    elsewhere = msgspec.structs.replace(written, campaign_id="d")
    ledger = Ledger(
        {0: 3}, [LedgerRecord(key, fact) for key, fact in ((b"1", written), (b"2", other), (b"3", elsewhere))]
    )
    mark, redacted = replacements(ledger, "c", subject("id-leo", ledger), 77, STAND_IN)
    assert decode_fact(mark[0], mark[1] or b"") == Forgotten(
        version=1, campaign_id="c", person=person_hash("tiktok", "id-leo"), until_ms=77
    )
    assert redacted[0] == b"1"
    assert redacted[1] is not None
    assert (b"id-leo" in redacted[1], b"id-mia" in redacted[1]) == (False, True)


def test_somebody_who_was_only_tagged_is_forgotten_without_a_mark() -> None:
    """They have no account in the ledger: every tag of theirs gets another name, and nobody's entry goes."""
    ledger = ledger_of(block(comment(1, "mia", "with @Leo"), comment(2, "noa", "LEO@mail.example, leo, leon")))
    [(_, tagged)] = replacements(ledger, "c", subject("leo", ledger), 77, STAND_IN)
    assert tagged is not None
    assert (b"@Leo" in tagged, b"id-mia" in tagged, b"LEO@mail" in tagged) == (False, True, True)
    [(key, worded)] = replacements(ledger, "c", subject("leo", ledger), 77, STAND_IN, words=True)
    block_without = decode_fact(key, worded or b"")
    assert isinstance(block_without, EntryBlock)
    assert block_without.texts == [f"with @{STAND_IN}", f"{STAND_IN}@mail.example, {STAND_IN}, leon"]


def test_two_accounts_of_one_handle_go_together() -> None:
    """A block is written once, without both: written twice, the second would bring the first one back."""
    ledger = ledger_of(block(comment(1, "leo"), comment(2, "leo", platform="instagram"), comment(3, "mia")))
    records = replacements(ledger, "c", subject("leo", ledger), 77, STAND_IN)
    assert len(records) == 3
    last = records[-1][1] or b""
    assert (b"id-leo" in last, b"id-mia" in last) == (False, True)


def test_marks_of_before_the_key_are_sealed_with_it_at_the_next_chance() -> None:
    """Whoever sets a key has the old marks of the campaign written anew when anybody is forgotten, with their times."""
    leo = Forgotten(version=1, campaign_id="c", person=person_hash("tiktok", "id-leo"), until_ms=5)
    key = key_of("a secret of the group")
    ledger = ledger_of(leo, block(comment(1, "mia")))
    records = replacements(ledger, "c", subject("id-mia", ledger), 9, STAND_IN, key)
    marks = [decode_fact(name, value, key) for name, value in records[:2] if value is not None]
    assert {(mark.person, mark.until_ms) for mark in marks if isinstance(mark, Forgotten)} == {
        (leo.person, 5),
        (person_hash("tiktok", "id-mia"), 9),
    }
    assert (leo.key(), None) in records
