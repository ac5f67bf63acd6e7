"""Tokens of OAUTHBEARER: OAuth's client credentials grant (RFC 6749, section 4.4), renewed before they end."""

import asyncio
import base64
import json
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import cache
from typing import Any, Final

from msgspec import Struct

_ANSWER_SECONDS: Final = 10.0
_LARGEST_ANSWER: Final = 1024 * 1024
_LIFETIME_SECONDS: Final = 300.0
"""Of a token whose server does not say how long it is good (``expires_in`` is only recommended)."""
_USED_SHARE: Final = 0.8
"""A token is renewed after this share of its life, as Kafka's own client does."""


class TokenError(OSError):
    """No token: the endpoint does not answer, refuses, or answers something else. Clients try again after it.

    Args:
        text: names the endpoint, and what it said.
        is_silent: whether it does not answer, which may change by itself.
    """

    def __init__(self, text: str, *, is_silent: bool = False) -> None:
        super().__init__(text)
        self.is_silent = is_silent


class TokenClient(Struct, frozen=True, kw_only=True):
    """Who asks for tokens, and where. The fields are the settings ``PULSE_KAFKA_OAUTH_...`` of the same names."""

    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    ca_file: str = ""
    """PEM file of the authorities that may have signed the endpoint's certificate; the system's when empty."""
    extensions: tuple[tuple[str, str], ...] = ()
    """SASL extensions that the broker wants beside the token (RFC 7628), as (name, value)."""

    def __repr__(self) -> str:
        """Return what may be shown."""
        return f"<TokenClient {self.client_id} at {self.token_url}>"


class TokenSource:
    """The token in force of one client. Used by all threads of a process: each asks for it at every connection."""

    def __init__(self, client: TokenClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def token(self) -> str:
        """Return a token that is good for a while; asks the endpoint when there is none.

        Raises:
            TokenError: there is none to be had; the message names the endpoint, and what it said.
        """
        with self._lock:
            if time.monotonic() >= self._renew_at:
                asked_at = time.monotonic()
                self._token, seconds = _ask(self._client)
                self._renew_at = asked_at + seconds * _USED_SHARE
            return self._token


@cache
def token_source(client: TokenClient) -> TokenSource:
    """Return the one source of a client's tokens in this process."""
    return TokenSource(client)


def aiokafka_provider(client: TokenClient) -> Any:
    """Return what aiokafka asks for tokens; its loop goes on meanwhile."""
    from aiokafka.abc import AbstractTokenProvider

    class Provider(AbstractTokenProvider):
        async def token(self) -> str:
            return await asyncio.to_thread(token_source(client).token)

        def extensions(self) -> dict[str, str]:
            return dict(client.extensions)

    return Provider()


def kafka_python_provider(client: TokenClient) -> Any:
    """Return what kafka-python asks for tokens."""
    from kafka.net.sasl.oauth import AbstractTokenProvider

    class Provider(AbstractTokenProvider):
        def token(self) -> str:
            return token_source(client).token()

        def extensions(self) -> dict[str, str]:
            return dict(client.extensions)

    return Provider()


def _ask(client: TokenClient) -> tuple[str, float]:
    """Return a new token and its life in seconds."""
    body = {"grant_type": "client_credentials"} | ({"scope": client.scope} if client.scope else {})
    # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
    login = ":".join(urllib.parse.quote_plus(part) for part in (client.client_id, client.client_secret))
    request = urllib.request.Request(  # noqa: S310  # settings allow http and https only
        client.token_url,
        data=urllib.parse.urlencode(body).encode(),
        headers={
            "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=client.ca_file or None)
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS, context=context) as answer:  # noqa: S310
            told = answer.read(_LARGEST_ANSWER)
    except urllib.error.HTTPError as error:
        with error:
            what = _refusal(error.read(_LARGEST_ANSWER))
        raise TokenError(f"token endpoint {client.token_url}: HTTP {error.code}{what}") from None
    except urllib.error.URLError as error:
        raise TokenError(f"token endpoint {client.token_url} does not answer: {error.reason}", is_silent=True) from None
    except OSError as error:
        raise TokenError(f"token endpoint {client.token_url} does not answer: {error}", is_silent=True) from None
    return _token_of(told, client.token_url)


def _refusal(told: bytes) -> str:
    """Return the error that the endpoint gives (RFC 6749, section 5.2), as a part of a sentence."""
    try:
        said = json.loads(told)
    except ValueError:
        return ""
    parts = [said.get("error"), said.get("error_description")] if isinstance(said, dict) else []
    text = ": ".join(part for part in parts if isinstance(part, str))
    return f" {text}" if text else ""


def _token_of(told: bytes, url: str) -> tuple[str, float]:
    try:
        said = json.loads(told)
    except ValueError:
        raise TokenError(f"token endpoint {url} answers no JSON: is this the token endpoint?") from None
    token = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(token, str) or not token:
        raise TokenError(f"token endpoint {url} answers without an access_token: is this the token endpoint?")
    try:
        seconds = float(said.get("expires_in", _LIFETIME_SECONDS))
    except (TypeError, ValueError):
        seconds = _LIFETIME_SECONDS
    return token, max(0.0, seconds)
