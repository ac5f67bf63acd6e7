"""What a campaign definition says of the platforms and shops that its events come from.

``docs/sources.md`` has one section for each kind of source.
"""

from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from models.events import Id, Label

SourceKind = Literal[
    "cloudevents",
    "events",
    "ga4",
    "generic",
    "gleam",
    "hootsuite",
    "instagram",
    "segment",
    "shopify",
    "sprout",
    "standard",
    "stripe",
    "sweepwidget",
    "tiktok",
    "traackr",
    "twitch",
    "viralsweep",
    "woocommerce",
    "x",
    "youtube",
]
KINDS: Final[tuple[SourceKind, ...]] = SourceKind.__args__  # type: ignore[attr-defined]  # documented member

EventType = Literal[
    "post.published",
    "post.metrics",
    "post.reaction",
    "post.deleted",
    "comment.created",
    "comment.deleted",
    "click",
    "signup",
    "add_to_cart",
    "purchase",
    "refund",
]
Path = Annotated[str, Meta(min_length=1, max_length=256, description="Members with dots between them: user.email.")]
SIGNED_PARTS: Final = ("{id}", "{timestamp}", "{body}")


class SignatureRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a sender signs: an HMAC in a header.

    ``signed`` is what is hashed, of ``{id}``, ``{timestamp}`` and ``{body}``. ``layout`` says how the header is built:
    ``one`` signature behind ``prefix``; ``pairs`` such as ``t=1776528655,v1=5c46``; ``versions`` such as
    ``v1,BASE64 v1,BASE64``. ``key`` names the signatures of the last two, ``timestamp_key`` the time of pairs.
    ``key_form`` says what the secret is written in.
    A time further than ``tolerance_seconds`` from the clock is refused, or only noted where ``late`` says so.
    """

    header: Id
    digest: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: Label = ""
    signed: Label = "{body}"
    layout: Literal["one", "pairs", "versions"] = "one"
    key: Label = "v1"
    timestamp_key: Label = "t"
    timestamp_header: Label = ""
    id_header: Label = ""
    tolerance_seconds: Annotated[int, Meta(ge=1, le=604_800)] | None = None
    late: Literal["refused", "noted"] = "refused"
    key_form: Literal["text", "base64", "html"] = "text"

    def __post_init__(self) -> None:
        """Refuse a description that could not verify anything.

        Raises:
            ValueError: the body is not signed, or a part has no place to come from.
        """
        if "{body}" not in self.signed:
            raise ValueError(f"signed {self.signed!r} does not contain {{body}}")
        if "{timestamp}" in self.signed and not self.timestamp_header and self.layout != "pairs":
            raise ValueError("timestamp_header is needed: {timestamp} is signed")
        if "{id}" in self.signed and not self.id_header:
            raise ValueError("id_header is needed: {id} is signed")
        if self.tolerance_seconds is not None and "{timestamp}" not in self.signed:
            raise ValueError("tolerance_seconds needs {timestamp} in signed: a time that is not signed proves nothing")


class GenericMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a described source's bodies become events.

    ``items`` is the path of a list in the body; without it the body is one item (or a list of them). The type is
    ``type``, or the value at ``type_path`` looked up in ``types``; other values are passed over. ``fields`` maps our
    fields to paths within an item; ``email`` stands for ``author_id`` as a pseudonym.
    """

    platform: Id
    fields: dict[Id, Path]
    items: Path | None = None
    type: EventType | None = None
    type_path: Path | None = None
    types: dict[Id, EventType] = {}

    def __post_init__(self) -> None:
        """Check that every event gets a type and an id.

        Raises:
            ValueError: neither ``type`` nor ``type_path`` with ``types`` is given, or no path for ``event_id``.
        """
        if (self.type is None) == (self.type_path is None):
            raise ValueError("type is needed, or type_path with types, and not both")
        if self.type_path is not None and not self.types:
            raise ValueError("types is needed: what the values at type_path mean")
        if "event_id" not in self.fields:
            raise ValueError("fields has no path for event_id: an event without its own id cannot be told from a retry")


class SourceRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for one source, by its name: ``shopify-main`` is the endpoint ``main`` of the kind ``shopify``.

    ``default``: what names no campaign in any other way belongs to this one, in its time, and to ``influencer_id``
    where that is given. ``gives``: only these types of events are taken; without it all. ``unpaid``: whether orders
    count that are not paid yet. ``skip_channels``: sales channels that do not count, such as ``pos``. ``time_zone``:
    of times without an offset. ``names``: the sender's own names of events. ``signature`` and ``mapping`` describe a
    source of the kind ``generic``.
    """

    kind: SourceKind | None = None
    default: bool = False
    influencer_id: Id | None = None
    gives: tuple[EventType, ...] | None = None
    unpaid: Literal["count", "skip"] = "count"
    skip_channels: tuple[Label, ...] = ()
    time_zone: Id | None = None
    names: dict[Id, EventType] = {}
    signature: SignatureRules | None = None
    mapping: GenericMapping | None = None

    def __post_init__(self) -> None:
        """Check the zone, and that a described source is one.

        Raises:
            ValueError: the zone is unknown, or the description does not fit the kind.
        """
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"time_zone {self.time_zone!r} is no zone of the IANA database") from None
        if (self.kind == "generic") != (self.mapping is not None):
            raise ValueError("mapping is needed for the kind generic, and for no other")
        if self.signature is not None and self.kind != "generic":
            raise ValueError("signature is for the kind generic only: the others have their own")
