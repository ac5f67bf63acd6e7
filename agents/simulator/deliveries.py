"""Simulated events as Instagram and Shopify would send them: bodies, and signatures over their bytes.

Written from docs/sources.md, and not from ``streams``: what the gateway makes of them is compared with the truth.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from zlib import crc32

import msgspec

from agents.simulator.attribution import UTM_FIELDS
from agents.simulator.plan import SimulatedRecord
from models.campaigns import CampaignDefinition
from models.times import epoch_ms
from models.topics import COMMENTS, CONVERSIONS

INSTAGRAM: Final = "instagram"
SHOPIFY: Final = "shopify"
ENDPOINT: Final = "demo"
SHOP: Final = "shop"
"""What the gateway calls the platform of every shop."""
_ONE_IN: Final = 8
"""So many of the comments and orders that can be sent as deliveries are sent directly, but for one."""
_OF_ORDERS: Final = ("purchase", "refund")


class Hook(NamedTuple):
    """One item to be delivered: the kind of its source, what it is called, and its part of a body."""

    kind: str
    name: str
    item: dict[str, Any]


class Request(NamedTuple):
    """A signed request."""

    path: str
    body: bytes
    headers: dict[str, str]


class Deliveries:
    """Chooses which records become deliveries: always the same, so that a copy goes the way of its original."""

    def __init__(self, definitions: Sequence[CampaignDefinition]) -> None:
        """Know the Instagram accounts of a campaign.

        Raises:
            ValueError: there are several campaigns, or the campaign is not one that deliveries can reach.
        """
        if len(definitions) != 1:
            raise ValueError("deliveries are simulated for one campaign, not for several")
        (self._campaign,) = definitions
        source = self._campaign.sources.get(f"{SHOPIFY}-{ENDPOINT}")
        if source is None or not source.default:
            raise ValueError(f"the definition has no sources.{SHOPIFY}-{ENDPOINT} with default: true")
        self._accounts = {
            each.influencer_id: accounts[0]
            for each in self._campaign.influencers
            if (accounts := each.accounts.get(INSTAGRAM))
        }

    def hook(self, record: SimulatedRecord) -> Hook | None:
        """Return a record as an item to deliver; None when it goes to Kafka."""
        # What is spoiled is spoiled as an event: a comment without its event id is a good comment of Instagram's.
        if record.topic not in (COMMENTS, CONVERSIONS) or record.is_spoiled:
            return None
        fields = msgspec.json.decode(record.value)
        if fields.get("campaign_id") != self._campaign.campaign_id:
            return None
        at_ms = _epoch_ms(fields["occurred_at"])
        if fields["type"] == "comment.created" and fields["platform"] == INSTAGRAM:
            return self._comment(fields, at_ms)
        if fields["type"] == "purchase" and fields["platform"] == SHOP and "influencer_id" not in fields:
            return _order(fields, at_ms)
        return None

    def _comment(self, fields: dict[str, Any], at_ms: int) -> Hook | None:
        account = self._accounts.get(str(fields.get("influencer_id")))
        text = fields.get("comment_id"), fields.get("author_id"), fields.get("post_id")
        if account is None or not all(isinstance(each, str) for each in text) or not _is_chosen(str(text[0])):
            return None
        value = {
            "id": text[0],
            "text": fields.get("text"),
            "from": {"id": "1" + str(text[1])[1:], "username": text[1]},
            "media": {"id": text[2], "media_product_type": "FEED"},
        }
        change = {"field": "comments", "value": value}
        return Hook(INSTAGRAM, str(text[0]), {"id": account, "time": at_ms, "changes": [change]})


def of_the_shop(record: SimulatedRecord) -> SimulatedRecord:
    """Return a record that goes to Kafka; what it says of an order that may be delivered is said by the same shop.

    Orders are told apart by shop (docs/events.md): the refund of an order that came through the gateway, sent under no
    shop's name, would be that of another order.
    """
    if record.topic != CONVERSIONS or record.is_spoiled:
        return record
    fields = msgspec.json.decode(record.value)
    order_id = fields.get("order_id")
    if fields["platform"] != SHOP or fields["type"] not in _OF_ORDERS or order_id is None or not _is_chosen(order_id):
        return record
    fields["event_id"] = f"{SHOPIFY}-{ENDPOINT}:{fields['type']}:{fields['event_id']}"
    return record._replace(value=msgspec.json.encode(fields))


def _order(fields: dict[str, Any], at_ms: int) -> Hook | None:
    order_id = fields.get("order_id")
    if not isinstance(order_id, str) or not _is_chosen(order_id):
        return None
    marks = {name: fields[name] for name in UTM_FIELDS if fields.get(name)}
    item: dict[str, Any] = {
        "id": order_id,
        "created_at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "currency": fields["currency"],
        "total_price": fields["amount"],
        "financial_status": "paid",
        "source_name": "web",
        "test": bool(fields.get("test")),
        "discount_codes": [{"code": code}] if (code := fields.get("discount_code")) else [],
        "note_attributes": [{"name": "pulse_click_id", "value": click}] if (click := fields.get("click_id")) else [],
        "landing_site": f"/?{urlencode(marks)}" if marks else "/",
    }
    return Hook(SHOPIFY, order_id, item)


def request_of(hooks: Sequence[Hook], secrets: Mapping[str, str]) -> Request:
    """Return a signed request for items of one kind; Shopify sends an order a request, Meta many updates."""
    kind, source = hooks[0].kind, f"/v1/hooks/{hooks[0].kind}/{ENDPOINT}"
    if kind == SHOPIFY:
        body = json.dumps(hooks[0].item, ensure_ascii=False).encode()
        digest = hmac.new(secrets[kind].encode(), body, hashlib.sha256).digest()
        headers = {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}
    else:
        # Meta escapes what is not ASCII.
        body = json.dumps({"object": "instagram", "entry": [each.item for each in hooks]}).encode()
        digest = hmac.new(secrets[kind].encode(), body, hashlib.sha256).digest()
        headers = {"X-Hub-Signature-256": "sha256=" + digest.hex()}
    return Request(source, body, {"Content-Type": "application/json", **headers})


def portions(hooks: Iterable[Hook], most: int) -> list[list[Hook]]:
    """Return items in the requests in which they go: comments together, each order alone."""
    comments, alone = [], []
    for each in hooks:
        if each.kind == SHOPIFY:
            alone.append([each])
        else:
            comments.append(each)
    return [*alone, *(comments[start : start + most] for start in range(0, len(comments), most))]


def _is_chosen(name: str) -> bool:
    return crc32(name.encode()) % _ONE_IN == 0


def _epoch_ms(occurred_at: int | str) -> int:
    return occurred_at if isinstance(occurred_at, int) else epoch_ms(datetime.fromisoformat(occurred_at))
