"""Keys that may read: what a line of ``PULSE_GATEWAY_READ_KEYS`` says, and what its holder may see. ``docs/api.md``.

A share link is such a key: of one campaign or one creator, with an end date. Of a key its SHA-256 is kept; keys are
long and random, so a plain hash cannot be tried out.
"""

import hashlib
import hmac
import re
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote, unquote

from msgspec import Struct

from models.times import epoch_ms

READ_KEY_PREFIX: Final = "pulse_r_"
EVERY_CAMPAIGN: Final = "*"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")
_WORDS: Final = ("money", "names", "admin")


class ReadKey(Struct, frozen=True, kw_only=True):
    """What the holder of a key may see.

    Attributes:
        name: of whom it is, for operators.
        digest: SHA-256 of the key, hexadecimal.
        campaigns: ids of campaigns that are seen whole; ``*`` for all.
        creators: campaign and influencer whose own numbers are seen.
        money: revenue, order values, earned media value.
        names: what people wrote: comments shown with alerts.
        admin: how many entrants are suspected, and everything above.
        until_ms: first moment at which the key holds no more; None for no end.
    """

    name: str
    digest: str
    campaigns: frozenset[str] = frozenset()
    creators: frozenset[tuple[str, str]] = frozenset()
    money: bool = False
    names: bool = False
    admin: bool = False
    until_ms: int | None = None

    @property
    def sight(self) -> tuple[Hashable, ...]:
        """What is seen, without whose key it is: keys of the same sight get the same answers."""
        return self.campaigns, self.creators, self.money, self.names, self.admin

    def sees_campaign(self, campaign_id: str) -> bool:
        """Whether the numbers of a whole campaign are seen."""
        return EVERY_CAMPAIGN in self.campaigns or campaign_id in self.campaigns

    def sees_creator(self, campaign_id: str, influencer_id: str) -> bool:
        """Whether an influencer's numbers are seen."""
        return self.sees_campaign(campaign_id) or (campaign_id, influencer_id) in self.creators

    def creators_of(self, campaign_id: str) -> list[str]:
        """Return the influencers of a campaign that this key names, sorted."""
        return sorted(influencer for campaign, influencer in self.creators if campaign == campaign_id)

    def knows_of(self, campaign_id: str) -> bool:
        """Whether name and times of a campaign are seen."""
        return self.sees_campaign(campaign_id) or any(campaign == campaign_id for campaign, _ in self.creators)


def parse_read_keys(text: str) -> tuple[ReadKey, ...]:
    """Read ``NAME=HASH SCOPE...`` lines. Several lines may have one name: a key that is being rotated.

    Raises:
        ValueError: a line is none; it is named by its number.
    """
    found: list[ReadKey] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            key = _parse_line(line)
            if any(each.digest == key.digest for each in found):
                raise ValueError("this key stands there twice")
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
        found.append(key)
    return tuple(found)


def _parse_line(line: str) -> ReadKey:
    first, *scopes = line.split()
    name, equals, digest = first.partition("=")
    if not equals or not _NAME.fullmatch(name) or not _HASH.fullmatch(digest.lower()):
        raise ValueError("expected NAME=HASH SCOPE..., the hash 64 hexadecimal digits; `gateway read-key` makes them")
    return key_with(name, digest.lower(), scopes)


def key_with(name: str, digest: str, scopes: Sequence[str]) -> ReadKey:
    """Return a key from its scopes as they are written.

    Args:
        name: of whom it is.
        digest: SHA-256 of the key.
        scopes: ``campaign:ID``, ``campaign:*``, ``influencer:CAMPAIGN/ID`` (ids percent-encoded), ``money``,
            ``names``, ``admin``, ``until:TIME`` (ISO 8601 with an offset).

    Raises:
        ValueError: a scope is unknown, or the key would see nothing.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"name {name!r}: expected letters, digits, dot, dash or underscore, 64 at most")
    campaigns: set[str] = set()
    creators: set[tuple[str, str]] = set()
    words: set[str] = set()
    until_ms: int | None = None
    for scope in scopes:
        kind, colon, value = scope.partition(":")
        if kind == "campaign" and value:
            campaigns.add(unquote(value))
        elif kind == "influencer" and all(value.partition("/")):
            campaign, _, influencer = value.partition("/")
            creators.add((unquote(campaign), unquote(influencer)))
        elif kind == "until" and value:
            until_ms = _end_ms(value)
        elif not colon and kind in _WORDS:
            words.add(kind)
        else:
            raise ValueError(
                f"scope {scope!r}: expected campaign:ID, campaign:*, influencer:CAMPAIGN/ID, {', '.join(_WORDS)} or "
                "until:TIME"
            )
    if not campaigns and not creators:
        raise ValueError("the key sees nothing: campaign:ID or influencer:CAMPAIGN/ID is missing")
    is_admin = "admin" in words
    return ReadKey(
        name=name,
        digest=digest,
        campaigns=frozenset(campaigns),
        creators=frozenset(creators),
        money=is_admin or "money" in words,
        names=is_admin or "names" in words,
        admin=is_admin,
        until_ms=until_ms,
    )


def _end_ms(text: str) -> int:
    try:
        return epoch_ms(datetime.fromisoformat(text))
    except (ValueError, TypeError):
        raise ValueError(f"until:{text}: expected a date and time with its offset, 2026-12-31T23:59:59Z") from None


def parse_origins(text: str) -> tuple[str, ...]:
    """Read origins, separated by blanks.

    Raises:
        ValueError: one is none, or stands for every page there is.
    """
    for origin in text.split():
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r}: expected https://HOST or https://HOST:PORT, without a path")
    return tuple(text.split())


def scope_id(text: str) -> str:
    """Return an id as it is written in a scope: without blanks and slashes."""
    return text if text == EVERY_CAMPAIGN else quote(text, safe="")


def digest_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def key_of(given: str, keys: Iterable[ReadKey]) -> ReadKey | None:
    """Return what a given key may see, or None; every hash is compared, in constant time. Its end is not looked at."""
    digest = digest_of(given)
    found = [key for key in keys if hmac.compare_digest(key.digest, digest)]
    return found[0] if found else None
