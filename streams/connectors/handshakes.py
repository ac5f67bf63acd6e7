"""What platforms ask before they send: challenges to be answered, in their own ways."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from models.sources import SourceKind
from streams.connectors.bodies import Unmapped, json_of, text_at
from streams.connectors.drafts import Delivery
from streams.connectors.twitch import MESSAGE_TYPE
from streams.connectors.woocommerce import is_ping

TOKEN_PREFIX: Final = "verify:"  # noqa: S105  # what stands before one
"""Before a secret that is no key of signatures, but the token that Meta shows when an address is entered."""
_YOUTUBE_TOPIC: Final = "https://www.youtube.com/"
_LONGEST: Final = 1_024


class Answer(Struct, frozen=True):
    """What is to be answered at once, without an event."""

    status: int
    media_type: str
    body: bytes


class HandshakeError(Exception):
    """A question that is not answered; the text says why."""


def keys_among(secrets: Sequence[str]) -> list[str]:
    """Return the secrets that sign."""
    return [secret for secret in secrets if not secret.startswith(TOKEN_PREFIX)]


def verify_token(secret: str, source: str) -> str:
    """Return the token to be entered at Meta for a source: made of its secret, which it does not give away."""
    return hmac.new(secret.encode(), f"verify:{source}".encode(), hashlib.sha256).hexdigest()[:32]


def answer_question(kind: SourceKind, source: str, query: Mapping[str, str], secrets: Sequence[str]) -> Answer:
    """Answer a GET.

    Raises:
        HandshakeError: the source asks no such question, or it was not asked by somebody who knows the secret.
    """
    if kind == "x":
        return _crc(query, keys_among(secrets))
    challenge = query.get("hub.challenge", "")
    if kind not in {"instagram", "youtube"}:
        raise HandshakeError("this source asks nothing by GET")
    if not challenge or len(challenge) > _LONGEST:
        raise HandshakeError("the parameter hub.challenge is missing or too long")
    if kind == "instagram":
        if query.get("hub.mode") != "subscribe":
            raise HandshakeError(f"hub.mode is {query.get('hub.mode', '')[:40]!r}, not 'subscribe'")
        given = query.get("hub.verify_token", "").encode()
        tokens = [each.removeprefix(TOKEN_PREFIX) for each in secrets if each.startswith(TOKEN_PREFIX)]
        tokens += [verify_token(secret, source) for secret in keys_among(secrets)]
        if not [True for token in tokens if hmac.compare_digest(token.encode(), given)]:
            raise HandshakeError("hub.verify_token is not the one of this source; `gateway token` prints it")
    elif query.get("hub.mode") not in {"subscribe", "unsubscribe"}:
        raise HandshakeError(f"hub.mode is {query.get('hub.mode', '')[:40]!r}")
    elif not query.get("hub.topic", "").startswith(_YOUTUBE_TOPIC):
        raise HandshakeError("hub.topic is no feed of YouTube")
    return Answer(200, "text/plain; charset=utf-8", challenge.encode())


def _crc(query: Mapping[str, str], secrets: Sequence[str]) -> Answer:
    """Answer X's challenge-response check, with the newest secret."""
    token = query.get("crc_token", "")
    if not token or len(token) > _LONGEST:
        raise HandshakeError("the parameter crc_token is missing or too long")
    if not secrets:
        raise HandshakeError("no secret is known for this source")
    digest = hmac.new(secrets[0].encode(), token.encode(), hashlib.sha256).digest()
    response = {"response_token": "sha256=" + base64.b64encode(digest).decode()}
    return Answer(200, "application/json", msgspec.json.encode(response))


def answer_before_signature(kind: SourceKind, delivery: Delivery) -> Answer | None:
    """Answer what is sent unsigned: WooCommerce's ping wants exactly 200."""
    if kind == "woocommerce" and is_ping(delivery):
        return Answer(200, "text/plain; charset=utf-8", b"ok")
    return None


def answer_to(kind: SourceKind, delivery: Delivery) -> Answer | None:
    """Answer a verified POST that is a question: Twitch's challenge."""
    if kind != "twitch" or delivery.headers.get(MESSAGE_TYPE, "").lower() != "webhook_callback_verification":
        return None
    try:
        challenge = text_at(json_of(delivery.body), "challenge")
    except Unmapped:
        return None
    if challenge is None or len(challenge) > _LONGEST:
        return None
    return Answer(200, "text/plain; charset=utf-8", challenge.encode("utf-8", "replace"))
