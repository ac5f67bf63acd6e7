"""One request to an API: bounded in time and size, no redirects, and no token in what is said of it."""

import asyncio
from typing import Final

import aiohttp

from streams.connectors.bodies import MOST_BYTES
from streams.connectors.polling.asking import Answer, Ask

_SECONDS: Final = 30.0
_MOST_BYTES: Final = 4 * MOST_BYTES
"""A page of 250 orders is some 2 MB."""


class NoAnswerError(Exception):
    """There was no answer, or one that is too large; one line, without the token."""


class Client:
    """Sends requests over connections that are kept."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def ask(self, address: str, ask: Ask, headers: dict[str, str]) -> Answer:
        """Return the answer to a request.

        Raises:
            NoAnswerError: there is none.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_SECONDS),
                headers={"User-Agent": "campaign-pulse", "Accept": "application/json"},
            )
        url = address + ask.path
        method = "GET" if ask.body is None else "POST"
        try:
            async with self._session.request(
                method, url, params=dict(ask.query), json=ask.body, headers=headers, allow_redirects=False
            ) as answer:
                body = await answer.content.read(_MOST_BYTES + 1)
                while len(body) <= _MOST_BYTES and (more := await answer.content.read(_MOST_BYTES)):
                    body += more
                if len(body) > _MOST_BYTES:
                    raise NoAnswerError(f"{ask.what}: the answer has more than {_MOST_BYTES:,} bytes")
                told = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, told, body)
        except TimeoutError:
            raise NoAnswerError(f"{ask.what}: no answer within {_SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            # Not the error's text: it may hold the address with its parameters.
            raise NoAnswerError(f"{ask.what}: {type(error).__name__}") from None
