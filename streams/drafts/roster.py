"""Rosters: tables of influencers, as tools export them, to who takes part.

What a column means is told by its header. A table has one profile a row (a platform and a handle, or an address), or
one person a row with a column for each platform; then each profile is an influencer of a campaign.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from models.campaigns import MAX_FOLLOWERS
from streams.comparison import code_key
from streams.imports.headers import Columns, aliases, header_key
from streams.imports.links import link_of, platform_of
from streams.imports.numbers import count_of, unwrapped
from streams.imports.rows import Refusal
from streams.ledger.platform_rules import PLATFORMS

COLUMNS: Final = aliases(
    """
    id: influencer id | creator id
    name: name | full name | influencer name | creator name | influencer | creator | member
    first: first name
    last: last name
    platform: platform | network | channel | social network | social platform
    handle: handle | username | user name | profile name | account | account name | social handle | screen name
          | instagram handle or username
    link: media url | profile url | profile link | social url | channel url | url | link | profile
    followers: followers | follower count | followers count | subscribers | audience size | audience
    codes: discount code | discount codes | promo code | promo codes | coupon code | coupon codes | coupon
         | code | codes
    """
)
_SPELT: Final = {name: name for name in PLATFORMS} | {"twitter": "x"}
_ABOUT: Final = ("", "url", "link", "profile", "handle", "username", "user name", "profile url", "account", "channel")
_FOLLOWERS: Final = ("followers", "follower count", "followers count", "subscribers")
_BETWEEN_CODES: Final = re.compile(r"[,;|\r\n]+")
_NO_ID: Final = re.compile(r"[^a-z0-9]+")
_NO_HANDLE: Final = re.compile(r"[\s/@,;|]")


class RosterInfluencer(Struct, frozen=True, kw_only=True):
    """Somebody who takes part. ``from_name`` says that the handle was made of a name, and is to be checked."""

    influencer_id: str
    handle: str
    platform: str
    followers: int | None = None
    codes: tuple[str, ...] = ()
    from_name: bool = False


class _Profile(Struct, frozen=True):
    platform: str
    handle: str
    followers: str = ""


class RosterTable:
    """A table of influencers.

    Args:
        names: its headers.

    Raises:
        ValueError: no column names a profile.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._columns = Columns(names, COLUMNS)
        self._platforms = dict(_platform_columns(names))
        self._followers = {platform: index for index, platform in _follower_columns(names)}
        known = self._columns.fields.keys()
        if not self._platforms and not known & {"handle", "link"} and not {"name", "platform"} <= known:
            raise ValueError(
                "no column has a profile: wanted is a handle or address, a name beside a platform, or a column for "
                "each platform"
            )

    def profiles(self, row: Sequence[str]) -> Iterator[_Profile]:
        """Yield the profiles of a row.

        Raises:
            ValueError: a cell is no profile; the message begins with its header.
        """
        for index, platform in self._platforms.items():
            cell = _cell(row, index)
            if cell:
                own, handle = _profile(cell, platform, self._columns.names[index])
                followers = self._followers.get(platform)
                yield _Profile(own, handle, "" if followers is None else _cell(row, followers))
        if self._platforms:
            return
        platform = platform_of(self.text(row, "platform"))
        for field in ("link", "handle"):
            cell = self.text(row, field)
            if cell:
                own, handle = _profile(cell, platform, self._columns.name(field))
                yield _Profile(own, handle, self.text(row, "followers"))
                return

    def text(self, row: Sequence[str], field: str) -> str:
        """Return the cell of a field; "" where there is none."""
        index = self._columns.fields.get(field)
        return "" if index is None else _cell(row, index)

    def name_of(self, row: Sequence[str]) -> str:
        """Return a person's name."""
        return self.text(row, "name") or f"{self.text(row, 'first')} {self.text(row, 'last')}".strip()


def is_roster(names: Sequence[str]) -> bool:
    """Return whether headers are those of a roster."""
    try:
        RosterTable(names)
    except ValueError:
        return False
    return len({header_key(name) for name in names} - {""}) > 1


def read_roster(
    names: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], platform: str = ""
) -> tuple[list[RosterInfluencer], list[Refusal]]:
    """Return the influencers of a roster, each profile once, and the rows that name none.

    Args:
        names: the headers.
        rows: line and cells.
        platform: that of profiles which do not say theirs.

    Raises:
        ValueError: it is no roster.
    """
    table = RosterTable(names)
    found: dict[tuple[str, str], RosterInfluencer] = {}
    refused: list[Refusal] = []
    ids: set[str] = set()
    codes_of: dict[str, tuple[str, int]] = {}
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        try:
            for profile, from_name in _of_row(table, row, platform):
                key = (profile.platform, profile.handle.casefold())
                if key in found:
                    continue
                codes = _codes(table.text(row, "codes"))
                for code in codes:
                    owner, of_line = codes_of.get(code_key(code), ("", line))
                    if of_line != line:
                        raise ValueError(f"code {code!r} is {owner!r}'s already")
                # A code belongs to one influencer: that of the person's first profile.
                own = () if any(code_key(code) in codes_of for code in codes) else codes
                codes_of |= {code_key(code): (profile.handle, line) for code in own}
                influencer_id = _free_id(table.text(row, "id") or profile.handle, profile.platform, ids)
                found[key] = RosterInfluencer(
                    influencer_id=influencer_id,
                    handle=f"@{profile.handle}",
                    platform=profile.platform,
                    followers=_followers(profile.followers),
                    codes=own,
                    from_name=from_name,
                )
        except ValueError as error:
            refused.append(Refusal(line, "", " ".join(cell.strip() for cell in row if cell.strip())[:80], str(error)))
    return list(found.values()), refused


def _of_row(table: RosterTable, row: Sequence[str], platform: str) -> Iterator[tuple[_Profile, bool]]:
    profiles = list(table.profiles(row))
    from_name = not profiles
    if from_name:
        handle = _NO_ID.sub(".", _ascii(table.name_of(row))).strip(".")
        if not handle:
            raise ValueError("names no profile")
        profiles = [_Profile(platform_of(table.text(row, "platform")), handle, table.text(row, "followers"))]
    for profile in profiles:
        own = profile.platform or platform
        if not own:
            raise ValueError("says no platform: say which with --platform")
        yield _Profile(own, profile.handle, profile.followers), from_name


def _profile(cell: str, platform: str, header: str) -> tuple[str, str]:
    """Return platform and handle of a cell: an address, a handle, or both as ``instagram/@mia``."""
    link = link_of(cell)
    if link.platform and (link.handle or link.channel_id):
        return link.platform, (link.handle or link.channel_id).lstrip("@")
    before, slash, after = cell.rpartition("/")
    if slash and after.startswith("@") and platform_of(before) in PLATFORMS:
        return platform_of(before), after[1:]
    handle = cell.removeprefix("@")
    if not handle or _NO_HANDLE.search(handle):
        raise ValueError(f"{header} {cell!r} is no profile")
    return platform, handle


def _platform_columns(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    for index, name in enumerate(names):
        platform, about = _split(name)
        if platform and about in _ABOUT:
            yield index, platform


def _follower_columns(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    for index, name in enumerate(names):
        platform, about = _split(name)
        if platform and about in _FOLLOWERS:
            yield index, platform


def _split(name: str) -> tuple[str, str]:
    """Return the platform that a header names, and what of it the column has."""
    words = header_key(name).replace("tik tok", "tiktok").replace("you tube", "youtube").split()
    own = [word for word in words if word in _SPELT]
    if len(own) != 1:
        return "", ""
    return _SPELT[own[0]], " ".join(word for word in words if word not in _SPELT)


def _followers(text: str) -> int | None:
    count = count_of(text)
    if count is not None and count > MAX_FOLLOWERS:
        raise ValueError(f"{count} followers are too many")
    return count


def _codes(text: str) -> tuple[str, ...]:
    codes = [code.strip() for code in _BETWEEN_CODES.split(text)]
    return tuple({code_key(code): code for code in codes if code}.values())


def _free_id(text: str, platform: str, taken: set[str]) -> str:
    """Return an id made of a text that nobody has yet."""
    base = _NO_ID.sub("-", _ascii(text)).strip("-") or platform
    candidates = [base, f"{base}-{platform}", *(f"{base}-{platform}-{number}" for number in range(2, len(taken) + 3))]
    chosen = next(each for each in candidates if each not in taken)
    taken.add(chosen)
    return chosen


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()


def _cell(row: Sequence[str], index: int) -> str:
    return unwrapped(row[index]) if index < len(row) else ""
