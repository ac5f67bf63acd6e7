"""Alerts over a replay: the two stages of a worker in one process, without the log between them."""

from msgspec import Struct

from models.alerts import AlertTransition
from streams.alerts.engine import Watcher
from streams.alerts.stage import AlertPartition
from streams.alerts.window_records import encode_window
from streams.events.registry import Registry
from streams.pipeline.partition import PartitionState


class ReplayedWindow(Struct, frozen=True):
    """A record of ``campaign.windows.v1`` that never was on Kafka."""

    offset: int
    timestamp: int
    value: bytes


class AlertReplay:
    """Takes what a partition has closed through the campaign stage.

    Args:
        registry: the definitions in force.
        watcher: told of every sample and what the rules made of it.
    """

    def __init__(self, registry: Registry, watcher: Watcher | None = None) -> None:
        self._stage = AlertPartition(registry, wait_ms=0)
        self._stage.watcher = watcher
        self.transitions: list[AlertTransition] = []
        """Everything told so far, in order."""

    def take(self, state: PartitionState, as_of_ms: int | None = None) -> None:
        """Everything up to ``as_of_ms``, or to the newest event, has been applied: close what is over, and judge it."""
        state.closed.vouch_all(state.time_ms if as_of_ms is None else as_of_ms)
        state.close_minutes()
        for window in state.closed.take():
            self._stage.apply(ReplayedWindow(self._stage.position, window.end_ms, encode_window(window)))
        for campaign in self._stage.campaigns.values():
            self.transitions += [told.transition for told in campaign.transitions.untold]
            campaign.transitions.untold.clear()
