"""What the answers of one source become: events that were not sent before, confirmed, and notes on the rest."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from gateway.inbox import headers_for
from gateway.intake import dead_letter, letter_of, outcome_of
from gateway.polling.corrections import corrected, time_of
from gateway.polling.definitions import Definitions
from gateway.polling.hooked import MISSABLE, EventHead, Hooked, head_of
from gateway.polling.metrics import PollMetrics
from gateway.polling.repairs import Repairs
from gateway.polling.told import Told
from gateway.publisher import Publisher, Record
from models.times import HOUR_MS, MINUTE_MS
from models.topics import INBOX
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.drafts import Delivery
from streams.connectors.polling.asking import Answer, Ask, Vendor
from streams.connectors.translation import MappedEvent, Translation, translate

_ORDERS: Final = frozenset({"purchase", "refund"})
_ORDERS_MS: Final = 45 * 24 * HOUR_MS
"""Workers know an order for 60 days at least (``PULSE_ORDER_DAYS``): told again, it counts once."""
_OPEN: Final = ("unmapped", "unmatched")
_MOST_SENT: Final = 200_000


class Answers:
    """Takes in what one source answers.

    Args:
        name: of the source: its events have the ids that its webhooks give them.
        vendor: whose answers they are.
        publisher: confirms.
        hooked: what its webhooks have brought.
        definitions: in force.
        metrics: of the poller.
        now_ms: the clock of events.
        person_key: of pseudonyms.
    """

    def __init__(
        self,
        name: str,
        vendor: Vendor,
        *,
        publisher: Publisher,
        hooked: Hooked,
        definitions: Definitions,
        metrics: PollMetrics,
        now_ms: Callable[[], int],
        person_key: bytes | None,
    ) -> None:
        self._name = name
        self._vendor = vendor
        self._publisher = publisher
        self._hooked = hooked
        self._definitions = definitions
        self._metrics = metrics
        self._now_ms = now_ms
        self._person_key = person_key
        self._told = Told()
        self._sent: OrderedDict[str, None] = OrderedDict()
        self.repairs = Repairs(name, vendor)
        """Which comments were in the lists."""

    async def take(self, ask: Ask, answer: Answer) -> None:
        """Send what an answer holds that was not sent before; return when Kafka has it.

        Raises:
            NotConfirmedError: Kafka has not confirmed.
        """
        delivery = Delivery(
            source=self._name,
            body=answer.body,
            headers={},
            received_ms=self._now_ms(),
            rules=self._definitions.rules(self._name),
            is_polled=True,
            post_id=ask.post_id,
            account=ask.account,
            person_key=self._person_key,
        )
        done = translate(delivery, self._definitions.placer, CATALOGUE[self._vendor.kind].read)
        events = [version for event in done.events for version in self._new(ask, event)]
        await self._send(events)
        for event in events:
            self._remember(event)
        self._metrics.events.labels(self._name).inc(len(events))
        await self._keep(delivery, done)

    async def remove(self, suspects: Sequence[str], answer: Answer) -> None:
        """Tell of those comments that an answer, asked for by their ids, does not have.

        Raises:
            NotConfirmedError: Kafka has not confirmed.
        """
        removals = self.repairs.removals(suspects, answer, self._definitions.placer, self._now_ms())
        await self._send(removals)
        self._metrics.removed.labels(self._name).inc(len(removals))

    async def _send(self, events: Sequence[MappedEvent]) -> None:
        await self._publisher.publish([Record(each.topic, each.key, each.value) for each in events])

    async def _keep(self, delivery: Delivery, done: Translation) -> None:
        """Keep the body where something in it waits for a definition or a mapping that is not known yet, and say so."""
        fresh = [
            note for note in done.notes if note.kind in _OPEN and self._told.is_first(f"{note.kind}: {note.detail}")
        ]
        for note in done.notes:
            if note.kind == "ignored" or note in fresh:
                self._metrics.items.labels(self._name, note.kind).inc()
        letter = letter_of(Translation(done.events, fresh))
        if letter is None:
            return
        headers = headers_for(self._vendor.kind, delivery, outcome_of(done), len(done.events))
        raw = Record(INBOX, self._name.encode(), delivery.body, headers)
        (placed,) = await self._publisher.publish([raw])
        await self._publisher.publish([dead_letter(raw, letter, placed)])

    def _new(self, ask: Ask, event: MappedEvent) -> list[MappedEvent]:
        """Return what of an event has to be sent: nothing we have sent, and nothing from before what was read."""
        head = head_of(event.value)
        if head.type == "post.metrics":
            return [] if head.event_id in self._sent else [event]
        at_ms = time_of(head)
        self.repairs.see(head, at_ms)
        since_ms = self._now_ms() - _ORDERS_MS if head.type in _ORDERS else ask.since_ms
        if (since_ms is not None and at_ms < since_ms) or head.event_id in self._sent:
            return []
        hooked = self._hooked.find(self._name, head.event_id)
        version = corrected(event, head, hooked, self._definitions.placer.definition(head.campaign_id))
        return [event] if version is None else [event, version]

    def _remember(self, event: MappedEvent) -> None:
        head = head_of(event.value)
        self._sent[head.event_id] = None
        if len(self._sent) > _MOST_SENT:
            self._sent.popitem(last=False)
        if head.type in MISSABLE and self._is_gap(head):
            self._metrics.gaps.labels(self._name).inc()

    def _is_gap(self, head: EventHead) -> bool:
        """Return whether a webhook should have brought an event, and has not."""
        if not self._hooked.is_read or not self._hooked.has_hooks(self._name):
            return False
        old_enough = self._now_ms() - time_of(head) > 2 * MINUTE_MS
        return old_enough and self._hooked.find(self._name, head.event_id) is None
