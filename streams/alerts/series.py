"""The series of a campaign's alerts, and their exported state."""

import msgspec
from msgspec import Struct

from models.alerts import DEFAULT_RULES, RuleName
from streams.alerts.state_machine import AlertMemory
from streams.columns.formats import NEWER, NewerRecord
from streams.detectors.peers import PeerStanding
from streams.detectors.signals import Signals, SignalState

FORMAT_VERSION = 1
_ENCODER = msgspec.msgpack.Encoder()


class SeriesState(Struct, gc=False):
    """The exported state of one series."""

    version: int
    last_end_ms: int
    signals: SignalState
    alerts: dict[RuleName, AlertMemory]


class EngineState(Struct, gc=False):
    """The exported state of a campaign: the series of its influencers, its own, and how its influencers compare."""

    version: int
    keys: dict[str, SeriesState]
    own: SeriesState | None
    peers: dict[str, PeerStanding]


class Series:
    """One influencer, or the campaign as a whole: its detectors and its alerts."""

    __slots__ = ("alerts", "last_end_ms", "signals")

    def __init__(self, state: SeriesState | None = None) -> None:
        self.last_end_ms = -1 if state is None else state.last_end_ms
        self.signals = Signals(None if state is None else state.signals)
        self.alerts: dict[RuleName, AlertMemory] = {rule: AlertMemory() for rule in DEFAULT_RULES}
        if state is not None:
            self.alerts.update(state.alerts)

    def state(self) -> SeriesState:
        """Everything remembered. It shares the detectors' states: encode it before the next window."""
        return SeriesState(FORMAT_VERSION, self.last_end_ms, self.signals.state(), self.alerts)


_DECODER = msgspec.msgpack.Decoder(EngineState)


def encode_state(influencers: dict[str, Series], own: Series | None, peers: dict[str, PeerStanding]) -> bytes:
    """Return everything remembered of a campaign."""
    keys = {influencer_id: series.state() for influencer_id, series in influencers.items()}
    return _ENCODER.encode(EngineState(FORMAT_VERSION, keys, None if own is None else own.state(), peers))


def decode_state(data: bytes) -> EngineState:
    """Return what ``encode_state`` was given.

    Raises:
        msgspec.DecodeError: ``data`` is no exported state.
        NewerRecord: a newer version has exported it.
        ValueError: it has a format version that there never was.
    """
    state = _DECODER.decode(data)
    if state.version > FORMAT_VERSION:
        raise NewerRecord(f"alert state of format {state.version}, this version reads {FORMAT_VERSION}: {NEWER}")
    if state.version != FORMAT_VERSION:
        raise ValueError(f"alert state has format {state.version}, this reads {FORMAT_VERSION}")
    return state
