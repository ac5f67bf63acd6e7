"""Alerts over a replay: the two stages of a worker in one process, without the log between them."""

from msgspec import Struct

from models.alerts import AlertTransition
from streams.alert_stage import AlertPartition
from streams.attribution import Registry
from streams.partition import PartitionState
from streams.window_records import encode_window


class ReplayedWindow(Struct, frozen=True):
    """A record of ``campaign.windows.v1`` that never was on Kafka."""

    offset: int
    timestamp: int
    value: bytes


class AlertReplay:
    """Takes what a partition has closed through the campaign stage."""

    def __init__(self, registry: Registry) -> None:
        self._stage = AlertPartition(registry, wait_ms=0)
        self.transitions: list[AlertTransition] = []
        """Everything told so far, in order."""

    def take(self, state: PartitionState) -> None:
        """Everything read so far has been applied: close what is over, and judge it."""
        state.closed.vouch_all(state.time_ms)
        state.close_minutes()
        for window in state.closed.take():
            self._stage.apply(ReplayedWindow(self._stage.position, window.end_ms, encode_window(window)))
        for campaign in self._stage.campaigns.values():
            self.transitions += [told.transition for told in campaign.untold]
            campaign.untold.clear()
