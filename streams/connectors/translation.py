"""From a verified delivery to events that a worker would count, and notes on everything else in it."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.events import EVENT_TYPES
from streams.connectors.bodies import Unmapped
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.drafts import Delivery, Draft, Mapper, Note
from streams.connectors.packing import plain
from streams.connectors.placing import Place, Placer
from streams.events.decode import (
    DECODE_ERRORS,
    FUTURE_TOLERANCE_MS,
    MAX_EVENT_BYTES,
    TOPIC_OF_TYPE,
    read_event,
    rejection_of,
    tag_of,
)
from streams.events.partitioning import partition_key
from streams.sources import ids
from streams.sources.money import NoMoney, text_of
from streams.sources.times import NoTime

TOPIC_OF_TAG: Final = {tag_of(kind): topic for kind, topic in TOPIC_OF_TYPE.items()}
_FIELDS: Final = {tag_of(kind): kind.__struct_fields__ for kind in EVENT_TYPES}
_encode: Final = msgspec.json.Encoder().encode
_OF_POSTS: Final = ("post.", "comment.")
"""Beginnings of the types that need an influencer: a post and its comments are somebody's."""
_REACTIONS: Final = {"like": "likes", "share": "shares"}
_EVENTS_BY_DEFAULT: Final = frozenset({"x"})
"""Platforms that tell of single likes and shares: their counts of these are left out, unless a definition says so."""


class MappedEvent(Struct, frozen=True):
    """An event ready to be sent: its topic, the key that tells its partition, and its JSON."""

    topic: str
    key: bytes
    value: bytes


class Translation(Struct):
    """What a delivery became."""

    events: list[MappedEvent]
    notes: list[Note]

    def of_kind(self, kind: str) -> list[str]:
        """Return the details of all notes of a kind."""
        return [note.detail for note in self.notes if note.kind == kind]


def translate(delivery: Delivery, placer: Placer | None, mapper: Mapper) -> Translation:
    """Map one delivery.

    Args:
        delivery: verified already.
        placer: the definitions; None leaves campaign and influencer out, to look at a mapping alone.
        mapper: of the source's kind.
    """
    done = Translation([], [])
    try:
        delivery = plain(delivery)
        for told in mapper(delivery):
            if isinstance(told, Note):
                done.notes.append(told)
            else:
                _take(done, delivery, placer, told)
    except (Unmapped, NoTime, NoMoney) as problem:
        done.notes.append(Note("unmapped", str(problem)))
    if not done.events and not done.notes and not delivery.is_polled:  # a list that was asked for is often empty
        done.notes.append(Note("ignored", "there is nothing in it: no event, no entry, no item"))
    return done


def mapper_of(kind: Any) -> Mapper:
    """Return what maps the bodies of a kind of source."""
    return CATALOGUE[kind].read


def _take(done: Translation, delivery: Delivery, placer: Placer | None, draft: Draft) -> None:
    """Give a draft its campaigns, and add what it becomes."""
    places: list[Place | None] = [None]
    if placer is None and draft.campaign_id is not None:
        places = [Place(draft.campaign_id, draft.influencer_id)]
    if placer is not None:
        places = list(placer.places(draft, delivery.source))
        if not places:
            done.notes.append(Note("unmatched", _unmatched(draft, delivery.source)))
            return
    for place in places:
        if placer is not None and place is not None and (reason := _left_out(draft, place, placer, delivery.source)):
            done.notes.append(Note("ignored", f"{draft.type} {draft.event_id}: {reason}"))
            continue
        if placer and place and place.influencer_id is None and draft.type.startswith(_OF_POSTS):
            named = f"{place.campaign_id}: {draft.type} {draft.event_id} names no influencer, and sources"
            done.notes.append(Note("unmatched", f"{named}.{delivery.source}.influencer_id is not given"))
            continue
        try:
            event = _event(draft, place, placer, is_one_of_several=len(places) > 1)
            _add(done, delivery, event, draft)
        except (NoMoney, NoTime) as problem:
            done.notes.append(Note("unmapped", f"{draft.type} {draft.event_id}: {problem}"))


def _add(done: Translation, delivery: Delivery, event: dict[str, Any], draft: Draft) -> None:
    """Add an event, if a worker would count it."""
    topic = TOPIC_OF_TAG[draft.type]
    try:
        # Encoding what JSON cannot hold (half a surrogate pair) fails as well.
        missing = {} if "campaign_id" in event else {"campaign_id": "-"}
        if "influencer_id" not in event and draft.type.startswith(_OF_POSTS):
            missing["influencer_id"] = "-"
        value = _encode({**event, **missing} if missing else event)
        known, _ = read_event(value, topic, delivery.received_ms + FUTURE_TOLERANCE_MS, MAX_EVENT_BYTES)
    except (*DECODE_ERRORS, UnicodeEncodeError, OverflowError, TypeError) as error:
        problem = rejection_of(error, value) if isinstance(error, DECODE_ERRORS) else None
        detail = f"{problem.reason}: {problem.detail}" if problem else f"not to be written as JSON: {error}"
        done.notes.append(Note("unmapped", f"{draft.type} {draft.event_id}: {detail}"))
        return
    key = partition_key(known.campaign_id, getattr(known, "influencer_id", None) or "").encode()
    done.events.append(MappedEvent(topic, key, _encode(event) if missing else value))


def _event(draft: Draft, place: Place | None, placer: Placer | None, is_one_of_several: bool) -> dict[str, Any]:
    """Return an event in the order in which documents show it."""
    event: dict[str, Any] = {"type": draft.type, "event_id": draft.event_id}
    fields = (
        dict(draft.fields) if place is None or placer is None else _counted(draft, placer.definition(place.campaign_id))
    )
    codes: Sequence[str] = tuple(dict.fromkeys(draft.codes)) if len(draft.codes) > 1 else draft.codes
    basis = "total"
    if place is not None:
        if is_one_of_several:
            event["event_id"] = ids.for_campaign(draft.event_id, place.campaign_id)
        event["campaign_id"] = place.campaign_id
        if place.post_id is not None:
            fields["post_id"] = place.post_id
        if placer is not None:
            # A shop's own codes belong to nobody: those of influencers are what counts.
            codes = placer.known_codes(place.campaign_id, codes) or codes[:1]
            definition = placer.definition(place.campaign_id)
            basis = "total" if definition is None else definition.revenue_basis
    event["platform"] = draft.platform
    if place is not None and place.influencer_id is not None:
        event["influencer_id"] = place.influencer_id
    event |= {"occurred_at": draft.occurred_at, "time_source": draft.time_source}
    if draft.money is not None:
        chosen, other = draft.money.total, draft.money.subtotal
        if basis == "subtotal":
            chosen, other = other, chosen
        # A source that knows one of the two only gives that one: docs/sources.md says which.
        total = chosen if chosen is not None else other
        if total is None:
            raise NoMoney(f"no sum for the revenue basis {basis}")
        fields["amount"] = text_of(total)
    if codes and "discount_codes" not in fields:
        fields.pop("discount_code", None)
        fields |= {"discount_code": codes[0]} if len(codes) == 1 else {"discount_codes": list(codes)}
    # Fields that we do not know are handed on, as producers may be newer than we are.
    for name in _FIELDS[draft.type]:
        if name in fields and name not in event:
            event[name] = fields.pop(name)
    for name, value in fields.items():
        event.setdefault(name, value)
    return event


def _left_out(draft: Draft, place: Place, placer: Placer, source: str) -> str | None:
    """Return why a campaign does not take a draft; None where it does."""
    definition = placer.definition(place.campaign_id)
    if definition is None:
        return None
    rules = definition.sources.get(source)
    if rules is not None:
        if rules.gives is not None and draft.type not in rules.gives:
            return f"sources.{source}.gives has no {draft.type}"
        if draft.is_unpaid and rules.unpaid == "skip":
            return f"unpaid, and sources.{source}.unpaid is skip"
        if draft.channel is not None and draft.channel in rules.skip_channels:
            return f"sources.{source}.skip_channels has {draft.channel!r}"
    return _doubled(draft, definition)


def _doubled(draft: Draft, definition: CampaignDefinition) -> str | None:
    """Return why a reaction or a snapshot would double another; None where it does not."""
    ours = definition.reactions_from.get(draft.platform)
    if draft.type == "post.reaction" and draft.fields.get("kind") in _REACTIONS and ours == "counts":
        return f"reactions_from.{draft.platform} is counts"
    if draft.type == "post.metrics" and not set(_counted(draft, definition)) - {"post_id"}:
        return f"reactions_from.{draft.platform} is events, and there is no other count"
    return None


def _counted(draft: Draft, definition: CampaignDefinition | None) -> dict[str, Any]:
    """Return the fields of a draft without the counts that come as single events."""
    ours = None if definition is None else definition.reactions_from.get(draft.platform)
    if draft.type != "post.metrics" or (ours or _default(draft.platform)) != "events":
        return dict(draft.fields)
    return {name: value for name, value in draft.fields.items() if name not in _REACTIONS.values()}


def _default(platform: str) -> str:
    return "events" if platform in _EVENTS_BY_DEFAULT else "counts"


def _unmatched(draft: Draft, source: str) -> str:
    """Say what would have to stand in a definition."""
    wanted = []
    if draft.campaign_id is not None:
        wanted.append(f"a campaign {draft.campaign_id!r}")
    wanted += [_of_post(draft.platform, post_id) for post_id in draft.post_ids[:1]]
    if draft.account is not None:
        wanted.append(f"accounts.{draft.platform} {draft.account!r} at that time")
    if draft.codes:
        wanted.append("discount_codes " + ", ".join(map(repr, draft.codes[:5])))
    wanted += [f"{name} {value!r}" for name, value in sorted(draft.marks.items())]
    wanted.append(f"sources.{source}.default at that time")
    return f"{draft.type} {draft.event_id} fits no campaign: no definition has " + ", or ".join(wanted)


def _of_post(platform: str, post_id: str) -> str:
    kind, _, chat = post_id.partition(":")
    return f"live_chats {chat!r}" if kind == "live-chat" else f"posts.{platform} {post_id!r}"
