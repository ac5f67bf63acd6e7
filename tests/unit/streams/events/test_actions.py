"""Actions of the desk put together: the same set gives the same, in whatever order and however often it comes."""

from itertools import permutations

import msgspec
import pytest

from models.actions import (
    MUTE_MS,
    Action,
    ActionOutcome,
    ActionRecord,
    AlertTarget,
    LettersTarget,
    PersonTarget,
    action_id_of,
    decode_record,
    encode_record,
    record_key,
)
from streams.events.actions import ActionBook

MIA = PersonTarget(platform="tiktok", author_id="id-mia")


def action(number: int, kind: str, at_ms: int, **fields: object) -> Action:
    """An action of the campaign c, by default about mia."""
    made = {
        "action_id": f"{number:032x}",
        "campaign_id": "c",
        "kind": kind,
        "at_ms": at_ms,
        "actor": "ann",
        "target": MIA,
        **fields,
    }
    return Action(**made)  # type: ignore[arg-type]  # fields by name


def redrive(number: int) -> Action:
    """A redrive."""
    return action(number, "redrive", number, target=LettersTarget(reason="unknown_campaign", before={"0": 7}))


def outcome(number: int, redriven: int) -> ActionOutcome:
    """What became of it."""
    return ActionOutcome(
        action_id=f"{number:032x}", campaign_id="c", at_ms=9, letters=3, redriven=redriven, hindered=0, open=0
    )


def book_of(*records: ActionRecord) -> ActionBook:
    """A book that has read these."""
    book = ActionBook()
    for record in records:
        book.take(record_key(record), record)
    return book


def test_the_newest_decision_about_a_person_holds_whatever_order_they_come_in() -> None:
    """Redelivered too; of one millisecond the greater id, so that every reader says the same."""
    made = [action(1, "hold", 10), action(3, "clear", 20), action(2, "hold", 20)]
    for order in permutations(made):
        book = book_of(*order, order[0])
        assert book.decisions("c") == {("tiktok", "id-mia"): book.decisions("c")["tiktok", "id-mia"]}
        assert (book.decisions("c")["tiktok", "id-mia"].decision, book.newest_ms("c")) == ("clear", 20)
        assert [each.action_id[-1] for each in book.actions("c")] == ["3", "2", "1"]


def test_a_platform_is_the_same_in_every_spelling() -> None:
    """As everywhere where people are known."""
    other = action(2, "clear", 20, target=PersonTarget(platform="TikTok", author_id="id-mia"))
    assert list(book_of(action(1, "hold", 10), other).decisions("c")) == [("tiktok", "id-mia")]


def test_what_was_erased_was_never_there() -> None:
    """The decision before it holds again; a change is a change, and nothing twice is none."""
    first, second = action(1, "hold", 10), action(2, "clear", 20)
    book = book_of(first, second)
    assert (book.changes("c"), book.take(record_key(second), second)) == (2, None)
    assert book.take(record_key(second), None) == "c"
    assert (book.changes("c"), book.take(record_key(second), None)) == (3, None)
    assert book.decisions("c")["tiktok", "id-mia"].action == first
    assert book_of().decisions("c") == {}


def test_a_redrive_is_open_until_it_has_an_outcome() -> None:
    """The later outcome is the one; that of another campaign's action is none of it."""
    book = book_of(redrive(1), redrive(2), outcome(1, 3))
    assert book.open_redrives() == [redrive(2)]
    assert book.outcome(redrive(1)) == outcome(1, 3)
    book.take(record_key(outcome(1, 2)), outcome(1, 2))
    assert book.outcome(redrive(1)) == outcome(1, 2)


def test_the_same_request_of_the_same_key_has_the_same_id() -> None:
    """Of another campaign, key or request another one; parts are not run together."""
    ids = [action_id_of(*each) for each in (("c", "k", "r"), ("ck", "", "r"), ("c", "kr", ""), ("c", "k", "x"))]
    assert ids[0] == action_id_of("c", "k", "r")
    assert len(set(ids)) == len(ids)
    assert all(len(each) == 32 for each in ids)


def test_a_record_is_read_as_it_was_written() -> None:
    """With its kind; a mute says when it ends. What is none is refused."""
    mute = action(1, "mute", 5, target=AlertTarget(rule="feed_silent"))
    for record in (mute, redrive(2), outcome(2, 1)):
        assert decode_record(encode_record(record)) == record
    assert mute.muted_until_ms == 5 + MUTE_MS == 3_600_005
    assert redrive(2).muted_until_ms is None
    wrong = msgspec.json.decode(encode_record(mute))
    for change in ({"kind": "hold"}, {"more": 1}, {"at_ms": -1}, {"action_id": "x"}, {"note": "x" * 501}):
        with pytest.raises(msgspec.ValidationError):
            decode_record(msgspec.json.encode({**wrong, **change}))
