"""The campaign stage of alerts: closed minutes of all partitions in, transitions out.

A campaign's influencers live in different partitions; their minutes meet in the one partition of
``campaign.windows.v1`` that the campaign's id leads to, in an order that never changes again. What happens here is a
function of that log alone (its times included), so a checkpoint of a campaign with the offset it stands for is all
that a successor needs: read again from there, the log gives the same transitions with the same ids.

Transitions are told only after a checkpoint that contains them is confirmed, and travel in it until it is known that
they were told. So each is told at least once, under one identity (alert_id, kind, at_ms), and none that a successor
would not know of.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from models.alerts import Alert, AlertTransition, RuleName, TransitionKind, WindowSample
from streams.alert_engine import AlertEngine, Watcher, epoch_ms
from streams.attribution import Registry
from streams.explanations import explain_removed
from streams.formats import Format, UnsupportedRecord
from streams.window_records import (
    CampaignWindow,
    campaign_sample,
    decode_window,
    influencer_samples,
)
from streams.windows import HOUR_MS, MINUTE_MS

WAIT_MS: Final = 30_000
"""How long, by the log's own time, a minute waits for partitions that have not reported it."""
GONE_MS: Final = 15 * MINUTE_MS
"""A partition not heard of for this long no longer belongs to the campaign's sum."""
CHECKPOINT_WINDOWS: Final = 10
CHECKPOINT_MS: Final = 15 * MINUTE_MS
FORGET_MS: Final = 30 * HOUR_MS


class WindowRecord(Protocol):
    """What is needed of a Kafka record of ``campaign.windows.v1``."""

    @property
    def offset(self) -> int:
        """Position in its partition."""

    @property
    def timestamp(self) -> int:
        """When it was written, epoch milliseconds."""

    @property
    def value(self) -> bytes | None:
        """The record."""


class Source(Struct, array_like=True):
    """A partition that reports a campaign: the newest minute it has reported, and when."""

    minute: int
    heard_at_ms: int


class Pending(Struct, array_like=True):
    """A minute that some partitions have reported, by partition, and when the first did."""

    since_ms: int
    parts: dict[int, CampaignWindow]


class Told(Struct, frozen=True, array_like=True):
    """A transition with its place among those of its campaign: (moment_ms, number) only grows.

    ``moment_ms`` is the transition's own, or that of the newest one before it when a partition was behind.
    """

    moment_ms: int
    number: int
    transition: AlertTransition


class CampaignCheckpoint(Struct, array_like=True):
    """Everything of one campaign, and the offset it stands for."""

    version: int
    campaign_id: str
    next_offset: int
    heard_at_ms: int
    begun_at_ms: int
    observed: int
    sources: dict[int, Source]
    pending: dict[int, Pending]
    engine: bytes
    active: dict[str, Told]
    counts: dict[RuleName, dict[TransitionKind, int]]
    untold: list[Told]
    last_told: tuple[int, int]


_FORMAT: Final = Format("checkpoint of alerts", CampaignCheckpoint)


class CampaignAlerts:
    """One campaign.

    Args:
        campaign_id: the campaign.
        wait_ms: how long a minute waits for partitions; 0 where there is only one.
    """

    def __init__(self, campaign_id: str, wait_ms: int = WAIT_MS) -> None:
        self.campaign_id = campaign_id
        self.engine = AlertEngine()
        self.active: dict[str, Told] = {}
        """What is open now, by alert id: the newest transition of each."""
        self.counts: dict[RuleName, dict[TransitionKind, int]] = {}
        self.untold: list[Told] = []
        """Transitions not yet known to have been told, oldest first."""
        self.next_offset = 0
        self.first_uncovered: int | None = None
        """The first offset that no confirmed checkpoint covers."""
        self.observed_total = 0
        self.stale_total = 0
        self.heard_at_ms = 0
        self._wait_ms = wait_ms
        self._begun_at_ms = -1
        self._observed = -1
        self._sources: dict[int, Source] = {}
        self._pending: dict[int, Pending] = {}
        self._last_told = (0, 0)
        self._since_checkpoint = zlib.crc32(campaign_id.encode()) % CHECKPOINT_WINDOWS
        self._checkpoint_at_ms = 0
        self._saved_untold = 0
        self._names: Mapping[str, str] | None = None
        self._may_have_left = False
        """Whether the definition changed since somebody was looked for whom it no longer names."""

    def configure(self, registry: Registry) -> None:
        """Follow the campaign's definition, or do without one."""
        self._may_have_left = True
        index = registry.campaigns.get(self.campaign_id)
        if index is None:
            self.engine.configure(self.campaign_id, None)
            self._names = None
            return
        definition = index.definition
        self._names = {each.influencer_id: each.handle for each in definition.influencers}
        self.engine.configure(
            self.campaign_id,
            definition.alerts,
            starts_at_ms=epoch_ms(definition.starts_at),
            ends_at_ms=epoch_ms(definition.ends_at),
        )

    # ---------------------------------------------------------------- windows in

    def take(self, window: CampaignWindow, offset: int, log_time_ms: int) -> None:
        """Take the next record of this campaign; records below the checkpoint's offset change nothing."""
        if offset < self.next_offset:
            return
        self.next_offset = offset + 1
        if self.first_uncovered is None:
            self.first_uncovered = offset
        if self._begun_at_ms < 0:
            self._begun_at_ms = log_time_ms
        if not self._checkpoint_at_ms:
            self._checkpoint_at_ms = log_time_ms
        self.heard_at_ms = max(self.heard_at_ms, log_time_ms)
        source = self._sources.get(window.partition)
        if source is None:
            source = self._sources[window.partition] = Source(-1, 0)
        source.heard_at_ms = self.heard_at_ms
        if window.minute <= source.minute:
            self.stale_total += len(window.influencers)
            return  # told again after a restart
        source.minute = window.minute
        if window.minute <= self._observed:
            # The campaign's sum went on without this partition; its influencers have series of their own.
            self._observe_influencers([window])
            return
        pending = self._pending.get(window.minute)
        if pending is None:
            pending = self._pending[window.minute] = Pending(self.heard_at_ms, {})
        pending.parts[window.partition] = window
        self._settle()

    def _settle(self) -> None:
        """Observe, oldest first, the minutes that are complete or have waited long enough."""
        now_ms = self.heard_at_ms
        if now_ms - self._begun_at_ms < self._wait_ms:
            return  # at first it is not known which partitions there are
        for minute in sorted(self._pending):
            pending = self._pending[minute]
            missing = [source for source in self._sources.values() if source.minute < minute]
            heard = [source for source in missing if now_ms - source.heard_at_ms < GONE_MS]
            if heard and now_ms - pending.since_ms < self._wait_ms:
                return
            del self._pending[minute]
            self._observed = minute
            parts = [pending.parts[partition] for partition in sorted(pending.parts)]
            self._let_go((minute + 1) * MINUTE_MS)
            self._observe_influencers(parts)
            # A sum without one of its parts would look like a drop.
            if not heard:
                self._observe(campaign_sample(parts))
            self._since_checkpoint += 1

    def _observe_influencers(self, parts: Iterable[CampaignWindow]) -> None:
        for part in parts:
            for sample in influencer_samples(part, self._name):
                # Whoever is in no definition counts for the campaign; alerts are about those it names.
                if self._names is None or sample.influencer_id in self._names:
                    self._observe(sample)

    def _let_go(self, at_ms: int) -> None:
        """End the alerts of whom the definition no longer names: nobody is judged any more who could end them.

        An open alert of theirs would also explain, and so keep unsaid, what the campaign's own series shows.
        """
        if not self._may_have_left or self._names is None:
            return
        self._may_have_left = False
        gone = [who for who in self.engine.influencers(self.campaign_id) if who not in self._names]
        for told in list(self.active.values()):
            if told.transition.alert.influencer_id in gone:
                self._record(
                    AlertTransition(kind="resolved", at_ms=at_ms, alert=_removed(told.transition.alert, at_ms))
                )
        for who in gone:
            self.engine.forget(self.campaign_id, who)

    def _name(self, influencer_id: str) -> str:
        return "" if self._names is None else self._names.get(influencer_id, "")

    def _observe(self, sample: WindowSample) -> None:
        self.observed_total += 1
        for transition in self.engine.observe(sample):
            self._record(transition)

    def _record(self, transition: AlertTransition) -> None:
        moment_ms, number = self._last_told
        if transition.at_ms > moment_ms:
            moment_ms, number = transition.at_ms, -1
        self._last_told = moment_ms, number + 1
        told = Told(moment_ms, number + 1, transition)
        self.untold.append(told)
        alert = transition.alert
        if transition.kind == "resolved":
            self.active.pop(alert.alert_id, None)
        else:
            self.active[alert.alert_id] = told
        kinds = self.counts.setdefault(alert.rule, {})
        kinds[transition.kind] = kinds.get(transition.kind, 0) + 1

    # ---------------------------------------------------------------- checkpoints out

    def is_due(self, log_time_ms: int) -> bool:
        """Whether a checkpoint should be written: a transition waits for it, or it is long since the last one."""
        if len(self.untold) > self._saved_untold or self._since_checkpoint >= CHECKPOINT_WINDOWS:
            return True
        return self.first_uncovered is not None and log_time_ms - self._checkpoint_at_ms >= CHECKPOINT_MS

    def checkpoint(self, log_time_ms: int) -> "Checkpoint":
        """Return everything as it is now; tell with ``confirm`` when it is safe."""
        self._since_checkpoint = 0
        self._checkpoint_at_ms = log_time_ms
        record = CampaignCheckpoint(
            version=_FORMAT.version,
            campaign_id=self.campaign_id,
            next_offset=self.next_offset,
            heard_at_ms=self.heard_at_ms,
            begun_at_ms=self._begun_at_ms,
            observed=self._observed,
            sources=self._sources,
            pending=self._pending,
            engine=self.engine.export_campaign(self.campaign_id),
            active=self.active,
            counts=self.counts,
            untold=self.untold,
            last_told=self._last_told,
        )
        return Checkpoint(self.campaign_id, _FORMAT.encode(record), self.next_offset, len(self.untold))

    def confirm(self, checkpoint: "Checkpoint") -> None:
        """Take note that a checkpoint is safe: what waited for it may be told."""
        self.first_uncovered = None if checkpoint.next_offset == self.next_offset else checkpoint.next_offset
        self._saved_untold = checkpoint.untold

    def tellable(self) -> list[Told]:
        """Return the transitions that a confirmed checkpoint contains and that are not known to have been told."""
        return self.untold[: self._saved_untold]

    def told(self, how_many: int) -> None:
        """Take note that the first of ``untold`` have been told."""
        del self.untold[:how_many]
        self._saved_untold -= how_many

    def restore(self, data: bytes) -> None:
        """Go on from a checkpoint.

        Raises:
            UnsupportedRecord: it is none, or one of a newer version.
        """
        record = _FORMAT.decode(data)
        self.next_offset, self.heard_at_ms = record.next_offset, record.heard_at_ms
        self._begun_at_ms, self._observed = record.begun_at_ms, record.observed
        self._sources, self._pending = record.sources, record.pending
        self.active, self.counts, self.untold = record.active, record.counts, record.untold
        self._last_told = record.last_told
        self._saved_untold = len(self.untold)
        self._checkpoint_at_ms = record.heard_at_ms
        try:
            self.engine.import_campaign(self.campaign_id, record.engine)
        except (msgspec.DecodeError, ValueError) as error:
            raise UnsupportedRecord(f"state of the alerts of {self.campaign_id!r}: {error}") from None


def _removed(alert: Alert, at_ms: int) -> Alert:
    """Return the end of an open alert whose influencer left."""
    text = explain_removed(alert.rule, alert.influencer_id or "", alert.opened_at_ms, at_ms)
    return replace(alert, phase="ok", at_ms=at_ms, resolved_at_ms=at_ms, resolution="removed", explanation=text)


class Checkpoint(NamedTuple):
    """A checkpoint to be written: its bytes, the offset it stands for, and how many untold transitions it holds."""

    campaign_id: str
    data: bytes
    next_offset: int
    untold: int


class AlertPartition:
    """The campaigns whose windows come in one partition of ``campaign.windows.v1``.

    Args:
        registry: the campaign definitions in force.
        wait_ms: see ``CampaignAlerts``.
        checkpoints: the newest checkpoint of each campaign.
        position: the committed offset, from which the log will be read.
    """

    def __init__(
        self,
        registry: Registry,
        wait_ms: int = WAIT_MS,
        checkpoints: Mapping[str, bytes] | None = None,
        position: int = 0,
    ) -> None:
        self.registry = registry
        self.position = position
        """Next offset expected."""
        self.campaigns: dict[str, CampaignAlerts] = {}
        self.log_time_ms = 0
        self._wait_ms = wait_ms
        self.watcher: Watcher | None = None
        """See ``AlertEngine``; for campaigns that are new from now on."""
        self._observed_gone = self._stale_gone = 0
        for campaign_id, data in (checkpoints or {}).items():
            self._campaign(campaign_id).restore(data)

    def _campaign(self, campaign_id: str) -> CampaignAlerts:
        campaign = self.campaigns.get(campaign_id)
        if campaign is None:
            campaign = self.campaigns[campaign_id] = CampaignAlerts(campaign_id, self._wait_ms)
            campaign.configure(self.registry)
            campaign.engine.watcher = self.watcher
        return campaign

    def configure(self, registry: Registry) -> None:
        """Follow changed definitions."""
        self.registry = registry
        for campaign in self.campaigns.values():
            campaign.configure(registry)

    def apply(self, record: WindowRecord) -> None:
        """Take the next record of the log.

        Raises:
            UnsupportedRecord: it is no closed window, or one of a newer version.
        """
        if record.offset < self.position:
            return
        self.position = record.offset + 1
        self.log_time_ms = max(self.log_time_ms, record.timestamp)
        if record.value is None:
            return
        window = decode_window(record.value)
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
        """Drop campaigns not heard of for long, and return them: their checkpoints may go."""
        idle = [
            campaign_id
            for campaign_id, campaign in self.campaigns.items()
            if self.log_time_ms - campaign.heard_at_ms >= FORGET_MS
            and campaign.first_uncovered is None
            and not campaign.untold
        ]
        for campaign_id in idle:
            campaign = self.campaigns.pop(campaign_id)
            self._observed_gone += campaign.observed_total
            self._stale_gone += campaign.stale_total
        return idle

    def observed_total(self) -> int:
        """Return how many minutes of influencers and campaigns were judged."""
        return self._observed_gone + sum(campaign.observed_total for campaign in self.campaigns.values())

    def stale_total(self) -> int:
        """Return how many minutes of influencers came again."""
        return self._stale_gone + sum(campaign.stale_total for campaign in self.campaigns.values())
