"""What Kafka holds of a campaign for its tables: minutes, alerts, and posts and orders in the state of the workers.

Topics are read to their end and nothing is written. The state is the workers' own: whatever a frozen owner wrote
behind its successor does not count here either.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.broker.topic_admin import changelog_topic
from agents.erasure.logs import ErasureError, OnProgress, read_logs
from agents.settings import Settings
from models.alerts import AlertTransition
from models.minutes import Minute
from models.topics import ALERTS, MINUTES
from streams.changelog.fencing import EPOCH_HEADER, NO_EPOCH, ChangelogOrder, decode_epoch
from streams.changelog.keys import ORDER, ROW, campaign_of, decode_key
from streams.changelog.row_records import decode_record
from streams.columns.formats import PoisonedRecord, UnsupportedRecord
from streams.exports.post_tally import PostFacts, PostKey
from streams.exports.stored_posts import stored_posts
from streams.orders.order import OrderEvent, OrderKey, decode_order

_decode_minute: Final = msgspec.json.Decoder(Minute).decode
_decode_transition: Final = msgspec.json.Decoder(AlertTransition).decode
_decode_minute_key: Final = msgspec.json.Decoder(tuple[str, str | None, int]).decode
_NO_RECORD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class LiveCampaignError(RuntimeError):
    """Kafka cannot be read, or holds what this version cannot; one line, for users."""


class LiveCampaign(Struct):
    """What was found. ``unreadable`` counts records, by topic, that were none of ours."""

    minutes: list[Minute]
    transitions: list[AlertTransition]
    posts: list[tuple[PostKey, PostFacts]]
    orders: list[tuple[OrderKey, list[OrderEvent]]]
    unreadable: dict[str, int]


class _Reader:
    """Takes records of the three topics, and keeps the newest of each key of one campaign.

    Args:
        campaign_id: the campaign.
        changelog: the topic of the workers' state.
    """

    def __init__(self, campaign_id: str, changelog: str) -> None:
        self._campaign_id = campaign_id
        self.changelog = changelog
        self.minutes: dict[tuple[str, str | None, int], Minute] = {}
        self.transitions: list[AlertTransition] = []
        self.state: dict[bytes, bytes] = {}
        self.unreadable: dict[str, int] = {}
        self._order = ChangelogOrder(lambda partition: NO_EPOCH)

    def take_minute(self, record: Any) -> None:
        """Take a record of the history."""
        try:
            key = _decode_minute_key(record.key or b"")
            if key[0] != self._campaign_id:
                return
            if record.value is None:
                self.minutes.pop(key, None)
            else:
                self.minutes[key] = _decode_minute(record.value)
        except _NO_RECORD:
            self.count_unreadable(MINUTES)

    def take_transition(self, record: Any) -> None:
        """Take a record of the alerts."""
        try:
            transition = _decode_transition(record.value or b"")
        except _NO_RECORD:
            self.count_unreadable(ALERTS)
            return
        if transition.alert.campaign_id == self._campaign_id:
            self.transitions.append(transition)

    def take_state(self, record: Any) -> None:
        """Take a record of the state, if it counts."""
        epoch = dict(record.headers or ()).get(EPOCH_HEADER)
        try:
            counts = self._order.counts(record.partition, record.offset, None if epoch is None else decode_epoch(epoch))
        except ValueError:
            return  # no worker takes it either
        if not counts or campaign_of(record.key or b"") != self._campaign_id:
            return
        if record.value is None:
            self.state.pop(record.key, None)
        elif decode_key(record.key)[1] in (ROW, ORDER):
            self.state[record.key] = record.value

    def count_unreadable(self, topic: str) -> None:
        """Count a record that is none of ours."""
        self.unreadable[topic] = self.unreadable.get(topic, 0) + 1

    def state_of(self, kind: str) -> Iterable[tuple[list[str | int], bytes]]:
        """Yield name and value of the records of a kind, in the order of their keys."""
        for key, value in sorted(self.state.items()):
            parts = decode_key(key)
            if parts[1] == kind:
                yield parts[2:], value


def read_live_campaign(settings: Settings, campaign_id: str, on_progress: OnProgress) -> LiveCampaign:
    """Read everything of a campaign.

    Raises:
        LiveCampaignError: Kafka is away or refuses, or a record of the state cannot be read.
    """
    reader = _Reader(campaign_id, changelog_topic(settings))
    takers = {MINUTES: reader.take_minute, ALERTS: reader.take_transition, reader.changelog: reader.take_state}
    try:
        read_logs(settings, takers, on_progress)
        rows = [decode_record(value) for _, value in reader.state_of(ROW)]
        orders = []
        for name, value in reader.state_of(ORDER):
            try:
                orders.append((OrderKey(*map(str, name)), decode_order(value).events))
            except PoisonedRecord:
                reader.count_unreadable(reader.changelog)
    except ErasureError as error:
        raise LiveCampaignError(str(error)) from None
    except UnsupportedRecord as error:
        raise LiveCampaignError(f"{reader.changelog}: {error}") from None
    return LiveCampaign(
        minutes=list(reader.minutes.values()),
        transitions=reader.transitions,
        posts=stored_posts(rows),
        orders=orders,
        unreadable=reader.unreadable,
    )
