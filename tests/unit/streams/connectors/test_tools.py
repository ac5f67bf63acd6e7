"""Forms, analytics, envelopes and described sources, beyond the plain ones."""

import base64
import json
from typing import Any

import msgspec
import pytest

from models.sources import SourceRules
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.translation import translate
from tests.unit.streams.connectors.deliveries import delivery, events_of, kept, mapped, notes_of
from tests.unit.streams.connectors.test_shops import with_definition

CLICK = {
    "type": "click",
    "event_id": "c-1",
    "campaign_id": "spring",
    "platform": "shop",
    "occurred_at": "2026-04-18T16:04:05Z",
    "click_id": "ana-1",
}


def test_own_events_come_alone_in_an_array_or_one_a_line() -> None:
    """All three are the same events."""
    second = {**CLICK, "event_id": "c-2"}
    lines = b"\n".join(json.dumps(each).encode() for each in (CLICK, second))
    assert [event["event_id"] for event in events_of(delivery("events", CLICK))] == ["c-1"]
    assert events_of(delivery("events", [CLICK, second])) == events_of(delivery("events", lines))
    assert len(events_of(delivery("events", lines, content_type="application/x-ndjson"))) == 2


def test_an_own_event_that_a_worker_would_refuse_is_refused_with_its_reason() -> None:
    """The very same rules: a wrong item among good ones costs only itself."""
    wrong = {**CLICK, "type": "purchase", "order_id": "o", "amount": "1.0", "currency": "ZZZ"}
    one = delivery("events", [CLICK, wrong, {**CLICK, "occurred_at": "tomorrow"}, 7])
    assert len(events_of(one)) == 1
    reasons = notes_of(one, "unmapped")
    assert len(reasons) == 3
    assert "ISO 4217" in reasons[0]
    assert "occurred_at" in reasons[1] or "no time" in reasons[1]


def test_an_own_event_of_an_unknown_campaign_counts() -> None:
    """As it does for workers: the definition may come later."""
    (event,) = events_of(delivery("events", {**CLICK, "campaign_id": "autumn"}))
    assert event["campaign_id"] == "autumn"


def test_a_batch_of_cloud_events_is_read_with_data_in_base64_too() -> None:
    """The third mode, and the way that binary data takes in JSON."""
    data = {name: value for name, value in CLICK.items() if name not in {"type", "event_id"}}
    envelope = {"specversion": "1.0", "id": "1", "source": "/s", "type": "com.shop.click", "time": CLICK["occurred_at"]}
    packed = {**envelope, "id": "2", "data_base64": base64.b64encode(json.dumps(data).encode()).decode()}
    batch = [{**envelope, "data": data}, packed, {"id": "3"}]
    one = delivery("cloudevents-main", batch, content_type="application/cloudevents-batch+json")
    assert [event["event_id"] for event in events_of(one)] == ["/s#1", "/s#2"]
    assert "specversion" in notes_of(one, "unmapped")[0]


def test_a_batch_of_segment_is_many_calls() -> None:
    """Pages with a campaign link are clicks; a name of the shop's own is what the definition says."""
    context = {"campaign": {"source": "ana", "name": "spring-giveaway"}}
    call = {"messageId": "m", "timestamp": "2026-04-18T16:04:05.000Z", "context": context}
    calls = [
        {**call, "type": "page", "messageId": "p-1"},
        {**call, "type": "track", "event": "Joined", "messageId": "t-1"},
        {**call, "type": "page", "messageId": "p-2", "context": {}},
        {**call, "type": "identify", "messageId": "i-1"},
    ]
    one = delivery("segment-main", {"batch": calls})
    named = msgspec.structs.replace(one, rules=SourceRules(names={"Joined": "signup"}))
    assert [(each["type"], each["event_id"]) for each in events_of(named)] == [("click", "p-1"), ("signup", "t-1")]


def test_a_visit_is_one_click_however_many_pages_it_has() -> None:
    """By its session; pages without a campaign link are nobody's."""
    params = {"page_location": "https://shop.example/?utm_source=ana&utm_campaign=spring-giveaway", "session_id": "7"}
    events = [{"name": "session_start", "params": params}, {"name": "page_view", "params": params}]
    events += [{"name": "page_view", "params": {"session_id": "8"}}]
    body = {"client_id": "c", "timestamp_micros": 1_776_528_245_250_000, "events": events}
    assert {event["event_id"] for event in events_of(delivery("ga4-main", body))} == {"ga4:session:c:7"}


def test_milliseconds_sent_by_mistake_are_recognised_by_their_size() -> None:
    """13 digits where 16 are documented."""
    event = {"name": "sign_up", "params": {}, "timestamp_micros": 1_776_528_245_250}
    (signup,) = events_of(delivery("ga4-main", {"client_id": "c", "events": [event]}))
    assert signup["occurred_at"] == 1_776_528_245_250


def test_what_somebody_wrote_in_gleam_is_a_comment_of_a_pseudo_post() -> None:
    """So that the rules of a giveaway and its draw hold for answers to questions."""
    body = json.loads(kept("gleam_post_entry.json").body)
    body["entry"] |= {"type": "question", "value": "forty two"}
    placer = with_definition(sources={"gleam-main": {"default": True, "influencer_id": "ana"}})
    (event,) = events_of(delivery("gleam-main", body), placer)
    assert (event["type"], event["post_id"], event["text"]) == ("comment.created", "gleam:a1XyD", "forty two")


def test_without_a_key_no_pseudonym_is_made() -> None:
    """An unkeyed hash of an e-mail address is as good as the address."""
    one = msgspec.structs.replace(kept("gleam_post_entry.json"), person_key=None)
    assert "author_id" not in events_of(one)[0]


ENTRY = {"id": "promo-1", "promotion_id": "1", "email": "Mia@example.com", "time_stamp": "2026-04-18 18:04:05"}


def test_an_entry_of_viralsweep_needs_a_zone() -> None:
    """Its time has no offset: without a zone it is refused, not guessed."""
    assert "time_zone" in notes_of(delivery("viralsweep-main", ENTRY), "unmapped")[0]
    placer = with_definition(sources={"viralsweep-main": {"default": True, "time_zone": "Europe/Vienna"}})
    rules = placer.rules("viralsweep-main")
    other = {**ENTRY, "email": "tom@example.com"}
    one = msgspec.structs.replace(delivery("viralsweep-main", [ENTRY, other]), rules=rules)
    first, second = events_of(one, placer)
    assert first["occurred_at"] == "2026-04-18T18:04:05+02:00"
    assert first["event_id"] != second["event_id"]  # `id` is the promotion's, not the entry's


DESCRIBED = {
    "kind": "generic",
    "default": True,
    "time_zone": "Europe/Vienna",
    "mapping": {
        "platform": "forms",
        "items": "data.rows",
        "type_path": "what",
        "types": {"joined": "signup", "bought": "purchase"},
        "fields": {
            "event_id": "ref",
            "occurred_at": "when",
            "email": "who.mail",
            "order_id": "no",
            "amount": "sum",
            "currency": "cur",
            "discount_code": "codes.0",
        },
    },
}


def test_a_described_source_is_mapped_by_its_paths() -> None:
    """Types by a table, numbers as texts where the field is one, local times by the zone."""
    placer = with_definition(sources={"tool": DESCRIBED})
    rows = [
        {"what": "joined", "ref": 5, "when": "2026-04-18 18:04:05", "who": {"mail": "mia@example.com"}},
        {"what": "bought", "ref": 6, "when": 1_776_528_245, "no": 9, "sum": 12.5, "cur": "eur", "codes": ["ANASPRING"]},
        {"what": "left", "ref": 7},
        {"what": "joined"},
    ]
    one = msgspec.structs.replace(delivery("tool", {"data": {"rows": rows}}), rules=placer.rules("tool"))
    done = translate(one, placer, CATALOGUE["generic"].read)
    signup, purchase = (json.loads(event.value) for event in done.events)
    assert (signup["event_id"], signup["occurred_at"]) == ("5", "2026-04-18T18:04:05+02:00")
    assert signup["author_id"].startswith("e:")
    assert (purchase["order_id"], purchase["amount"], purchase["currency"]) == ("9", "12.5", "EUR")
    assert (purchase["occurred_at"], purchase["influencer_id"]) == (1_776_528_245_000, "ana")
    assert "left" in done.of_kind("ignored")[0]
    assert "ref" in done.of_kind("unmapped")[0]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": "shopify"}, "mapping"),
        ({"mapping": None}, "mapping"),
        ({"time_zone": "Vienna"}, "no zone"),
        ({"mapping": {**DESCRIBED["mapping"], "fields": {"post_id": "p"}}}, "event_id"),  # type: ignore[dict-item]  # JSON
        ({"mapping": {"platform": "p", "fields": {"event_id": "i"}}}, "type"),
        ({"signature": {"header": "X", "signed": "{timestamp}.{body}"}}, "timestamp_header"),
        ({"signature": {"header": "X", "signed": "{timestamp}"}}, "body"),
        ({"signature": {"header": "X", "tolerance_seconds": 300}}, "proves nothing"),
        ({"influencer_id": "nobody"}, "takes no part"),
    ],
)
def test_a_description_that_cannot_work_is_refused(changes: dict[str, Any], problem: str) -> None:
    """When the definition is checked, not when the first event is lost."""
    with pytest.raises(msgspec.ValidationError, match=problem):
        with_definition(sources={"tool": {**DESCRIBED, **changes}})


def test_a_message_of_standard_webhooks_has_the_id_of_its_header() -> None:
    """``webhook-id`` stays the same when it is sent again; without it there is nothing to know a retry by."""
    assert [event["event_id"] for event in events_of(kept("standard_webhooks.json"))] == ["msg_pulse1"]
    bare = msgspec.structs.replace(kept("standard_webhooks.json"), headers={})
    assert "webhook-id" in mapped(bare).of_kind("unmapped")[0]
