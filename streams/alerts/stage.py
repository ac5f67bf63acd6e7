"""The campaign stage of alerts: closed minutes of all partitions in, transitions out.

A campaign's influencers live in different partitions; their minutes meet in the one partition of
``campaign.windows.v1`` that the campaign's id leads to, in an order that never changes again. Here is what becomes of
one such partition; one campaign is ``streams.alerts.campaign``, how its minutes meet ``streams.alerts.window_merger``,
and when a transition may be published ``streams.alerts.transitions``.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from models.deadletters import Headers
from models.times import HOUR_MS
from streams.alerts.campaign import CampaignAlerts
from streams.alerts.engine import Watcher
from streams.alerts.mutes import Mute
from streams.alerts.window_merger import WAIT_MS
from streams.alerts.window_records import read_window
from streams.columns.formats import PoisonedRecord
from streams.events.registry import Registry

FORGET_MS: Final = 30 * HOUR_MS
"""How long after its last minute a campaign is kept."""


class WindowRecord(Protocol):
    """What is needed of a Kafka record of ``campaign.windows.v1``."""

    @property
    def offset(self) -> int:
        """Position in its partition."""

    @property
    def key(self) -> bytes | None:
        """The campaign."""

    @property
    def timestamp(self) -> int:
        """When it was written, epoch milliseconds."""

    @property
    def value(self) -> bytes | None:
        """The record."""

    @property
    def headers(self) -> Headers:
        """The headers as sent; looked at only when the record is set aside."""


class AlertPartition:
    """The campaigns whose windows come in one partition of ``campaign.windows.v1``.

    Args:
        registry: the campaign definitions in force.
        wait_ms: see ``CampaignAlerts``.
        position: the committed offset, from which the log will be read.
        mutes: what is muted, by campaign; the owner changes it and calls ``mute``.
    """

    def __init__(
        self,
        registry: Registry,
        wait_ms: int = WAIT_MS,
        position: int = 0,
        mutes: Mapping[str, Sequence[Mute]] = MappingProxyType({}),
    ) -> None:
        self.registry = registry
        self.position = position
        """Next offset expected."""
        self.campaigns: dict[str, CampaignAlerts] = {}
        self.log_time_ms = 0
        self._wait_ms = wait_ms
        self._mutes = mutes
        self.watcher: Watcher | None = None
        """See ``CampaignEngine``; for campaigns that are new from now on."""
        self._observed_gone = self._stale_gone = 0

    def restore(self, campaign_id: str, data: bytes) -> None:
        """Have a campaign go on from its newest checkpoint.

        Raises:
            NewerRecord: it is one of a newer version.
            PoisonedRecord: it is none; the campaign begins anew.
        """
        try:
            self._campaign(campaign_id).restore(data)
        except PoisonedRecord:
            del self.campaigns[campaign_id]
            raise
        self.mute(campaign_id)

    def mute(self, campaign_id: str) -> None:
        """Follow what is muted of a campaign now."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is not None:
            campaign.mute(self._mutes.get(campaign_id, ()))

    def _campaign(self, campaign_id: str) -> CampaignAlerts:
        campaign = self.campaigns.get(campaign_id)
        if campaign is None:
            campaign = self.campaigns[campaign_id] = CampaignAlerts(campaign_id, self._wait_ms)
            campaign.configure(self.registry)
            campaign.engine.watcher = self.watcher
            campaign.engine.mutes = tuple(self._mutes.get(campaign_id, ()))
        return campaign

    def configure(self, registry: Registry) -> None:
        """Follow changed definitions."""
        self.registry = registry
        for campaign in self.campaigns.values():
            campaign.configure(registry)

    def apply(self, record: WindowRecord) -> None:
        """Take the next record of the log.

        Raises:
            NewerRecord: it is a closed window of a newer version.
            PoisonedRecord: it is none; the next record may be taken all the same.
        """
        if record.offset < self.position:
            return
        self.position = record.offset + 1
        self.log_time_ms = max(self.log_time_ms, record.timestamp)
        if record.value is None:
            return
        window = read_window(record.key, record.value, record.timestamp)
        if window.campaign_id in self.registry.purged:
            return
        self._campaign(window.campaign_id).take(window, record.offset, record.timestamp)

    def due(self) -> list[CampaignAlerts]:
        """Return the campaigns that need a checkpoint."""
        return [campaign for campaign in self.campaigns.values() if campaign.is_due(self.log_time_ms)]

    def covered(self) -> int:
        """Return the offset up to which confirmed checkpoints stand for the log."""
        uncovered = [
            campaign.first_uncovered for campaign in self.campaigns.values() if campaign.first_uncovered is not None
        ]
        return min(uncovered, default=self.position)

    def forget_idle(self) -> list[str]:
        """Drop campaigns whose last window is long ago, and return them: their checkpoints may go."""
        idle = [
            campaign_id
            for campaign_id, campaign in self.campaigns.items()
            if self.log_time_ms - campaign.merger.heard_at_ms >= FORGET_MS
            and campaign.first_uncovered is None
            and not campaign.transitions.pending
        ]
        for campaign_id in idle:
            campaign = self.campaigns.pop(campaign_id)
            self._observed_gone += campaign.observed_total
            self._stale_gone += campaign.merger.stale_total
        return idle

    def observed_total(self) -> int:
        """Return how many minutes of influencers and campaigns were judged."""
        return self._observed_gone + sum(campaign.observed_total for campaign in self.campaigns.values())

    def stale_total(self) -> int:
        """Return how many minutes of influencers came again."""
        return self._stale_gone + sum(campaign.merger.stale_total for campaign in self.campaigns.values())
