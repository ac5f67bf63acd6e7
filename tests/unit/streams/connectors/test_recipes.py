"""The recipes of docs/sources.md: a body as each tool documents it becomes events by the lines that stand there."""

import json
from pathlib import Path
from typing import Any

import msgspec
import yaml

from models.sources import SourceRules
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.placing import Placer
from streams.connectors.signatures import verify
from streams.connectors.translation import Translation, translate
from tests.unit.streams.connectors.deliveries import delivery, hex_hmac
from tests.unit.streams.connectors.test_shops import with_definition

PAGE = (Path(__file__).parents[4] / "docs/sources.md").read_text("utf-8")
RECIPES = yaml.safe_load(PAGE.partition("### Recipes")[2].partition("```yaml")[2].partition("```")[0])["sources"]
POSTS = {"reddit": ["t3_1k2abc"], "discord": ["1100000000000000001"]}


def placer() -> Placer:
    """A definition with all recipes, in which ana has a post on Reddit and a channel on Discord."""
    person = {"influencer_id": "ana", "handle": "a", "platform": "reddit", "posts": POSTS}
    return with_definition(influencers=[person], sources=RECIPES)


def done_with(source: str, body: Any) -> Translation:
    """What becomes of a body."""
    known = placer()
    one = msgspec.structs.replace(delivery(source, body), rules=known.rules(source))
    return translate(one, known, CATALOGUE["generic"].read)


def test_klaviyo() -> None:
    """Signed over body and time, which is that of a header; subscriptions are sign-ups, in batches."""
    profile = {"relationships": {"profile": {"data": {"type": "profile", "id": "01P"}}}}
    told = {"type": "event", "attributes": {"datetime": "2026-04-18 16:04:05+00:00", "timestamp": 1_776_528_245}}
    rows = [
        {
            "external_id": "01H8",
            "topic": "event:klaviyo.subscribed_to_email_marketing",
            "payload": {"data": told | profile},
        },
        {"external_id": "01H9", "topic": "event:klaviyo.opened_email", "payload": {"data": told}},
    ]
    body = json.dumps({"data": rows, "meta": {"klaviyo_webhook_id": "01W"}}).encode()
    done = done_with("klaviyo-main", body)
    (event,) = (json.loads(each.value) for each in done.events)
    assert (event["type"], event["event_id"], event["platform"]) == ("signup", "01H8", "klaviyo")
    assert event["occurred_at"] == "2026-04-18T16:04:05+00:00"
    assert [("opened_email" in note.detail, note.kind) for note in done.notes] == [(True, "ignored")]
    stamp = "Sat, 18 Apr 2026 16:05:00 GMT"
    headers = {"klaviyo-timestamp": stamp, "klaviyo-signature": hex_hmac("k" * 16, body + stamp.encode())}
    rules = msgspec.convert(RECIPES["klaviyo-main"], SourceRules)
    assert rules.signature is not None
    assert verify([rules.signature], ["k" * 16], headers, body, 1_776_528_310_000).signed_ms == 1_776_528_300_000


def test_reddit() -> None:
    """A listing: comments with their own names and times; a thing of another kind is passed over."""
    comment = {
        "id": "mabc12",
        "name": "t1_mabc12",
        "link_id": "t3_1k2abc",
        "parent_id": "t3_1k2abc",
        "author": "fan_77",
        "author_fullname": "t2_9",
        "body": "count me in",
        "created_utc": 1776528245.0,
    }
    rows = [{"kind": "t1", "data": comment}, {"kind": "more", "data": {"id": "x"}}]
    done = done_with("reddit-main", {"kind": "Listing", "data": {"children": rows, "after": None}})
    (event,) = (json.loads(each.value) for each in done.events)
    assert event == {
        "type": "comment.created",
        "event_id": "t1_mabc12",
        "campaign_id": "spring",
        "platform": "reddit",
        "influencer_id": "ana",
        "occurred_at": 1_776_528_245_000,
        "time_source": "payload",
        "post_id": "t3_1k2abc",
        "comment_id": "t1_mabc12",
        "author_id": "t2_9",
        "text": "count me in",
        "parent_id": "t3_1k2abc",
        "author_handle": "fan_77",
    }


def test_discord() -> None:
    """A message as the gateway gives it; its channel is the post."""
    message = {
        "id": "1200000000000000009",
        "channel_id": "1100000000000000001",
        "author": {"id": "80351110224678912", "username": "fan_77", "bot": False},
        "content": "me!",
        "timestamp": "2026-04-18T16:04:05.123000+00:00",
        "type": 0,
    }
    done = done_with("discord-main", message)
    (event,) = (json.loads(each.value) for each in done.events)
    assert (event["event_id"], event["post_id"], event["influencer_id"]) == (
        message["id"],
        message["channel_id"],
        "ana",
    )
    assert (event["author_id"], event["author_handle"], event["text"]) == ("80351110224678912", "fan_77", "me!")
    assert event["occurred_at"] == "2026-04-18T16:04:05.123000+00:00"
