"""What a poll knows better of a comment than the webhook that brought it, as another version of the comment.

The true time, where the webhook had only that of its sending and an opening or closing lies between: it is one comment,
made when its oldest version was. And the text, where the webhook has none (TikTok): the newest version is in force.
"""

import msgspec

from gateway.polling.hooked import EventHead
from models.campaigns import CampaignDefinition
from models.times import epoch_ms
from streams.connectors.tiktok import PLATFORM as TIKTOK
from streams.connectors.translation import MappedEvent
from streams.sources import ids
from streams.sources.times import instant_ms

_TRUE = "true-time"
_TEXT = "text"


def corrected(
    event: MappedEvent, head: EventHead, hooked: EventHead | None, campaign: CampaignDefinition | None
) -> MappedEvent | None:
    """Return the version that has the true time or the text; None where the webhook's does as well.

    Args:
        event: of a poll.
        head: what was read of it.
        hooked: the same event as the webhook has brought it.
        campaign: whose it is.
    """
    if hooked is None or head.type != "comment.created":
        return None
    if head.platform == TIKTOK:
        return _worded(event, head, hooked)
    if campaign is None or hooked.time_source != "send_time":
        return None
    true_ms, sent_ms = time_of(head), time_of(hooked)
    moments = [epoch_ms(campaign.starts_at), epoch_ms(campaign.ends_at)]
    if campaign.giveaway is not None:
        moments += [campaign.giveaway.opens_ms, campaign.giveaway.closes_ms]
    if not any(true_ms < moment <= sent_ms for moment in moments):
        return None
    fields = msgspec.json.decode(event.value)
    fields["event_id"] = ids.of_change(head.event_id, _TRUE)
    return MappedEvent(event.topic, event.key, msgspec.json.encode(fields))


def _worded(event: MappedEvent, head: EventHead, hooked: EventHead) -> MappedEvent | None:
    """Return the version that has the text; a millisecond after the webhook's, or it would be the older one."""
    fields = msgspec.json.decode(event.value)
    if not fields.get("text"):
        return None
    fields |= {"event_id": ids.of_change(head.event_id, _TEXT), "occurred_at": time_of(hooked) + 1}
    return MappedEvent(event.topic, event.key, msgspec.json.encode(fields))


def time_of(head: EventHead) -> int:
    """Return the event time, epoch milliseconds."""
    return head.occurred_at if isinstance(head.occurred_at, int) else instant_ms(head.occurred_at)
