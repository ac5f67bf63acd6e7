"""Requests to a platform's API, what came back, and what follows of it.

A poller asks for *targets*: the comments of a post, the orders of a shop. A target has a cursor, which is saved once
Kafka has what was read, and a time at which it is asked for again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.sources import SourceKind
from models.times import HOUR_MS, MINUTE_MS, SECOND_MS
from streams.connectors.bodies import Unmapped, json_of

OVERLAP_MS: Final = 24 * HOUR_MS
"""What was read before is read again so far back: some things appear late (comments after an approval), and ids make
two of one event one. Below the 72 hours for which ids are remembered, by as much as a poller may stand still."""
NEAR_MS: Final = 10 * MINUTE_MS
"""Around an opening or a closing every second counts."""


class Ask(Struct, frozen=True, kw_only=True):
    """One request.

    ``what`` is its name in metrics. ``target`` is whose cursor it moves; ``every_ms`` is how often that is asked for.
    ``body`` makes it a POST of JSON. ``cost`` is in the vendor's units. Events before ``since_ms`` were read before.
    ``post_id`` and ``account`` are what the answer may not say itself. ``is_read`` says that the answer holds events.
    """

    what: str
    target: str
    path: str
    query: Mapping[str, str] = {}
    body: Mapping[str, Any] | None = None
    every_ms: int = MINUTE_MS
    cost: int = 1
    since_ms: int | None = None
    post_id: str | None = None
    account: str | None = None
    is_read: bool = True


class Answer(Struct, frozen=True):
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded; None where it is no JSON."""
        try:
            return json_of(self.body)
        except Unmapped:
            return None


class Reading(Struct, frozen=True, kw_only=True):
    """What an answer means.

    ``more`` has to be asked now, for the same target. ``cursor`` is the target's new one; without it the target keeps
    its own. ``wait_ms`` is when to ask this again, where the platform says it, ``pause_ms`` how long to ask for nothing
    at all, because a limit is near. ``has_ended``: never again.
    """

    more: Sequence[Ask] = ()
    cursor: str | None = None
    wait_ms: int | None = None
    pause_ms: int | None = None
    has_ended: bool = False


class Trouble(Struct, frozen=True, kw_only=True):
    """Why there is no answer to read.

    ``scope``: ``target`` is gone, the ``source`` has to wait, or ``token`` is no good. ``wait_ms`` is how long, where
    the platform says it; without it the pause grows with each failure.
    """

    scope: str
    reason: str
    wait_ms: int | None = None


class Limits(Struct, frozen=True, kw_only=True):
    """What a vendor grants: units in a second, a minute and a day, and where that day begins."""

    per_second: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    day_zone: str = "UTC"


class Post(Struct, frozen=True):
    """A post of a campaign that runs."""

    post_id: str
    account: str | None
    since_ms: int
    moments: tuple[int, ...]


class Chat(Struct, frozen=True):
    """A live chat, its video, and when its campaign ends."""

    chat_id: str
    video_id: str
    ends_ms: int


class Targets(Struct, frozen=True, kw_only=True):
    """What there is to ask for, of the campaigns that run: by platform, and since when."""

    posts: Mapping[str, Sequence[Post]] = {}
    accounts: Mapping[str, Sequence[Post]] = {}
    """Accounts; their ``post_id`` is empty."""
    chats: Sequence[Chat] = ()
    since_ms: int = 0
    """When the first of the campaigns began."""
    is_running: bool = False
    """Whether any does run."""


class Round(Struct, frozen=True, kw_only=True):
    """What a vendor is told when it is asked what to ask: cursors by target, units that are left today.

    ``floor_ms`` is from where on anything is read: what came by hooks before is counted, and its ids are forgotten.
    """

    targets: Targets
    cursors: Mapping[str, str]
    now_ms: int
    floor_ms: int = 0
    units_left: int | None = None
    ms_to_reset: int = 0

    def since_ms(self, target: str, first_ms: int) -> int:
        """Return from where on a target's events are to be read."""
        read_to = self.cursors.get(target)
        if read_to is None or not read_to.isdecimal():
            return max(first_ms, self.floor_ms)
        return int(read_to) - OVERLAP_MS


class Vendor(Struct, frozen=True, kw_only=True):
    """How one API is polled.

    ``address`` is its base; empty where everybody has another one. ``headers`` makes those of a request from the token.
    ``asks`` returns what to ask in a round, ``read`` what an answer means; ``recheck`` and ``gone`` find out which of
    some comments are not there any more.
    """

    name: str
    kind: SourceKind
    address: str
    limits: Limits
    headers: Callable[[str], dict[str, str]]
    asks: Callable[[Round], Sequence[Ask]]
    read: Callable[[Ask, Answer, int], Reading | Trouble]
    recheck: Callable[[Ask, Sequence[str]], Ask] | None = None
    gone: Callable[[Sequence[str], Answer], Sequence[str]] | None = None
    recheck_at_once: int = 50


def bearer(token: str) -> dict[str, str]:
    """Return the header of OAuth's bearer tokens."""
    return {"Authorization": f"Bearer {token}"}


def is_near(moments: Sequence[int], now_ms: int) -> bool:
    """Return whether an opening or closing is near, or was a moment ago."""
    return any(abs(now_ms - moment) <= NEAR_MS for moment in moments)


def trouble_of(answer: Answer, now_ms: int) -> Trouble | None:
    """Return what every API means by a status; None for a success."""
    if answer.status < 300:
        return None
    said = answer.body[:200].decode("utf-8", "replace").replace("\n", " ")
    reason = f"{answer.status}: {said}"
    if answer.status == 429:
        return Trouble(scope="source", reason=reason, wait_ms=retry_after_ms(answer, now_ms))
    if answer.status in (401, 403):
        return Trouble(scope="token", reason=reason)
    if answer.status in (404, 410):
        return Trouble(scope="target", reason=reason)
    return Trouble(scope="source", reason=reason, wait_ms=retry_after_ms(answer, now_ms))


def retry_after_ms(answer: Answer, now_ms: int) -> int | None:
    """Return how long an answer asks to wait: ``Retry-After`` in seconds, or the time at which a limit is reset."""
    after = answer.headers.get("retry-after", "")
    try:
        if after:
            return round(float(after) * SECOND_MS)
    except ValueError:
        return None
    reset = answer.headers.get("x-rate-limit-reset", "")
    return max(0, int(reset) * SECOND_MS - now_ms) if reset.isascii() and reset.isdecimal() else None


def paged(ask: Ask, **changes: str) -> Ask:
    """Return the same request for another page."""
    return msgspec.structs.replace(ask, query={**ask.query, **changes})
