"""The read model in Redis as a contract: names of keys, and the health of a worker as text. ``docs/redis.md``."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from msgspec import Struct, convert, json
from msgspec.structs import asdict

_DECIMALS: Final = {"events_per_second": 1, "watermark_delay_seconds": 3, "flush_seconds": 4}


@lru_cache(maxsize=65_536)  # the same few names for every key of every flush; quoting takes 2 µs
def quoted(name: str) -> str:
    """Return an id as it stands in keys: percent-encoded."""
    return quote(name, safe="")


class Keys:
    """The names of the read model.

    Args:
        prefix: First part of every key.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.campaigns = f"{prefix}:campaigns"
        self.updates = f"{prefix}:updates"

    def campaign(self, campaign_id: str) -> str:
        """Return the hash of a campaign."""
        return f"{self.prefix}:campaign:{quoted(campaign_id)}"

    def influencers(self, campaign_id: str) -> str:
        """Return the set of a campaign's influencers."""
        return f"{self.prefix}:campaign:{quoted(campaign_id)}:influencers"

    def influencer(self, campaign_id: str, influencer_id: str) -> str:
        """Return the hash of an influencer."""
        return f"{self.prefix}:influencer:{quoted(campaign_id)}:{quoted(influencer_id)}"

    def giveaway(self, campaign_id: str, influencer_id: str) -> str:
        """Return the hash of a campaign's giveaway, or of an influencer's share in it."""
        owner = self.influencer(campaign_id, influencer_id) if influencer_id else self.campaign(campaign_id)
        return f"{owner}:giveaway"

    def minutes(self, campaign_id: str, influencer_id: str | None) -> str:
        """Return the hash of the last 24 hours by minute of an influencer, or of the whole campaign (None)."""
        owner = self.campaign(campaign_id) if influencer_id is None else self.influencer(campaign_id, influencer_id)
        return f"{owner}:minutes"

    def entity(self, kind: str, campaign_id: str, influencer_id: str) -> str:
        """Return the hash that an update is about: ``kind`` is ``influencer``, ``campaign`` or ``giveaway``."""
        if kind == "giveaway":
            return self.giveaway(campaign_id, influencer_id)
        # The unattributed influencer has the empty id.
        return self.influencer(campaign_id, influencer_id) if kind == "influencer" else self.campaign(campaign_id)

    def leaderboard(self, campaign_id: str, window: str, metric: str) -> str:
        """Return the sorted set of a leaderboard."""
        return f"{self.prefix}:leaderboard:{quoted(campaign_id)}:{window}:{metric}"

    def channel(self, campaign_id: str) -> str:
        """Return the pub/sub channel of a campaign."""
        return f"{self.prefix}:updates:{quoted(campaign_id)}"

    def review(self, campaign_id: str) -> str:
        """Return the sorted set of a giveaway's suspicious entrants."""
        return f"{self.prefix}:review:{quoted(campaign_id)}"

    def review_reasons(self, campaign_id: str) -> str:
        """Return the hash of why each of them is suspected."""
        return f"{self.prefix}:review:{quoted(campaign_id)}:reasons"

    def review_summary(self, campaign_id: str) -> str:
        """Return the hash of how many are suspected."""
        return f"{self.prefix}:review:{quoted(campaign_id)}:summary"

    def frozen(self, campaign_id: str) -> str:
        """Return the hash of a giveaway's frozen entry list."""
        return f"{self.prefix}:frozen:{quoted(campaign_id)}"

    def worker(self, worker: str) -> str:
        """Return the hash of a worker; of the empty name what all of them begin with."""
        return f"{self.prefix}:worker:{quoted(worker)}"


class AlertKeys:
    """The names of the alert part of the read model.

    Args:
        prefix: First part of every key.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def active(self, campaign_id: str) -> str:
        """Return the hash of a campaign's open alerts: alert id to alert."""
        return f"{self.prefix}:alerts:{quoted(campaign_id)}:active"

    def history(self, campaign_id: str) -> str:
        """Return the stream of a campaign's transitions."""
        return f"{self.prefix}:alerts:{quoted(campaign_id)}:history"

    def channel(self, campaign_id: str) -> str:
        """Return the pub/sub channel of a campaign's transitions."""
        return f"{self.prefix}:alerts:{quoted(campaign_id)}"

    @property
    def campaigns(self) -> str:
        """Return the set of campaigns with open alerts."""
        return f"{self.prefix}:alerts:campaigns"


class WorkerHealth(Struct, frozen=True, kw_only=True):
    """One worker's health; a field that it has not written is None or has its default."""

    worker: str
    started_at_ms: int | None = None
    updated_at_ms: int | None = None
    partitions: int | None = None
    events_total: int = 0
    duplicates_total: int = 0
    forwarded_total: int = 0
    rejected_total: int = 0
    rejected: dict[str, int] = {}
    events_per_second: float = 0.0
    lag: int | None = None
    watermark_delay_seconds: float | None = None
    flush_seconds: float | None = None
    influencers: int = 0


def encode_health(health: WorkerHealth) -> dict[str, str]:
    """Return the fields of a worker's hash, all but its name, which is in the key; what is None is left out."""
    texts: dict[str, str] = {}
    for name, value in asdict(health).items():
        if name == "worker" or value is None:
            continue
        if name == "rejected":
            texts[name] = json.encode(value).decode()
        elif name in _DECIMALS:
            texts[name] = f"{value:.{_DECIMALS[name]}f}"
        else:
            texts[name] = str(value)
    return texts


def decode_health(worker: str, fields: Mapping[bytes, bytes]) -> WorkerHealth:
    """Return the health of a worker from its hash.

    Args:
        worker: its name as it stands in the key.
        fields: the hash as Redis gives it.

    Raises:
        msgspec.DecodeError: a field is not what ``encode_health`` writes.
    """
    texts: dict[str, object] = {name.decode(): value.decode() for name, value in fields.items()}
    if "rejected" in texts:
        texts["rejected"] = json.decode(fields[b"rejected"])
    # Redis holds texts: numbers are read from them.
    return convert({**texts, "worker": worker}, WorkerHealth, strict=False)
