"""Webhooks over HTTP: who is let in, what is answered, and what becomes of what cannot be mapped or confirmed."""

import gzip
import json
import time
from pathlib import Path

import pytest

from gateway.inbox import kept_of
from gateway.intake import mapped_late
from models.deadletters import DeadLetter
from models.topics import DEAD_LETTERS, INBOX
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.translation import translate
from tests.unit.gateway.asking import Gateway
from tests.unit.streams.connectors.deliveries import FOLDER, SIGNED, hex_hmac, kept

AGELESS = [name for name in SIGNED if not name.startswith(("stripe", "standard"))]
GLEAM = (FOLDER / "gleam_post_entry.json").read_bytes()


# An entry of SweepWidget happens when it arrives, and the campaign of the tests is over.
@pytest.mark.parametrize("name", [name for name in AGELESS if not name.startswith("sweepwidget")])
def test_an_authentic_delivery_is_sent_and_then_answered(name: str) -> None:
    """Its events, and its body as it came, with what is needed to read it again; never its signature."""
    gateway = Gateway()
    answer = gateway.hook(name)
    assert answer.status == 200
    assert answer.json["events"] == len(gateway.events) > 0
    (raw,) = gateway.of(INBOX)
    assert raw.value == kept(name).body
    headers = dict(raw.headers)
    assert headers["pulse.source"].decode() == SIGNED[name]
    assert not [header for header in headers if "signature" in header or "hmac" in header]


@pytest.mark.parametrize("name", AGELESS)
def test_a_changed_delivery_is_refused_and_leaves_nothing(name: str) -> None:
    """401 with a reason; a hub of YouTube is told nothing (WebSub), and nothing of it counts either."""
    gateway, one = Gateway(), kept(name)
    kind, _, endpoint = one.source.partition("-")
    answer = gateway.ask(f"/v1/hooks/{kind}/{endpoint}", one.body + b" ", dict(one.headers))
    assert answer.status == (200 if kind == "youtube" else 401)
    if kind != "youtube":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["type"] == "urn:campaign-pulse:problem:wrong_signature"
    assert gateway.published == []


def test_a_signature_that_was_kept_is_too_old() -> None:
    """Stripe signs the time: what was recorded in April cannot be played back in autumn."""
    answer = Gateway().hook("stripe_checkout_session_completed.json")
    assert (answer.status, answer.json["type"]) == (401, "urn:campaign-pulse:problem:too_old")


def test_two_signatures_in_a_header_are_none() -> None:
    """Which one a proxy in between would have looked at is not known."""
    gateway, one = Gateway(), kept("instagram_comments.json")
    twice = [*one.headers.items(), ("x-hub-signature-256", one.headers["x-hub-signature-256"])]
    assert gateway.ask("/v1/hooks/instagram/main", one.body, twice).status == 401


def test_a_source_that_is_not_set_up_is_not_there() -> None:
    """Whether its kind exists or only its secret is missing: a stranger learns nothing."""
    gateway = Gateway()
    for path in ("/v1/hooks/myspace/main", "/v1/hooks/shopify/other", "/v1/hooks/events/main"):
        answer = gateway.ask(path, b"{}")
        assert (answer.status, answer.json["type"]) == (404, "urn:campaign-pulse:problem:unknown_source")


def test_a_sender_that_cannot_sign_has_its_secret_in_the_address() -> None:
    """Or in a header; Gleam takes 201 for success."""
    gateway = Gateway()
    assert gateway.ask("/v1/hooks/gleam/main.path-secret", GLEAM).status == 201
    assert gateway.ask("/v1/hooks/gleam/main", GLEAM, {"X-Pulse-Secret": "path-secret"}).status == 201
    assert gateway.ask("/v1/hooks/gleam/main", GLEAM).status == 401
    assert gateway.ask("/v1/hooks/gleam/main.other", GLEAM).status == 401


def test_handshakes_are_answered_over_http() -> None:
    """X's challenge; a wrong question is refused; WooCommerce's ping is unsigned."""
    gateway = Gateway()
    answer = gateway.ask("/v1/hooks/x/main?crc_token=challenge_string")
    assert answer.json == {"response_token": "sha256=Mh91teySBWI4Mi/M5j5jgDFjp2IIQhy8AWNxU0NSqQc="}
    assert gateway.ask("/v1/hooks/instagram/main?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x").status == 403
    assert gateway.ask("/v1/hooks/woo/at", b"webhook_id=12").status == 200
    assert gateway.published == []


def test_twitch_gets_its_challenge_when_it_is_signed() -> None:
    """The body is JSON, the answer is the bare text."""
    gateway, body = Gateway(), b'{"challenge": "abc", "subscription": {"type": "channel.chat.message"}}'
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    headers = {
        "Twitch-Eventsub-Message-Id": "d",
        "Twitch-Eventsub-Message-Timestamp": now,
        "Twitch-Eventsub-Message-Type": "webhook_callback_verification",
        "Twitch-Eventsub-Message-Signature": "sha256=" + hex_hmac("twitch-secret", b"d" + now.encode() + body),
    }
    answer = gateway.ask("/v1/hooks/twitch/main", body, headers)
    assert (answer.status, answer.body) == (200, b"abc")


def test_what_cannot_be_mapped_is_a_success_for_the_sender_and_a_dead_letter_for_us() -> None:
    """A platform that is refused switches the hook off; its body is kept, with the reason and its place."""
    gateway, body = Gateway(), b'{"object": "instagram", "entry": [{"changes": [{"field": "comments"}]}]}'
    signature = {"X-Hub-Signature-256": "sha256=" + hex_hmac("meta-app-secret", body)}
    answer = gateway.ask("/v1/hooks/instagram/main", body, signature)
    assert (answer.status, answer.json["unmapped"]) == (200, 1)
    (raw,) = gateway.of(INBOX)
    (record,) = gateway.of(DEAD_LETTERS)
    letter = DeadLetter.from_record(record.key, record.value, record.headers)
    assert (letter.reason, letter.value, letter.topic, letter.offset) == ("unmapped", body, INBOX, 0)
    assert "time is missing" in letter.detail
    assert dict(raw.headers)["pulse.outcome"] == b"unmapped"


def test_what_fits_no_campaign_is_parked() -> None:
    """Success for the sender, a dead letter that says which line of a definition is missing."""
    text = (FOLDER / "definition.yaml").read_text("utf-8")
    gateway = Gateway(text.replace("2026-04-18", "2026-06-18"))
    answer = gateway.hook("shopify_orders_create.json")
    assert (answer.status, answer.json) == (200, {"events": 0, "parked": 1, "unmapped": 0})
    (record,) = gateway.of(DEAD_LETTERS)
    assert DeadLetter.from_record(record.key, record.value, record.headers).reason == "unmatched"


def test_a_sender_that_comes_again_is_told_to_when_kafka_does_not_confirm() -> None:
    """503 with Retry-After: never a success that is none, never a refusal that ends the retries."""
    gateway = Gateway()
    gateway.is_confirming = False
    answer = gateway.hook("shopify_orders_create.json")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    gateway.is_confirming = True
    assert gateway.hook("shopify_orders_create.json").status == 200


def test_a_delivery_that_comes_only_once_waits_on_disk(tmp_path: Path) -> None:
    """WooCommerce is answered with success; without a spool, or without room in it, it gets the 503 as well."""
    gateway = Gateway(gateway_spool_directory=str(tmp_path))
    gateway.is_confirming = False
    assert gateway.hook("woocommerce_order_created.json").status == 200
    assert gateway.hook("shopify_orders_create.json").status == 503
    spool = gateway.state.spool
    assert spool is not None
    ((_, records),) = spool.oldest()
    assert [record.topic for record in records] == [INBOX, "campaign.conversions.v1"]
    spool.close()
    without = Gateway()
    without.is_confirming = False
    assert without.hook("woocommerce_order_created.json").status == 503


def test_nothing_is_parked_because_the_definitions_are_not_known_yet(tmp_path: Path) -> None:
    """A gateway that has just started says 503; what comes only once waits on disk, and is mapped when they are."""
    gateway = Gateway(gateway_spool_directory=str(tmp_path), gateway_answer_seconds=0.1)
    gateway.state.is_defined = False
    assert gateway.hook("shopify_orders_create.json").json["type"] == "urn:campaign-pulse:problem:not_ready"
    assert gateway.hook("woocommerce_order_created.json").status == 200
    assert gateway.published == []
    spool = gateway.state.spool
    assert spool is not None
    ((_, waiting),) = spool.oldest()
    spool.close()
    sent = mapped_late(gateway.state, waiting)
    assert [record.topic for record in sent] == [INBOX, "campaign.conversions.v1"]
    assert json.loads(sent[1].value)["event_id"] == "woo-at:order:727"
    assert dict(sent[0].headers)["pulse.outcome"] == b"counted"


def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    """By its announced length, and by its bytes where nothing is announced."""
    gateway = Gateway()
    announced = gateway.ask("/v1/hooks/instagram/main", b"x", {"Content-Length": str(5 * 1024 * 1024)})
    assert (announced.status, announced.json["type"]) == (413, "urn:campaign-pulse:problem:too_large")
    parts = [b"x" * 1024 * 1024] * 5
    assert gateway.ask("/v1/hooks/instagram/main", parts).status == 413


def test_nothing_is_read_while_too_much_is_on_the_way() -> None:
    """Memory stays bounded: the answer is 503 before the body."""
    gateway = Gateway()
    gateway.state.publisher.bytes_on_the_way = 1 << 30
    assert gateway.hook("shopify_orders_create.json").status == 503


def test_old_and_new_secret_are_told_apart_in_the_metrics() -> None:
    """Whoever changes a secret sees when the old one is not used any more."""
    gateway = Gateway()
    gateway.state.secrets["shopify-main"] = ("new", "shopify-client-secret")
    assert gateway.hook("shopify_orders_create.json").status == 200
    text = gateway.ask("/metrics").body.decode()
    assert 'campaign_gateway_signatures_total{source="shopify-main",secret="2"} 1.0' in text
    assert 'campaign_gateway_deliveries_total{source="shopify-main",outcome="counted"} 1.0' in text


def test_strangers_make_no_labels() -> None:
    """A label for each path that somebody tries would fill memory."""
    gateway = Gateway()
    for number in range(50):
        gateway.ask(f"/v1/hooks/kind{number}/x", b"{}")
    assert gateway.ask("/metrics").body.decode().count("campaign_gateway_deliveries_total{") == 1


def test_a_packed_delivery_is_kept_as_it_came_and_read_again() -> None:
    """Its body in the inbox is the bytes of the request, with the header without which nobody could read them."""
    gateway, one = Gateway(), kept("instagram_comments.json")
    headers = {**one.headers, "content-encoding": "gzip"}
    answer = gateway.ask("/v1/hooks/instagram/main", gzip.compress(one.body), headers)
    assert (answer.status, answer.json["events"]) == (200, len(gateway.events))
    assert len(gateway.events) > 0
    (raw,) = gateway.of(INBOX)
    found = kept_of(raw.value, raw.headers)
    assert found is not None
    again = translate(found.delivery(gateway.state.placer, None), gateway.state.placer, CATALOGUE["instagram"].read)
    assert [json.loads(event.value) for event in again.events] == gateway.events
