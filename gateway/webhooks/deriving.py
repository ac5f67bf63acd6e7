"""Messages made of alerts and rollups, and what is saved of that: cut off anywhere, the rest is made again."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from gateway.webhooks.outbox import High, Key, Outbox, Place, Value, high_key, place_key, waiting_of
from models.alerts import AlertTransition
from models.rollups import CampaignRollup, GiveawayRollup, Rollup
from models.topics import ROLLUPS
from models.webhooks import WebhookRules
from streams.webhooks.messages import Made, Totals, of_totals, of_transition
from streams.webhooks.schedule import LONGEST_MS

log: Final = logging.getLogger("campaign_pulse")
_decode_transition: Final = msgspec.json.Decoder(AlertTransition).decode
_decode_rollup: Final = msgspec.json.Decoder(Rollup).decode
_decode_key: Final = msgspec.json.Decoder(list[str]).decode
Change = tuple[Key, Value | None]


class Deriving:
    """Makes messages, each once.

    Args:
        webhooks: who is told.
        outbox: what is known; ``saved`` puts into it what is safe.
        name_of: returns a campaign's name.
    """

    def __init__(self, webhooks: Sequence[WebhookRules], outbox: Outbox, name_of: Callable[[str], str]) -> None:
        self._webhooks = webhooks
        self._outbox = outbox
        self._name_of = name_of
        self._highs: dict[str, Totals] = {}
        """Totals that have risen and are not saved yet."""
        self._made: dict[str, Made] = {}
        self.places = dict(outbox.places)
        """The next offset to read, by topic and partition."""

    @property
    def has_made(self) -> bool:
        """Whether there are messages that are not safe yet."""
        return bool(self._made)

    def take(self, record: Any, now_ms: int) -> None:
        """Make the messages of a record of Kafka.

        Args:
            record: of alerts or rollups, the next one of its partition.
            now_ms: the clock; alerts that were told days ago are not told any more.
        """
        told = self._of_rollup(record) if record.topic == ROLLUPS else self._of_alert(record, now_ms)
        for each in told:
            if not self._outbox.knows(each.message_id):
                self._made.setdefault(each.message_id, each)
        self.places[record.topic, record.partition] = record.offset + 1

    def remember(self, record: Any) -> None:
        """Take the totals of a rollup in, and tell nothing of them."""
        self._raised(record)

    def changes(self, now_ms: int) -> list[Change]:
        """Return what is to be written, in this order: messages, and after them what they were made of."""
        found = waiting_of(list(self._made.values()), now_ms)
        found += [(high_key(campaign), High(totals=totals)) for campaign, totals in self._highs.items()]
        found += [
            (place_key(*place), Place(next=offset))
            for place, offset in self.places.items()
            if self._outbox.places.get(place) != offset
        ]
        return list(found)

    def saved(self, changes: Sequence[Change]) -> list[str]:
        """Take in that changes are written; return the ids of the new messages."""
        for key, value in changes:
            self._outbox.put(key, value)
        made = list(self._made)
        self._made.clear()
        self._highs.clear()
        return made

    def _of_alert(self, record: Any, now_ms: int) -> Iterable[Made]:
        if record.timestamp < now_ms - LONGEST_MS:
            return ()
        try:
            transition = _decode_transition(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.warning("webhooks: %s/%d@%d is no alert", record.topic, record.partition, record.offset)
            return ()
        return of_transition(transition, self._webhooks, self._name_of(transition.alert.campaign_id), record.timestamp)

    def _of_rollup(self, record: Any) -> Iterable[Made]:
        raised = self._raised(record)
        if raised is None:
            return ()
        campaign_id, before, at_ms = raised
        after = self._highs[campaign_id]
        return of_totals(before, after, self._webhooks, campaign_id, self._name_of(campaign_id), at_ms)

    def _raised(self, record: Any) -> tuple[str, Totals, int] | None:
        """Take a rollup in; return campaign, the totals before, and event time, where it has raised them."""
        try:
            # By the key: of most rollups, those of influencers, nothing else is looked at.
            match _decode_key(record.key or b""):
                case [_] | [_, "", "giveaway"] if record.value:
                    rollup = _decode_rollup(record.value)
                case _:
                    return None
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.warning("webhooks: %s/%d@%d is no rollup", record.topic, record.partition, record.offset)
            return None
        if not isinstance(rollup, CampaignRollup | GiveawayRollup):
            return None
        campaign_id = rollup.campaign_id
        before = self._highs.get(campaign_id) or self._outbox.highs.get(campaign_id, Totals())
        after = before.with_rollup(rollup)
        if after == before:
            return None
        self._highs[campaign_id] = after
        return campaign_id, before, rollup.as_of_ms
