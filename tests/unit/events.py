"""What unit and property tests build their input from: events as JSON, records, a scorer whose polarities are known."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from models.alerts import Alert, AlertTransition, SampleComment
from models.campaigns import CampaignDefinition, InfluencerDefinition, TrackingLink
from models.events import Event
from models.rollups import InfluencerRollup
from models.times import DAY_MS
from streams.columns.formats import PoisonedRecord
from streams.events.decode import decode_event
from streams.events.registry import Registry
from streams.pipeline.limits import Limits
from streams.pipeline.partition import PartitionState
from streams.pipeline.records import FileRecord
from streams.statistics.influencers import InfluencerStore
from streams.statistics.snapshots import describe

NOON_MS = 1_775_995_200_000
"""2026-04-12T12:00:00Z: a multiple of every pane size, so that timelines can be drawn from it."""
NOW_MS = NOON_MS + 1_000 * DAY_MS
"""A clock so far ahead that no test event lies in the future."""

_OWN_FIELDS: Mapping[str, dict[str, Any]] = {
    "post.published": {"post_id": "p"},
    "post.metrics": {"post_id": "p"},
    "post.reaction": {"post_id": "p", "kind": "like"},
    "post.deleted": {"post_id": "p"},
    "comment.created": {"post_id": "p", "author_id": "a", "text": "fine"},
    "comment.deleted": {"comment_id": "k"},
    "click": {},
    "signup": {},
    "add_to_cart": {},
    "purchase": {"amount": "10", "currency": "EUR"},
    "refund": {"amount": "10", "currency": "EUR"},
    "order.booked": {"order_id": "o", "changes": [[NOON_MS, "EUR", 1, 10_000_000, 0, 0, 0, 0]]},
}
TYPES = tuple(_OWN_FIELDS)


class WordScorer:
    """Polarity by first word: ``good`` +0.5, ``bad`` -0.5, ``n.nnn`` its number, everything else 0."""

    def score(self, text: str) -> float:
        """Polarity of one text."""
        word = text.partition(" ")[0]
        if word in ("good", "bad"):
            return 0.5 if word == "good" else -0.5
        try:
            return max(-1.0, min(1.0, float(word)))
        except ValueError:
            return 0.0

    def score_many(self, texts: list[str]) -> list[float]:
        """Polarities of many texts."""
        return [self.score(text) for text in texts]


def fields(tag: str, event_id: str = "e1", at_ms: int = NOON_MS, **changes: Any) -> dict[str, Any]:
    """Return a valid event of a type as plain data; a change to None takes a field away."""
    own = {"order_id": event_id} if tag in ("purchase", "refund") else {}
    if tag == "comment.created":
        own = {"comment_id": event_id}
    event = {
        "type": tag,
        "event_id": event_id,
        "campaign_id": "c",
        "platform": "instagram",
        "occurred_at": at_ms,
        "influencer_id": "ana",
        **own,
        **_OWN_FIELDS[tag],
        **changes,
    }
    return {name: value for name, value in event.items() if value is not None}


def value_of(tag: str, event_id: str = "e1", at_ms: int = NOON_MS, **changes: Any) -> bytes:
    """Return a valid event of a type as the bytes on Kafka."""
    return msgspec.json.encode(fields(tag, event_id, at_ms, **changes))


def event_of(tag: str, event_id: str = "e1", at_ms: int = NOON_MS, **changes: Any) -> Event:
    """Return a valid event of a type."""
    return decode_event(value_of(tag, event_id, at_ms, **changes))


def records(values: Sequence[bytes | None], first_offset: int = 0, key: bytes | None = None) -> list[FileRecord]:
    """Return values as records at consecutive offsets."""
    return [FileRecord(offset, key, value) for offset, value in enumerate(values, start=first_offset)]


def partition_state(
    partition: int = 0, partitions: int = 1, registry: Registry | None = None, limits: Limits | None = None
) -> PartitionState:
    """Return an empty partition, alone unless said otherwise."""
    return PartitionState(partition, partitions, registry or Registry(), WordScorer(), limits or Limits())


def refuse(key: bytes, value: bytes, error: PoisonedRecord) -> None:
    """Fail for a record of the state that is none."""
    raise AssertionError(f"{key!r}: {error}")


def rollup_of(state: PartitionState, influencer_id: str = "ana", campaign_id: str = "c") -> InfluencerRollup:
    """Return the numbers of one influencer as they are shown."""
    return rollup_in(state.influencers, state.registry, influencer_id, campaign_id)


def rollup_in(
    store: InfluencerStore, registry: Registry, influencer_id: str = "ana", campaign_id: str = "c"
) -> InfluencerRollup:
    """Return the numbers of one influencer of a store."""
    return describe(store, registry, [store.rows[campaign_id, influencer_id]])[0][0]


def influencer(influencer_id: str, *links: TrackingLink, **changes: Any) -> InfluencerDefinition:
    """Return an influencer's definition."""
    described = {"handle": "@" + influencer_id, "platform": "instagram", "links": links, **changes}
    return InfluencerDefinition(influencer_id=influencer_id, **described)


def campaign(*influencers: InfluencerDefinition, **changes: Any) -> CampaignDefinition:
    """Return a campaign definition."""
    content = {
        "campaign_id": "c",
        "name": "Spring",
        "starts_at": "2026-04-12T10:00:00Z",
        "ends_at": "2026-04-12T20:00:00Z",
        "influencers": [msgspec.to_builtins(each) for each in influencers],
        **changes,
    }
    return msgspec.convert(content, CampaignDefinition)


def transition_with(*texts: str, campaign_id: str = "c") -> AlertTransition:
    """An alert that opens, with these comments."""
    alert = Alert(
        alert_id="a1",
        rule="negative_wave",
        campaign_id=campaign_id,
        influencer_id=None,
        severity="warning",
        phase="firing",
        opened_at_ms=NOON_MS,
        at_ms=NOON_MS,
        strength=1.0,
        unit="share",
        observed=1.0,
        expected=0.0,
        ratio=1.0,
        sample_size=3,
        explanation="many are angry",
        sample_comments=tuple(SampleComment(text, -0.5) for text in texts),
    )
    return AlertTransition(kind="opened", at_ms=NOON_MS, alert=alert)
