"""What a delivery becomes before it is known whose it is: drafts of events, and notes on what is none."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from models.events import TimeSource
from models.sources import SourceRules
from streams.connectors.bodies import Unmapped
from streams.sources import ids
from streams.sources.money import NoMoney
from streams.sources.times import NoTime, instant, instant_ms

NoteKind = Literal["ignored", "incomplete", "unmapped", "unmatched"]
NO_RULES: Final = SourceRules()


class Note(Struct, frozen=True):
    """Something to be said of a delivery or of an item in it.

    ``ignored``: no event, on purpose. ``incomplete``: an event that lacks something. ``unmapped``: no event can be made
    of it. ``unmatched``: it fits no campaign.
    """

    kind: NoteKind
    detail: str


class Delivery(Struct, frozen=True, kw_only=True):
    """One request, or one answer to a poll, verified already.

    ``headers`` have names in lower case. ``query`` are the parameters of the request. ``received_ms`` is the clock;
    ``is_replayed`` says that the body may be older than that, and that its age is not to be judged by it.
    ``is_polled`` says that we have asked for it. ``post_id`` and ``account`` are the post and the account that a poll
    asked for, where its answer does not say them. ``person_key`` keys the pseudonyms
    of e-mail addresses; without it there are none.
    """

    source: str
    body: bytes
    headers: Mapping[str, str]
    received_ms: int
    query: Mapping[str, str] = {}
    rules: SourceRules = NO_RULES
    is_replayed: bool = False
    is_polled: bool = False
    post_id: str | None = None
    account: str | None = None
    person_key: bytes | None = None

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Money(Struct, frozen=True):
    """A sum in both bases: with tax and shipping, and without; None where the source does not say it."""

    total: Decimal | None
    subtotal: Decimal | None


class Draft(Struct, frozen=True, kw_only=True):
    """An event without its campaign.

    ``fields`` are those of the event's type. ``is_tagged``: campaign and
    influencer are what a tag seems to say. ``post_ids`` and ``account`` are what the platform calls post and account,
    ``marks`` the code, click id and utm values that tell whose it is, in ``fields`` or not. ``codes`` are the discount
    codes of an order. ``placed_at_ms`` is the moment that must lie in a campaign's time, where it is not the event's.
    """

    type: str
    event_id: str
    platform: str
    occurred_at: str | int
    time_source: TimeSource = "payload"
    fields: dict[str, Any] = {}
    post_ids: tuple[str, ...] = ()
    account: str | None = None
    campaign_id: str | None = None
    influencer_id: str | None = None
    is_tagged: bool = False
    marks: dict[str, str] = {}
    codes: tuple[str, ...] = ()
    money: Money | None = None
    placed_at_ms: int | None = None
    is_unpaid: bool = False
    channel: str | None = None

    @property
    def time_ms(self) -> int:
        """The event time."""
        return self.occurred_at if isinstance(self.occurred_at, int) else instant_ms(self.occurred_at)


Told = Draft | Note
Mapper = Callable[[Delivery], Iterator[Told]]


def each(items: Iterable[Any], of_item: Callable[[Any], Iterator[Told]], what: str) -> Iterator[Told]:
    """Yield what each item of a body becomes; one that cannot be mapped costs only itself."""
    for place, item in enumerate(items):
        try:
            yield from of_item(item)
        except (Unmapped, NoTime, NoMoney) as problem:
            yield Note("unmapped", f"{what} {place}: {problem}")


def need_time(text: str | None, name: str, rules: SourceRules | None = None) -> str:
    """Return a time of a body as an event carries it.

    Raises:
        Unmapped: it is missing.
        NoTime: it is none, or has no offset where there is no zone.
    """
    if text is None:
        raise Unmapped(f"{name} is missing")
    return instant(text, zone_of(rules))


def zone_of(rules: SourceRules | None) -> ZoneInfo | None:
    """Return the zone of times without an offset."""
    return ZoneInfo(rules.time_zone) if rules is not None and rules.time_zone else None


def polled_video(
    delivery: Delivery, platform: str, video_id: str, counts: dict[str, int], account: str | None = None
) -> Told:
    """Return the snapshot of a video whose counts were asked for, at the moment of asking.

    Args:
        delivery: the answer.
        platform: where the video is.
        video_id: what the platform calls it.
        counts: what was found, by our names; without any there is nothing to tell.
        account: whose it is, where the answer says it.
    """
    if not counts:
        return Note("ignored", f"video {video_id}: no count of ours in it")
    return Draft(
        type="post.metrics",
        event_id=ids.of_counts(video_id, delivery.received_ms),
        platform=platform,
        occurred_at=delivery.received_ms,
        time_source="poll_time",
        fields={"post_id": video_id, **counts},
        post_ids=(video_id,),
        account=account,
    )
