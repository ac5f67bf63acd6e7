"""Deliveries as the platforms send them (fictitious people, shops and ids), and what is needed to read them."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import msgspec

from models.sources import SourceKind
from streams.connectors.catalogue import CATALOGUE, kind_named
from streams.connectors.drafts import Delivery
from streams.connectors.placing import Placer
from streams.connectors.translation import Translation, translate
from streams.events.definitions import parse_definitions

FOLDER = Path(__file__).parent / "deliveries"
PLACER = Placer(parse_definitions((FOLDER / "definition.yaml").read_text("utf-8")))
EVENING_MS = 1_776_528_245_250
"""2026-04-18T16:04:05.250Z: when the polls were made."""
RECEIVED_MS = 1_776_537_000_000
"""2026-04-18T18:30:00Z: when everything else arrived."""
SECRETS = {
    "instagram": "meta-app-secret",
    "segment": "segment-shared-secret",
    "shopify": "shopify-client-secret",
    "standard": "whsec_cHVsc2Utc3RhbmRhcmQtc2VjcmV0LTI0",
    "stripe": "whsec_pulse_test",
    "sweepwidget": "sw-signing-secret",
    "tiktok": "tiktok-app-secret",
    "woocommerce": "woo-secret",
    "x": "x-consumer-secret",
    "youtube": "youtube-hub-secret",
}
SIGNED = {
    "instagram_comments.json": "instagram-main",
    "segment_track.json": "segment-main",
    "shopify_orders_create.json": "shopify-main",
    "shopify_orders_updated_with_refund.json": "shopify-main",
    "standard_webhooks.json": "standard-main",
    "stripe_charge_refunded.json": "stripe-main",
    "stripe_checkout_session_completed.json": "stripe-main",
    "sweepwidget_entry_submitted.json": "sweepwidget-main",
    "tiktok_comment_update.json": "tiktok-main",
    "woocommerce_order_created.json": "woo-at",
    "x_activity_post_reply_create.json": "x-main",
    "x_filtered_stream.json": "x-main",
    "youtube_push.xml": "youtube-main",
}
UNSIGNED = {
    "cloudevents_binary.json": "cloudevents-main",
    "cloudevents_structured.json": "cloudevents-main",
    "ga4_measurement_protocol.json": "ga4-main",
    "gleam_post_entry.json": "gleam-main",
    "instagram_insights.poll.json": "instagram-main",
    "instagram_media_comments.poll.json": "instagram-main",
    "instagram_media_fields.poll.json": "instagram-main",
    "sweepwidget_entries.poll.json": "sweepwidget-main",
    "tiktok_business_comment_list.poll.json": "tiktok-main",
    "tiktok_business_video_list.poll.json": "tiktok-main",
    "woocommerce_ping.txt": "woo-at",
    "youtube_comment_threads.poll.json": "youtube-main",
    "youtube_live_chat.poll.json": "youtube-main",
    "youtube_videos.poll.json": "youtube-main",
}


def kind_of(source: str) -> SourceKind:
    """The kind of a source by its name."""
    kind = kind_named(source)
    assert kind is not None
    return kind


def delivery(source: str, body: Any, received_ms: int = RECEIVED_MS, **headers: str) -> Delivery:
    """A delivery of a body: bytes as they are, everything else as JSON. ``x_shopify_topic`` is that header."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    rules = PLACER.rules(source)
    return Delivery(source=source, body=content, headers=named, received_ms=received_ms, rules=rules, person_key=b"key")


def kept(name: str) -> Delivery:
    """A delivery that lies in the folder, with its headers."""
    source = {**SIGNED, **UNSIGNED}[name]
    told = FOLDER / f"{name}.headers"
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    pairs = [line.partition(": ")[::2] for line in lines if not line.startswith(":")]
    made = delivery(source, (FOLDER / name).read_bytes(), EVENING_MS if ".poll." in name else RECEIVED_MS)
    return msgspec.structs.replace(made, headers={name.lower(): value for name, value in pairs})


def mapped(one: Delivery, placer: Placer | None = PLACER) -> Translation:
    """What becomes of a delivery."""
    return translate(one, placer, CATALOGUE[PLACER.rules(one.source).kind or kind_of(one.source)].read)


def events_of(one: Delivery, placer: Placer | None = PLACER) -> list[dict[str, Any]]:
    """The events of a delivery."""
    return [json.loads(event.value) for event in mapped(one, placer).events]


def notes_of(one: Delivery, kind: str) -> list[str]:
    """The notes of a kind."""
    return mapped(one).of_kind(kind)


def hex_hmac(secret: str, content: bytes, digest: Any = hashlib.sha256) -> str:
    """A signature, made without the code under test."""
    return hmac.new(secret.encode(), content, digest).hexdigest()
