"""Who is at the desk with a browser: a key is exchanged for a session, which only this process knows, and ends.

A browser keeps the session's token in a cookie that no script reads and no other site sends; what is kept here is the
token's hash. A form carries a second value, which no other site can read.
"""

import hashlib
import hmac
import secrets
from typing import Final

from msgspec import Struct

from models.read_keys import ReadKey
from models.times import HOUR_MS

SESSION_MS: Final = 8 * HOUR_MS
"""A day's work: then the key is asked for again."""
MOST_SESSIONS: Final = 1_000
"""The oldest goes when there is one more."""
_LONGEST_TOKEN: Final = 100


class Session(Struct, frozen=True, kw_only=True):
    """Somebody at the desk: their key, what their forms carry, and when it ends."""

    key: ReadKey
    form_token: str
    ends_ms: int


class Sessions:
    """The open sessions of this process."""

    def __init__(self) -> None:
        self._open: dict[bytes, Session] = {}

    def begin(self, key: ReadKey, now_ms: int) -> str:
        """Begin a session; return its token."""
        for digest in [each for each, session in self._open.items() if session.ends_ms <= now_ms]:
            del self._open[digest]
        while len(self._open) >= MOST_SESSIONS:
            del self._open[next(iter(self._open))]
        token = secrets.token_urlsafe(32)
        ends_ms = now_ms + SESSION_MS if key.until_ms is None else min(now_ms + SESSION_MS, key.until_ms)
        self._open[_digest(token)] = Session(key=key, form_token=secrets.token_urlsafe(32), ends_ms=ends_ms)
        return token

    def find(self, token: str, now_ms: int) -> Session | None:
        """Return the session of a token; None when there is none, or it has ended."""
        if not 0 < len(token) <= _LONGEST_TOKEN:
            return None
        session = self._open.get(_digest(token))
        return None if session is None or session.ends_ms <= now_ms else session

    def end(self, token: str) -> None:
        """End a session: its token is worth nothing from now on."""
        self._open.pop(_digest(token), None)


def is_form_of(session: Session, given: str) -> bool:
    """Whether a form came from a page of this session; compared in constant time."""
    return hmac.compare_digest(session.form_token.encode(), given.encode("utf-8", "replace"))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
