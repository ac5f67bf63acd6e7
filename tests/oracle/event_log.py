"""Files of events and definitions in a few words, for tests of the oracle and of what it is compared with."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.campaigns import CampaignDefinition, InfluencerDefinition, RateCard

from .oracle import compute

BASE = 900_000 * 1_888_889  # a full quarter of an hour: 2023-11-14T22:15:00Z
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
NOW = BASE + 30 * 24 * HOUR


def scores(texts: list[str]) -> list[float | None]:
    """A scorer whose answers stand in the texts."""
    return [None if text == "unread" else float(text) for text in texts]


class EventLog:
    """Builds a file of events, with fields that do not matter filled in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[bytes] = []

    def add(self, tag: str, at_ms: int | str, influencer: str | None = "ana", /, **fields: object) -> dict[str, Any]:
        """Append an event of campaign ``spring`` and return it."""
        event: dict[str, Any] = {
            "type": tag,
            "event_id": f"e{len(self.lines)}",
            "campaign_id": "spring",
            "platform": "tiktok",
            "occurred_at": at_ms,
        }
        if influencer is not None:
            event["influencer_id"] = influencer
        if tag.startswith("post."):
            event["post_id"] = "p1"
        if tag == "comment.created":
            event |= {"post_id": "p1", "author_id": "fan", "text": "0"}
        if tag.startswith("comment."):
            event["comment_id"] = event["event_id"]
        if tag in ("purchase", "refund"):
            event |= {"order_id": event["event_id"], "amount": "10", "currency": "EUR"}
        event |= fields
        self.raw(json.dumps(event).encode())
        return event

    def raw(self, line: bytes) -> None:
        """Append a line as it is."""
        self.lines.append(line)

    def compute(self, *definitions: CampaignDefinition, as_of_ms: int | None = None) -> dict[str, Any]:
        """Write the file and ask the oracle."""
        self.path.write_bytes(b"".join(line + b"\n" for line in self.lines))
        return compute([self.path], list(definitions), as_of_ms, NOW, scores)


def influencer(answer: dict[str, Any], influencer_id: str = "ana", campaign_id: str = "spring") -> dict[str, Any]:
    """The one rollup of an influencer."""
    found: dict[str, Any]
    (found,) = (
        rollup
        for rollup in answer["influencers"]
        if (rollup["campaign_id"], rollup["influencer_id"]) == (campaign_id, influencer_id)
    )
    return found


def campaign(answer: dict[str, Any], campaign_id: str = "spring") -> dict[str, Any]:
    """The one rollup of a campaign."""
    found: dict[str, Any]
    (found,) = (rollup for rollup in answer["campaigns"] if rollup["campaign_id"] == campaign_id)
    return found


def by_window(rollup: dict[str, Any], statistic: str) -> list[Any]:
    """One statistic in all seven windows, shortest first, None where it is absent."""
    names = ("1m", "5m", "15m", "1h", "6h", "24h", "total")
    return [rollup["windows"][name].get(statistic) for name in names]


def definition(*influencers: InfluencerDefinition, rate_card: RateCard | None = None) -> CampaignDefinition:
    """A definition of campaign ``spring``."""
    return CampaignDefinition(
        campaign_id="spring",
        name="Spring giveaway",
        starts_at=datetime(2023, 11, 1, tzinfo=UTC),
        ends_at=datetime(2023, 12, 1, tzinfo=UTC),
        influencers=influencers,
        rate_card=rate_card,
    )


def member(influencer_id: str, **fields: Any) -> InfluencerDefinition:
    """An influencer of a definition."""
    return InfluencerDefinition(influencer_id=influencer_id, handle=f"@{influencer_id}", platform="tiktok", **fields)
