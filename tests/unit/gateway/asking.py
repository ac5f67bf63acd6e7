"""A gateway without Kafka, asked as a server would: what it publishes is kept, or not confirmed."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from starlette.types import Message

from agents.settings import Settings
from gateway.app import build
from gateway.publisher import NotConfirmedError, Placed, Record
from gateway.state import GatewayState
from streams.connectors.credentials import hash_of
from streams.events.definitions import parse_definitions
from tests.unit.streams.connectors.deliveries import FOLDER, SECRETS, SIGNED, kept

KEY = "pulse_w_of-the-tests"
SOURCES = {**SECRETS, "gleam": "path-secret", "viralsweep": "path-secret", "twitch": "twitch-secret"}


class Answer(Struct):
    """What a gateway answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Gateway:
    """A gateway whose publisher keeps what it gets. The proof with Kafka is tests/integration/test_gateway.py."""

    def __init__(self, definition: str = "", **settings: Any) -> None:
        named = {name.partition("-")[0]: name for name in SIGNED.values()}
        lines = [f"{kind}-main={secret}" for kind, secret in SOURCES.items()] + [f"woo-at={SECRETS['woocommerce']}"]
        assert named
        self.state = GatewayState(
            Settings(gateway_secrets="\n".join(lines), gateway_keys=f"shop={hash_of(KEY)}", **settings)
        )
        self.state.define(parse_definitions(definition or (FOLDER / "definition.yaml").read_text("utf-8")))
        self.state.is_defined = True
        self.published: list[Record] = []
        self.is_confirming = True
        self.state.publisher.publish = self._publish  # type: ignore[method-assign]  # the part that needs Kafka
        self.app = build(self.state)

    async def _publish(self, records: Sequence[Record]) -> list[Placed]:
        if not self.is_confirming:
            raise NotConfirmedError("Kafka has not confirmed within 2 s")
        start = len(self.published)
        self.published += records
        return [Placed(record.topic, 0, start + place) for place, record in enumerate(records)]

    def of(self, topic: str) -> list[Record]:
        """What was published to a topic."""
        return [record for record in self.published if record.topic == topic]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that were published."""
        topics = ("campaign.posts.v1", "campaign.comments.v1", "campaign.conversions.v1")
        return [json.loads(record.value) for record in self.published if record.topic in topics]

    def ask(
        self,
        path: str,
        body: bytes | Sequence[bytes] | None = None,
        headers: Sequence[tuple[str, str]] | dict[str, str] = (),
        method: str = "",
    ) -> Answer:
        """Send a request; a body in parts arrives in parts."""
        return asyncio.run(self._ask(path, body, headers, method))

    async def _ask(self, path: str, body: Any, headers: Any, method: str) -> Answer:
        parts = [body] if isinstance(body, bytes) else list(body or ())
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method or ("GET" if body is None else "POST"),
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
            "server": ("127.0.0.1", 80),
        }
        waiting: list[Message] = [
            {"type": "http.request", "body": part, "more_body": place < len(parts) - 1}
            for place, part in enumerate(parts)
        ] or [{"type": "http.request", "body": b""}]
        sent: list[Message] = []

        async def receive() -> Message:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        if self.state.background:
            await asyncio.wait(self.state.background)
        start = sent[0]
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], told, b"".join(message.get("body", b"") for message in sent[1:]))

    def hook(self, name: str, path: str = "") -> Answer:
        """Send a delivery that lies in the folder to its address."""
        one = kept(name)
        kind, _, endpoint = one.source.partition("-")
        return self.ask(path or f"/v1/hooks/{kind}/{endpoint}", one.body, dict(one.headers))
