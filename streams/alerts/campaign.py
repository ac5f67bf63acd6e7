"""The alerts of one campaign: its closed minutes in, transitions and checkpoints out.

What happens here is a function of the campaign's log alone (its times included), so a checkpoint with the offset it
stands for is all that a successor needs: read again from there, the log gives the same transitions with the same ids.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from models.alerts import Alert, AlertTransition, RuleName, TransitionKind, WindowSample
from models.times import MINUTE_MS, epoch_ms
from streams.alerts.engine import CampaignEngine
from streams.alerts.explanations import explain_removed
from streams.alerts.mutes import Mute
from streams.alerts.transitions import NumberedTransition, TransitionLog
from streams.alerts.window_merger import WAIT_MS, OpenMinute, Source, WindowMerger
from streams.alerts.window_records import CampaignWindow, campaign_sample, check_window, influencer_samples
from streams.columns.formats import Format, NewerRecord, check_moments, damaged
from streams.events.registry import Registry

CHECKPOINT_WINDOWS: Final = 10
CHECKPOINT_MS: Final = 15 * MINUTE_MS


class CampaignCheckpoint(Struct, array_like=True):
    """Everything of one campaign, and the offset it stands for."""

    version: int
    campaign_id: str
    next_offset: int
    heard_at_ms: int
    begun_at_ms: int
    observed: int
    sources: dict[int, Source]
    open_minutes: dict[int, OpenMinute]
    engine: bytes
    active: dict[str, NumberedTransition]
    counts: dict[RuleName, dict[TransitionKind, int]]
    pending: list[NumberedTransition]
    newest: tuple[int, int]


_WHAT: Final = "checkpoint of alerts"
_FORMAT: Final = Format(_WHAT, CampaignCheckpoint, (int, str, int, int, int))


class Checkpoint(NamedTuple):
    """A checkpoint to be written: its bytes, the offset it stands for, and how many pending transitions it contains."""

    campaign_id: str
    data: bytes
    next_offset: int
    pending: int


class CampaignAlerts:
    """One campaign.

    Args:
        campaign_id: the campaign.
        wait_ms: how long a minute waits for partitions; 0 where there is only one.
    """

    def __init__(self, campaign_id: str, wait_ms: int = WAIT_MS) -> None:
        self.campaign_id = campaign_id
        self.engine = CampaignEngine(campaign_id)
        self.merger = WindowMerger(wait_ms)
        self.transitions = TransitionLog()
        self.next_offset = 0
        self.first_uncovered: int | None = None
        """The first offset that no confirmed checkpoint covers."""
        self.observed_total = 0
        self._since_checkpoint = zlib.crc32(campaign_id.encode()) % CHECKPOINT_WINDOWS
        self._checkpoint_at_ms = 0
        self._names: Mapping[str, str] | None = None
        self._may_have_left = False
        """Whether the definition has changed since influencers that it no longer names were last looked for."""

    def configure(self, registry: Registry) -> None:
        """Follow the campaign's definition, or do without one."""
        self._may_have_left = True
        index = registry.campaigns.get(self.campaign_id)
        if index is None:
            self.engine.configure(None)
            self._names = None
            return
        definition = index.definition
        self._names = {each.influencer_id: each.handle for each in definition.influencers}
        self.engine.configure(
            definition.alerts,
            starts_at_ms=epoch_ms(definition.starts_at),
            ends_at_ms=epoch_ms(definition.ends_at),
        )

    def mute(self, mutes: Sequence[Mute]) -> None:
        """Follow what was muted; an open alert that one of them silences says so, once however often this is called.

        Only while the log has not passed the mute: an alert that opened afterwards is another one.
        """
        self.engine.mutes = tuple(mutes)
        for mute in mutes:
            if mute.end_ms <= self.engine.log_time_ms:
                continue
            for numbered in list(self.transitions.active.values()):
                alert = numbered.transition.alert
                is_meant = (alert.rule, alert.influencer_id) == (mute.rule, mute.influencer_id)
                if is_meant and alert.silent_until_ms < mute.end_ms:
                    muted = replace(alert, muted_until_ms=mute.end_ms)
                    self.transitions.record(AlertTransition(kind="muted", at_ms=mute.start_ms, alert=muted))

    # ---------------------------------------------------------------- windows in

    def take(self, window: CampaignWindow, offset: int, log_time_ms: int) -> None:
        """Take the next record of this campaign; records below the checkpoint's offset change nothing."""
        if offset < self.next_offset:
            return
        self.next_offset = offset + 1
        if self.first_uncovered is None:
            self.first_uncovered = offset
        if not self._checkpoint_at_ms:
            self._checkpoint_at_ms = log_time_ms
        # Never back: a redelivery's time is that of its first record, and brokers may stamp out of order.
        self.engine.log_time_ms = max(self.engine.log_time_ms, log_time_ms)
        for minute, parts, is_whole, is_late in self.merger.take(window, log_time_ms):
            if not is_late:
                self._resolve_removed((minute + 1) * MINUTE_MS)
                self._since_checkpoint += 1
            # An influencer has a series of its own, whatever else is late. A sum without one of its parts would look
            # like a drop.
            influencers = list(self._influencers(parts))
            own = campaign_sample(parts) if is_whole else None
            self.observed_total += len(influencers) + (own is not None)
            for transition in self.engine.observe_minute(influencers, own):
                self.transitions.record(transition)

    def _influencers(self, parts: Iterable[CampaignWindow]) -> Iterator[WindowSample]:
        for part in parts:
            for sample in influencer_samples(part, self._name):
                # Influencers outside the definition count for the campaign; alerts are about those it names.
                if self._names is None or sample.influencer_id in self._names:
                    yield sample

    def _resolve_removed(self, at_ms: int) -> None:
        """Resolve the alerts of influencers that the definition no longer names: no window of theirs would do it.

        Left open, such an alert would also explain, and so keep unsaid, what the campaign's own series shows.
        """
        if not self._may_have_left or self._names is None:
            return
        self._may_have_left = False
        gone = [influencer_id for influencer_id in self.engine.influencers() if influencer_id not in self._names]
        for numbered in list(self.transitions.active.values()):
            alert = numbered.transition.alert
            if alert.influencer_id in gone:
                self.transitions.record(AlertTransition(kind="resolved", at_ms=at_ms, alert=_removed(alert, at_ms)))
        for influencer_id in gone:
            self.engine.forget(influencer_id)

    def _name(self, influencer_id: str) -> str:
        return "" if self._names is None else self._names.get(influencer_id, "")

    # ---------------------------------------------------------------- checkpoints out

    def is_due(self, log_time_ms: int) -> bool:
        """Whether a checkpoint should be written: a transition waits for it, or it is long since the last one."""
        if self.transitions.has_unsaved or self._since_checkpoint >= CHECKPOINT_WINDOWS:
            return True
        return self.first_uncovered is not None and log_time_ms - self._checkpoint_at_ms >= CHECKPOINT_MS

    def checkpoint(self, log_time_ms: int) -> Checkpoint:
        """Return everything as it is now; call ``confirm`` when it is safe."""
        self._since_checkpoint = 0
        self._checkpoint_at_ms = log_time_ms
        merger, transitions = self.merger, self.transitions
        record = CampaignCheckpoint(
            version=_FORMAT.version,
            campaign_id=self.campaign_id,
            next_offset=self.next_offset,
            heard_at_ms=merger.heard_at_ms,
            begun_at_ms=merger.begun_at_ms,
            observed=merger.newest,
            sources=merger.sources,
            open_minutes=merger.open_minutes,
            engine=self.engine.export_state(),
            active=transitions.active,
            counts=transitions.counts,
            pending=transitions.pending,
            newest=transitions.newest,
        )
        return Checkpoint(self.campaign_id, _FORMAT.encode(record), self.next_offset, len(transitions.pending))

    def confirm(self, checkpoint: Checkpoint) -> None:
        """Note that a checkpoint is safe: what waited for it may be published."""
        self.first_uncovered = None if checkpoint.next_offset == self.next_offset else checkpoint.next_offset
        self.transitions.saved(checkpoint.pending)

    def restore(self, data: bytes) -> None:
        """Go on from a checkpoint.

        Raises:
            NewerRecord: it is one of a newer version.
            PoisonedRecord: it is none. The object is not to be used then.
        """
        record = _FORMAT.decode(data)
        if record.campaign_id != self.campaign_id or record.next_offset < 0:
            raise damaged(_WHAT, f"of campaign {record.campaign_id!r}, offset {record.next_offset}")
        check_moments(_WHAT, record.heard_at_ms, max(0, record.begun_at_ms))
        for minute in record.open_minutes.values():
            for window in minute.parts.values():
                check_window(window)
        merger, transitions = self.merger, self.transitions
        self.next_offset, self._checkpoint_at_ms = record.next_offset, record.heard_at_ms
        self.engine.log_time_ms = max(0, record.heard_at_ms)
        merger.heard_at_ms, merger.begun_at_ms = record.heard_at_ms, record.begun_at_ms
        merger.newest, merger.sources, merger.open_minutes = record.observed, record.sources, record.open_minutes
        transitions.active, transitions.counts = record.active, record.counts
        transitions.pending, transitions.newest = record.pending, record.newest
        transitions.saved(len(record.pending))
        try:
            self.engine.import_state(record.engine)
        except NewerRecord:
            raise
        except (msgspec.DecodeError, ValueError, LookupError, TypeError) as error:
            raise damaged(_WHAT, f"state of the alerts of {self.campaign_id!r}: {error}") from None


def _removed(alert: Alert, at_ms: int) -> Alert:
    """Return an open alert as it ends when its influencer has left the definition."""
    text = explain_removed(alert.rule, alert.influencer_id or "", alert.opened_at_ms, at_ms)
    return replace(alert, phase="ok", at_ms=at_ms, resolved_at_ms=at_ms, resolution="removed", explanation=text)
