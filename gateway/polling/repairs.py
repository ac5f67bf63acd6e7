"""Comments that were there and are no more: no platform that is polled tells of a deletion, so it is looked for."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from gateway.polling.hooked import EventHead
from streams.connectors.drafts import Delivery, Draft, Mapper
from streams.connectors.placing import Placer
from streams.connectors.polling.asking import Answer, Ask, Vendor
from streams.connectors.translation import MappedEvent, translate
from streams.sources import ids

_MOST: Final = 200_000
_MOST_A_ROUND: Final = 50
_ROUNDS_OF_PEACE: Final = 10


class _Seen(Struct):
    """A comment that was in a list."""

    head: EventHead
    at_ms: int
    round: int


class Repairs:
    """Remembers the comments of the lists that one source's API has given.

    Args:
        source: its name.
        vendor: how it is asked.
    """

    def __init__(self, source: str, vendor: Vendor) -> None:
        self._source = source
        self._vendor = vendor
        self._seen: dict[str, dict[str, _Seen]] = {}
        self._target = ""
        self._rounds: dict[str, int] = {}
        self._checked: set[str] = set()

    def begin(self, ask: Ask) -> None:
        """Begin to read a target's list."""
        self._target = ask.target
        self._rounds[ask.target] = self._rounds.get(ask.target, 0) + 1
        self._checked = set()

    def see(self, head: EventHead, at_ms: int) -> None:
        """Note a comment of the list."""
        if self._vendor.recheck is None or head.type != "comment.created":
            return
        if head.parent_id and not self._vendor.rechecks_replies:
            return
        known = self._seen.setdefault(self._target, {})
        if (before := known.get(head.comment_id)) is not None:
            at_ms = min(at_ms, before.at_ms)  # an edit is younger, and the list is sorted by when they were written
        known[head.comment_id] = _Seen(head, at_ms, self._rounds[self._target])
        if len(known) > _MOST:
            del known[next(iter(known))]

    def suspects(self, ask: Ask) -> list[str]:
        """Return comments that an earlier list had and this one has not, though it reaches back to them."""
        if len(self._checked) >= _MOST_A_ROUND:
            return []
        known, this_round, since_ms = self._seen.get(ask.target, {}), self._rounds[self._target], ask.since_ms or 0
        missing = [
            comment_id
            for comment_id, each in known.items()
            if each.round < this_round and each.at_ms >= since_ms and comment_id not in self._checked
        ]
        return missing[: self._vendor.recheck_at_once]

    def removals(self, asked: Sequence[str], answer: Answer, placer: Placer, now_ms: int) -> list[MappedEvent]:
        """Return the events that tell of comments that are gone."""
        self._checked.update(asked)
        assert self._vendor.gone is not None
        known = self._seen.get(self._target, {})
        for comment_id in asked:
            # It may be a reply to a comment that is older than the list: not asked for again for some rounds.
            known[comment_id].round = self._rounds[self._target] + _ROUNDS_OF_PEACE
        events: list[MappedEvent] = []
        for comment_id in self._vendor.gone(asked, answer):
            head = known.pop(comment_id).head
            draft = Draft(
                type="comment.deleted",
                event_id=ids.of_removal(comment_id),
                platform=head.platform,
                occurred_at=now_ms,
                time_source="poll_time",
                fields={"comment_id": comment_id, "post_id": head.post_id},
                campaign_id=head.campaign_id,
                influencer_id=head.influencer_id,
            )
            delivery = Delivery(source=self._source, body=b"", headers={}, received_ms=now_ms, is_polled=True)
            events += translate(delivery, placer, _telling(draft)).events
        return events


def _telling(draft: Draft) -> Mapper:
    return lambda delivery: iter([draft])
