"""Messages as a sentence, as incoming webhooks of Slack take it (and Mattermost's, and Discord's under ``/slack``).

Names, handles and campaigns are other people's texts: ``&``, ``<`` and ``>`` are escaped, so that none of them is a
link, a mention of everybody, or markup (https://api.slack.com/reference/surfaces/formatting#escaping).
"""

from typing import Final

from models.webhooks import AlertData, MilestoneData, OutgoingMessage

_ALERTS: Final = {"alert.opened": "Alert", "alert.escalated": "Alert has grown", "alert.resolved": "Resolved"}
_LONGEST: Final = 3_000


def slack_text(message: OutgoingMessage) -> str:
    """Return the text of a message."""
    data = message.data
    if isinstance(data, AlertData):
        whose = f"{data.campaign}, {data.influencer_id}" if data.influencer_id else data.campaign
        text = f"{_ALERTS[message.type]} ({data.severity}): {whose}: {data.explanation}"
    elif isinstance(data, MilestoneData):
        text = f"{data.campaign}: {_reached(data)}"
    else:
        text = data.text
    return escaped(text[:_LONGEST])


def escaped(text: str) -> str:
    """Return a text in which nothing is markup of Slack's."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _reached(data: MilestoneData) -> str:
    if data.milestone == "first_order":
        return "the first order"
    if data.milestone == "revenue":
        return f"revenue has reached {data.threshold} {data.currency} (now {data.value})"
    return f"{data.threshold:,} entries (now {data.value:,})"
