"""Who is called by Alertmanager: keeps what Slack, Microsoft Teams, Telegram and a webhook are sent."""

import html
import json
import re
from typing import Any, Final

from tests.serving import QuietHandler, Serving

TELEGRAM_TOKEN: Final = "4711:rehearsal"


def _unmarked(markdown: str) -> str:
    """Return Markdown as it is read: without the marks of bold, and with what a backslash keeps from being a mark."""
    return re.sub(r"\\(.)|\*\*", r"\1", markdown)


class Receiver(Serving):
    """An HTTP server that writes down what it is sent, and answers as those services do.

    ``webhooks``: Alertmanager's own documents, each with ``receiver``, ``status`` and ``alerts``. ``messages``: Slack
    attachments, which carry the text of the templates. ``cards``: adaptive cards of Teams. ``chats``: what the bot of
    ``TELEGRAM_TOKEN`` is to send.
    """

    def __init__(self) -> None:
        self.webhooks: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.cards: list[dict[str, Any]] = []
        self.chats: list[dict[str, Any]] = []
        receiver = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                answer = receiver.take(self.path, json.loads(self.body()))
                kind = "application/json" if answer and answer.startswith(b"{") else "text/plain"
                self.answer(404 if answer is None else 200, answer or b"", {"Content-Type": kind})

        super().__init__(Handler)

    def take(self, path: str, document: dict[str, Any]) -> bytes | None:
        """Keep what came to an address, and return the answer of the service behind it; None where there is none."""
        if path == "/webhook":
            self.webhooks.append(document)
            return b"ok"
        if path == "/slack":
            self.messages.extend(document["attachments"])
            return b"ok"
        if path == "/teams":
            self.cards.extend(each["content"] for each in document["attachments"])
            return b""
        if path == f"/bot{TELEGRAM_TOKEN}/sendMessage":
            self.chats.append(document)
            chat = {"id": int(document["chat_id"]), "type": "group"}
            sent = {"message_id": len(self.chats), "date": 0, "chat": chat, "text": document["text"]}
            return json.dumps({"ok": True, "result": sent}).encode()
        return None

    def texts(self, kind: str) -> list[str]:
        """Return what a person would read of each message of a kind, headline first, without marks of the format."""
        if kind == "slack":
            return [f"{each['title']}\n{each['text']}" for each in self.messages]
        if kind == "teams":
            return ["\n".join(_unmarked(block["text"]) for block in card["body"]) for card in self.cards]
        if kind == "telegram":
            return [
                html.unescape(re.sub(r"<a href=\"(.*?)\">(.*?)</a>|</?[bi]>", r"\2 \1", each["text"]))
                for each in self.chats
            ]
        if kind == "webhook":
            return [
                "\n".join(
                    f"{alert['status']}: {' '.join(alert['annotations'].values())}" for alert in document["alerts"]
                )
                for document in self.webhooks
            ]
        raise ValueError(f"{kind!r} is no kind of receiver")

    def alerts(self, status: str) -> list[dict[str, Any]]:
        """Return every alert that was told with this status, in order; repeated ones once."""
        told = {
            (alert["fingerprint"], alert["startsAt"]): alert
            for document in self.webhooks
            for alert in document["alerts"]
            if alert["status"] == status
        }
        return list(told.values())
