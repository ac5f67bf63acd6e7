"""Twitch EventSub: messages of a chat, and their removal."""

from collections.abc import Iterator
from typing import Any, Final

from streams.connectors.bodies import at, id_at, json_of, need_id, need_text, text_at
from streams.connectors.drafts import Delivery, Draft, Note, Told, each, need_time
from streams.sources import ids

PLATFORM: Final = "twitch"
MESSAGE_TYPE: Final = "twitch-eventsub-message-type"


def read(delivery: Delivery) -> Iterator[Told]:
    """Map one notification. The chat's post is the channel: Twitch names no stream in a message."""
    body, kind = json_of(delivery.body), delivery.headers.get(MESSAGE_TYPE, "notification").lower()
    if kind == "webhook_callback_verification":
        yield Note("ignored", "the challenge of a new subscription")
    elif kind == "revocation":
        kind_of, status = text_at(body, "subscription", "type"), text_at(body, "subscription", "status")
        yield Note("ignored", f"Twitch has revoked the subscription of {kind_of}: {status}; nothing more will come")
    else:
        yield from each([body], lambda body: _notification(delivery, body), "notification")


def _notification(delivery: Delivery, body: Any) -> Iterator[Told]:
    kind, event = need_text(body, "subscription", "type"), at(body, "event")
    if kind not in {"channel.chat.message", "channel.chat.message_delete"}:
        yield Note("ignored", f"type {kind!r} is not counted")
        return
    channel, message_id = need_id(event, "broadcaster_user_id"), need_id(event, "message_id")
    sent = delivery.headers.get("twitch-eventsub-message-timestamp")
    shared: dict[str, Any] = {
        "platform": PLATFORM,
        "occurred_at": need_time(sent, "the header Twitch-Eventsub-Message-Timestamp"),
        "time_source": "header",
        "post_ids": (channel,),
        "account": channel,
    }
    if kind == "channel.chat.message_delete":
        fields = {"comment_id": message_id, "post_id": channel}
        if author := id_at(event, "target_user_id"):
            fields["author_id"] = author
        yield Draft(type="comment.deleted", event_id=ids.of_removal(message_id), fields=fields, **shared)
        return
    written_in = id_at(event, "source_broadcaster_user_id")
    if written_in not in {None, channel}:
        # A shared chat shows it in every channel, each time with an id of its own: it counts where it was written.
        yield Note("ignored", f"message {message_id} was written in the channel {written_in}, and is shown here")
        return
    fields = {
        "post_id": channel,
        "comment_id": message_id,
        "author_id": need_id(event, "chatter_user_id"),
        "text": text_at(event, "message", "text") or "",
    }
    if handle := text_at(event, "chatter_user_login") or text_at(event, "chatter_user_name"):
        fields["author_handle"] = handle
    if parent := id_at(event, "reply", "parent_message_id"):
        fields["parent_id"] = parent
    yield Draft(type="comment.created", event_id=message_id, fields=fields, **shared)
