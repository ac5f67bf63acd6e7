"""Rosters: tables of influencers, as tools export them, to who takes part.

What a column means is told by its header. A table has one profile a row (a platform and a handle, or an address), or
one person a row with a column for each platform; then each profile is an influencer of a campaign.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct, structs

from models.campaigns import MAX_FOLLOWERS
from streams.comparison import code_key
from streams.drafts.fees import FeeColumn, plain
from streams.imports.headers import Columns, aliases, header_key
from streams.imports.links import link_of, platform_of
from streams.imports.numbers import Money, count_of, is_nothing, unwrapped
from streams.imports.posts import is_total
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
    currency: currency | fee currency | währung | devise | moneda | valuta
    """
)
_SPELT: Final = {name: name for name in PLATFORMS} | {"twitter": "x"}
_ABOUT: Final = ("", "url", "link", "profile", "handle", "username", "user name", "profile url", "account", "channel")
_FOLLOWERS: Final = ("followers", "follower count", "followers count", "subscribers")
_BETWEEN_CODES: Final = re.compile(r"[,;|\r\n]+")
_NO_ID: Final = re.compile(r"[^a-z0-9]+")
_NO_HANDLE: Final = re.compile(r"[\s/@,;|]")


class RosterInfluencer(Struct, frozen=True, kw_only=True):
    """Somebody who takes part, for a fee.

    ``from_name`` says that the handle was made of a name, and is to be checked.
    """

    influencer_id: str
    handle: str
    platform: str
    followers: int | None = None
    codes: tuple[str, ...] = ()
    fee: Money | None = None
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
        self._fees = FeeColumn(names)
        known = self._columns.fields.keys()
        if not self._platforms and not known & {"handle", "link"} and not {"name", "platform"} <= known:
            raise ValueError(
                "no column has a profile: wanted is a handle or address, a name beside a platform, or a column for "
                "each platform"
            )

    def profiles(self, row: Sequence[str]) -> tuple[list[_Profile], list[str]]:
        """Return the profiles of a row, and what is wrong with cells that should be some; it begins with their header.

        Cells that say nothing (``-``, ``n/a``) are none.
        """
        found: list[_Profile] = []
        wrong: list[str] = []
        platform = platform_of(self.text(row, "platform"))
        columns = self._platforms or {
            self._columns.fields[field]: platform for field in ("link", "handle") if self._columns.has(field)
        }
        for index, own in columns.items():
            cell = _cell(row, index)
            if is_nothing(cell):
                continue
            try:
                there, handle = _profile(cell, own, self._columns.names[index])
            except ValueError as error:
                wrong.append(str(error))
                continue
            if self._platforms:
                followers = self._followers.get(own)
                found.append(_Profile(there, handle, "" if followers is None else _cell(row, followers)))
            else:
                return [_Profile(there, handle, self.text(row, "followers"))], []
        return found, wrong

    def fee(self, row: Sequence[str], currency: str) -> Money | None:
        """Return what a row says is paid; None where it says nothing.

        Args:
            row: the cells.
            currency: where nothing says one.

        Raises:
            ValueError: the cell is no amount; the message begins with its header.
        """
        index = self._fees.index
        if index is None:
            return None
        try:
            return self._fees.read(_cell(row, index), self.text(row, "currency"), currency)
        except ValueError as error:
            raise ValueError(f"{self._columns.names[index]} {_cell(row, index)!r}: {error}") from None

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
    names: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], platform: str = "", currency: str = ""
) -> tuple[list[RosterInfluencer], list[Refusal]]:
    """Return the influencers of a roster, each profile once, and what of its rows was not taken.

    Args:
        names: the headers.
        rows: line and cells.
        platform: that of profiles which do not say theirs.
        currency: that of fees which do not say theirs.

    Raises:
        ValueError: it is no roster.
    """
    reading = _Reading(RosterTable(names), platform, currency)
    for line, row in rows:
        if any(cell.strip() for cell in row) and not is_total(list(row)):
            reading.add(line, row)
    return list(reading.found.values()), reading.refused


class _Reading:
    """The rows of a table so far."""

    def __init__(self, table: RosterTable, platform: str, currency: str) -> None:
        self._table = table
        self._platform = platform
        self._currency = currency
        self._ids: set[str] = set()
        self._owners: dict[str, tuple[str, str]] = {}
        self.found: dict[tuple[str, str], RosterInfluencer] = {}
        self.refused: list[Refusal] = []

    def add(self, line: int, row: Sequence[str]) -> None:
        """Take a row: what it has of a person is that of the first profile, for a code belongs to one."""
        profiles, wrong = self._table.profiles(row)
        codes, fee = _codes(self._table.text(row, "codes")), None
        from_name = not profiles and not wrong
        try:
            fee = self._table.fee(row, self._currency)
        except ValueError as error:
            wrong.append(str(error))
        try:
            if from_name:
                profiles = [self._named(row)]
            for profile in profiles:
                influencer = self._influencer(profile, row, codes, from_name=from_name)
                self._join(influencer, fee)
                codes, fee = (), None
        except ValueError as error:
            wrong.append(str(error))
        shown = " ".join(cell.strip() for cell in row if cell.strip())[:80]
        self.refused += [Refusal(line, "", shown, reason) for reason in wrong]

    def _named(self, row: Sequence[str]) -> _Profile:
        handle = _NO_ID.sub(".", _ascii(self._table.name_of(row))).strip(".")
        if not handle:
            raise ValueError("names no profile")
        platform = platform_of(self._table.text(row, "platform"))
        return _Profile(platform, handle, self._table.text(row, "followers"))

    def _influencer(
        self, profile: _Profile, row: Sequence[str], codes: tuple[str, ...], *, from_name: bool
    ) -> RosterInfluencer:
        """Return who a profile is: a new influencer, or one of a row above, with the codes of both."""
        platform = profile.platform or self._platform
        if not platform:
            raise ValueError("says no platform: say which with --platform")
        key = (platform, profile.handle.casefold())
        for code in codes:
            owner = self._owners.get(code_key(code), key)
            if owner != key:
                raise ValueError(f"code {code!r} is {self.found[owner].handle.removeprefix('@')!r}'s already")
        new = tuple(code for code in codes if code_key(code) not in self._owners)
        followers = _followers(profile.followers)
        known = self.found.get(key)
        if known is None:
            known = RosterInfluencer(
                influencer_id=_free_id(self._table.text(row, "id") or profile.handle, platform, self._ids),
                handle=f"@{profile.handle}",
                platform=platform,
                followers=followers,
                from_name=from_name,
            )
        self._owners |= {code_key(code): key for code in new}
        self.found[key] = structs.replace(known, codes=known.codes + new)
        return self.found[key]

    def _join(self, influencer: RosterInfluencer, fee: Money | None) -> None:
        if fee is None or fee == influencer.fee:
            return
        if influencer.fee is not None:
            had = influencer.fee
            raise ValueError(
                f"fee {plain(fee.amount)} {fee.currency}: {influencer.handle} has {plain(had.amount)} {had.currency} "
                "already"
            )
        self.found[influencer.platform, influencer.handle[1:].casefold()] = structs.replace(influencer, fee=fee)


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
