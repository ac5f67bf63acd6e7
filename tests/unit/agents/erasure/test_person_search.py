"""Looking for a person in records: whose they are, who is only named, and what of others is told."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from agents.cli.people import document_of
from agents.erasure.person_records import roles_in
from agents.erasure.person_search import PersonData, PersonSearch
from agents.settings import Settings
from models.actions import Action, PersonTarget, encode_record, record_key
from models.alerts import SampleComment
from models.personal_data import PLACES
from models.topics import COMMENTS, CONVERSIONS, DEAD_LETTERS, DEFINITIONS
from streams.ledger.compaction import Ledger
from streams.ledger.subjects import Asked, Subject
from tests.unit.events import campaign, influencer, value_of

LEO = Subject(Asked("leo"), frozenset({("tiktok", "id-leo")}), frozenset({"leo", "leo.old"}))


def search(*definitions: Any) -> PersonSearch:
    """A search that is given its records by the test."""
    return PersonSearch(Settings(), LEO.asked, None, definitions, lambda *_: None)


def record(value: bytes, key: bytes = b"k") -> Any:
    """A record with this value."""
    return SimpleNamespace(value=value, key=key, timestamp=5, partition=0, offset=7)


def comment(author_id: str, handle: str, text: str, platform: str = "tiktok") -> bytes:
    """A comment as a producer sends it."""
    return value_of("comment.created", author_id=author_id, author_handle=handle, text=text, platform=platform)


def test_own_comments_are_told_whole_and_of_others_only_what_they_said() -> None:
    """Art. 15 is about the person; whoever tags them has rights of their own, so no id of theirs is handed out."""
    looking = search()
    for value in (
        comment("id-leo", "@leo", "mine"),
        comment("id-mia", "@mia", "with @Leo"),
        comment("id-mia", "@mia", "with @leon"),
        comment("id-leo", "@somebody", "of another platform", platform="youtube"),
        b"no event",
    ):
        looking._take_event(COMMENTS, LEO, record(value))
    own, named = looking._found
    assert (own.role, own.data["author_id"], own.data["text"], own.at_ms) == ("author", "id-leo", "mine", 5)
    assert (named.role, named.data["text"]) == ("named", "with @Leo")
    assert "id-mia" not in str(named.data)


def test_orders_are_of_the_account_that_the_shop_names() -> None:
    """The platform of an order is the shop; the buyer's account has its own."""
    looking = search()
    order = {"order_id": "o", "amount": "5", "currency": "EUR", "platform": "shop", "author_id": "id-leo"}
    looking._take_event(CONVERSIONS, LEO, record(value_of("purchase", **order, author_platform="tiktok")))
    looking._take_event(CONVERSIONS, LEO, record(value_of("purchase", **order, author_platform="youtube")))
    assert [(each.role, each.data["order_id"]) for each in looking._found] == [("buyer", "o")]


@pytest.mark.parametrize(
    ("value", "role"),
    [
        (comment("id-leo", "@leo", "x")[:-1] + b', "occurred_at": "never"}', "author"),
        (b"\xff id-leo \x00", "named"),
        (b'{"author_id": 7, "author_handle": "@LEO"', "named"),
        (comment("id-mia", "@mia", "@leo.old"), "named"),
        (comment("id-mia", "@mia", "hello"), ""),
        (comment("id-mia", "@mia", "@leo")[:-1] + b', "more": 1e400}', "named"),
        (comment("id-leo", "@leo", "x")[:-1] + b', "more": "\xff"}', "author"),
        (b'{"from": "J\\u00dcRGEN-Leo",', "named"),
        ("{'from': 'Ｌｅｏ'}".encode(), "named"),
        (b'{"data": {"user": "id-leo", "note": "a delivery as a platform sends it"}}', "named"),
    ],
)
def test_refused_events_are_found_by_their_fields_or_else_by_their_bytes(value: bytes, role: str) -> None:
    """A dead letter may be anything: what cannot be read is looked through for every name and id."""
    looking = search()
    looking._take_letter(DEAD_LETTERS, LEO, record(value))
    assert [(each.place, each.role) for each in looking._found] == ([(DEAD_LETTERS, role)] if role else [])


def test_what_was_decided_about_somebody_is_found_until_it_is_erased() -> None:
    """By the account in any spelling of its platform, and by a note that has the handle; of others nothing."""
    looking = search()
    targets = [("TikTok", "id-leo", ""), ("tiktok", "id-mia", "like leo, I think"), ("tiktok", "id-mia", "a robot")]
    for number, (platform, author_id, note) in enumerate(targets):
        action = Action(
            action_id=f"{number:032x}",
            campaign_id="c",
            kind="hold",
            at_ms=number,
            actor="ann",
            target=PersonTarget(platform=platform, author_id=author_id),
            note=note,
        )
        looking._take_action(LEO, record(encode_record(action), record_key(action)))
    looking._take_action(LEO, record(b"no action"))
    assert [(each.role, each.campaign_id, each.at_ms) for each in looking._found] == [
        ("author", "c", 5),
        ("named", "c", 5),
    ]
    key = looking._found[0].data["key"]
    looking._take_action(LEO, record(b"", key.encode()))
    assert [each.role for each in looking._found] == ["named"]


def test_definitions_name_accounts_in_any_spelling() -> None:
    """An influencer, or somebody who is excluded, by handle, by id or by the address of a profile; not namesakes."""
    definition = campaign(influencer("leo"), influencer("xleo"))
    looking = search(definition)
    looking._search_definitions(LEO)
    assert {each.data["value"].lstrip("@") for each in looking._found} == {"leo"}
    assert {each.place for each in looking._found} == {DEFINITIONS}


def test_comments_without_authors_are_known_by_their_words_and_tags() -> None:
    """What is shown with an alert does not say whose it is: their own words are compared, and tags looked for."""
    shown = [SampleComment(text, -0.5) for text in ("mine", "not mine", "see @leo.old", "see @leonard")]
    assert roles_in(shown, LEO, {"mine"}) == [("author", "mine"), ("named", "see @leo.old")]


def test_the_document_is_json_with_every_place() -> None:
    """What a person gets says of each place what it is for, also where nothing of theirs is."""
    looking = search()
    looking._take_event(COMMENTS, LEO, record(comment("id-leo", "@leo", "mine")))
    data = PersonData(LEO, Ledger({}, []), looking._found, set())
    told = msgspec.json.decode(msgspec.json.encode(document_of(data, 0)))
    assert [each["place"] for each in told["places"]] == [place.name for place in PLACES]
    assert sum(len(each["records"]) for each in told["places"]) == 1
    assert told["accounts"] == [{"platform": "tiktok", "author_id": "id-leo"}]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (b"1e400", "1e400"),
        (b"[" * 900 + b"]" * 900, "[" * 900 + "]" * 900),
    ],
)
def test_what_a_stranger_puts_beside_our_fields_hides_nothing_and_stops_nothing(more: bytes, told: str) -> None:
    """Such events count, because unknown fields are passed over; a person's own is told to them whole."""
    looking = search()
    looking._take_event(
        COMMENTS, LEO, record(comment("id-mia", "@mia", "with @leo")[:-1] + b', "more": ' + more + b"}")
    )
    looking._take_event(COMMENTS, LEO, record(comment("id-leo", "@leo", "mine")[:-1] + b', "more": ' + more + b"}"))
    named, own = looking._found
    assert (named.role, named.data["text"]) == ("named", "with @leo")
    assert own.data["text"] == "mine"
    said = own.data["more"]
    assert said == told or msgspec.json.encode(said).decode() == told
    assert msgspec.json.encode(document_of(PersonData(LEO, Ledger({}, []), looking._found, {COMMENTS}), 0))
