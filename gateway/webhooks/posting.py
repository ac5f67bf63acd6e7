"""One attempt: a message signed and posted, bounded in time and size, no redirect followed."""

import asyncio
from collections.abc import Sequence
from typing import Final

import aiohttp
from msgspec import Struct
from yarl import URL

from agents.clock import wall_clock
from gateway.webhooks.addresses import RefusedAddressError, is_literal, is_public, resolver
from models.times import SECOND_MS
from models.webhooks import WebhookRules
from streams.webhooks.schedule import asked_to_wait_until_ms
from streams.webhooks.signing import signed_headers

_CONNECTIONS: Final = 4
_READ_BYTES: Final = 4_096
"""Of an answer: its status is what counts, and what it says is shown by `gateway webhooks test`."""


class Attempt(Struct, frozen=True, kw_only=True):
    """What came of an attempt.

    ``status`` is None when there was no answer; ``problem`` says why it is no success, without address and secret.
    ``asked_ms`` is from when on the receiver wants more.
    """

    status: int | None = None
    problem: str = ""
    asked_ms: int | None = None
    told: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it."""
        return not self.problem

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == 410


class Poster:
    """Posts messages over connections that are kept.

    Args:
        seconds: for connecting, sending, and the whole answer.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _session(self, *, private: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(private)
        if session is None:
            connector = aiohttp.TCPConnector(
                limit_per_host=_CONNECTIONS, use_dns_cache=False, **resolver(private=private)
            )
            session = self._sessions[private] = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "campaign-pulse", "Content-Type": "application/json"},
            )
        return session

    async def post(self, rules: WebhookRules, secrets: Sequence[str], message_id: str, body: bytes) -> Attempt:
        """Post a message once."""
        url = URL(rules.url)
        if not rules.private and is_literal(url.host or "") and not is_public(url.host or ""):
            return Attempt(problem="the address is not public (`private: true` allows it)")
        headers = signed_headers(secrets, message_id, wall_clock() // SECOND_MS, body)
        session = self._session(private=rules.private)
        try:
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                told = await answer.content.read(_READ_BYTES)
                return _read(answer.status, answer.headers.get("Retry-After", ""), told.decode("utf-8", "replace"))
        except TimeoutError:
            return Attempt(problem=f"no answer within {self._seconds:g} s")
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, RefusedAddressError):
                return Attempt(problem="the address is not public (`private: true` allows it)")
            return Attempt(problem=f"no connection: {type(error).__name__}")
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            # Not the error's text: it may hold the address.
            return Attempt(problem=f"no answer: {type(error).__name__}")


def _read(status: int, retry_after: str, told: str) -> Attempt:
    if 200 <= status < 300:
        return Attempt(status=status, told=told)
    asked_ms = asked_to_wait_until_ms(retry_after, wall_clock()) if retry_after else None
    return Attempt(status=status, problem=f"answered {status}", asked_ms=asked_ms, told=told)
