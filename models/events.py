"""The events of the three input topics, one Struct per ``type`` tag.

Unknown fields are ignored, because producers may be newer than we are. Unknown types, missing fields, wrong types
and values out of range are refused by the decoder (see ``streams.events.decode``). ``docs/events.md`` is the contract.
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

MAX_COUNT = 1_000_000_000_000
"""Largest count a snapshot or reaction may carry: above any real post, far below 64 bits after summing."""

LONGEST_ID: Final = 256
"""Characters of an id."""

Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, description="An identifier, unique in its scope.")]
Label = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=20_000, description="Text as written by the person.")]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
EventTime = Annotated[datetime, Meta(tz=True)] | Annotated[int, Meta(ge=0)]
TimeSource = Literal["payload", "header", "send_time", "poll_time"]
Codes = Annotated[tuple[Label, ...], Meta(max_length=50, description="Discount codes, in the order of their use.")]
Amount = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$(?!\n)",
        description="A decimal string, at most 12 digits before and 6 after the point. Never a JSON number.",
    ),
]
CurrencyCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217, upper case.")]


class Envelope(Struct, frozen=True, kw_only=True, gc=False):
    """Fields common to every event.

    ``event_id`` is unique per ``platform``; ``occurred_at`` is the event time, RFC 3339 with an offset or epoch
    milliseconds; ``time_source`` says where the producer took that time from.
    """

    event_id: Id
    campaign_id: Id
    platform: Label
    occurred_at: EventTime
    time_source: TimeSource = "payload"


class InfluencerEvent(Envelope, frozen=True, kw_only=True, gc=False):
    """An event that names its influencer."""

    influencer_id: Id


class PostEvent(InfluencerEvent, frozen=True, kw_only=True, gc=False):
    """An event about one post."""

    post_id: Id


class PostPublished(PostEvent, frozen=True, kw_only=True, gc=False, tag="post.published"):
    """A post went live. It is also a snapshot in which every metric is zero."""


class PostMetrics(PostEvent, frozen=True, kw_only=True, gc=False, tag="post.metrics"):
    """A cumulative snapshot of a post. An absent metric is unknown, which is not zero.

    A number that is none, or out of range, such as the -1 that some tools give for a hidden count, is left out and
    told as a dead letter (``unusable_field``); the others count.
    """

    likes: Count | None = None
    comments: Count | None = None
    shares: Count | None = None
    saves: Count | None = None
    views: Count | None = None
    reach: Count | None = None
    followers: Count | None = None


class PostReaction(PostEvent, frozen=True, kw_only=True, gc=False, tag="post.reaction"):
    """``count`` new reactions of one ``kind`` (``like``, ``share``, ``save``, ``view`` or any other word)."""

    kind: Id
    count: Count = 1


class PostDeleted(PostEvent, frozen=True, kw_only=True, gc=False, tag="post.deleted"):
    """A post was removed."""


class CommentCreated(PostEvent, frozen=True, kw_only=True, gc=False, tag="comment.created"):
    """A person commented on a post. ``country`` (ISO 3166-1 alpha-2) is the person's, where the source knows it.

    An edit is the same again with an ``event_id`` of its own, the new text and the time of the edit: ``comment_id``
    says which comment it is, and one comment counts.
    """

    comment_id: Id
    author_id: Id
    text: Text
    author_handle: Label | None = None
    parent_id: Label | None = None
    country: Label | None = None


class CommentDeleted(InfluencerEvent, frozen=True, kw_only=True, gc=False, tag="comment.deleted"):
    """A comment was removed by its author or a moderator."""

    comment_id: Id
    post_id: Label | None = None
    author_id: Label | None = None


class ConversionEvent(Envelope, frozen=True, kw_only=True, gc=False):
    """Something a visitor did in the shop. Without ``influencer_id`` it is attributed by the campaign's definition.

    ``discount_code`` may hold several codes with commas, semicolons or bars between them; ``discount_codes`` has one
    each.
    ``author_id`` is the buyer's account on the social platform ``author_platform``, where the shop asked for it: what
    ties an order to an entrant of a giveaway.
    """

    influencer_id: Id | None = None
    discount_code: Label | None = None
    discount_codes: Codes | None = None
    click_id: Label | None = None
    utm_source: Label | None = None
    utm_medium: Label | None = None
    utm_campaign: Label | None = None
    utm_term: Label | None = None
    utm_content: Label | None = None
    author_id: Label | None = None
    author_platform: Label | None = None
    test: bool = False


class Click(ConversionEvent, frozen=True, kw_only=True, gc=False, tag="click"):
    """A visit through a tracked link."""


class Signup(ConversionEvent, frozen=True, kw_only=True, gc=False, tag="signup"):
    """A new account or newsletter subscription."""


class AddToCart(ConversionEvent, frozen=True, kw_only=True, gc=False, tag="add_to_cart"):
    """A product went into a cart."""


class Purchase(ConversionEvent, frozen=True, kw_only=True, gc=False, tag="purchase"):
    """A paid order."""

    order_id: Id
    amount: Amount
    currency: CurrencyCode


class Refund(ConversionEvent, frozen=True, kw_only=True, gc=False, tag="refund"):
    """Money given back for an order, in full or in part. ``refund_id`` is unique within the order."""

    order_id: Id
    amount: Amount
    currency: CurrencyCode
    refund_id: Label | None = None


class BookedChange(Struct, frozen=True, array_like=True, gc=False):
    """What is added to an influencer's money at one event time, in one currency; negative amounts take away."""

    at_ms: int
    currency: str
    orders: int
    revenue_micros: int
    refunds: int
    refunded_micros: int
    code_uses: int
    code_uses_without_click: int


class OrderBooked(Envelope, frozen=True, kw_only=True, gc=False, tag="order.booked"):
    """What an order changes for an influencer, or with "" for nobody. Only workers write it, see docs/events.md."""

    influencer_id: Label
    order_id: Id
    changes: tuple[BookedChange, ...]


PostTopicEvent = PostPublished | PostMetrics | PostReaction | PostDeleted
CommentTopicEvent = CommentCreated | CommentDeleted
ORDERS: Final = (Purchase, Refund)
"""For ``isinstance``: a union written there would be made anew at every question."""

ConversionTopicEvent = Click | Signup | AddToCart | Purchase | Refund | OrderBooked
Event = PostTopicEvent | CommentTopicEvent | ConversionTopicEvent

EVENT_TYPES: tuple[type[Envelope], ...] = (
    PostPublished,
    PostMetrics,
    PostReaction,
    PostDeleted,
    CommentCreated,
    CommentDeleted,
    Click,
    Signup,
    AddToCart,
    Purchase,
    Refund,
)
"""What producers may send, in the order of the documents. ``OrderBooked`` is not among them."""
