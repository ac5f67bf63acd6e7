"""The rules of a giveaway, as a campaign's definition states them, and what becomes of an entry.

``docs/giveaway.md`` defines every word. An *entry* is one comment on a giveaway post; an *entrant* is one person with
at least one entry that keeps every rule; a *chance* is one lot in the draw.
"""

from calendar import monthrange
from datetime import date, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from models.events import Id
from models.suspicion import SuspicionPolicy
from models.times import MINUTE_MS, epoch_ms

MAX_FRIENDS = 20
MAX_CHANCES = 100
MAX_WINNERS = 100_000
MAX_MINUTES_AFTER_CLOSING = 60 * 24 * 90
MAX_WORDS = 100
EntryReason = Literal[
    "before_opening",
    "after_closing",
    "excluded_account",
    "past_winner",
    "country_not_allowed",
    "country_unknown",
    "reply",
    "missing_hashtag",
    "missing_keyword",
    "wrong_answer",
    "forbidden_word",
    "too_few_words",
    "missing_mention",
    "too_few_friends",
]
ENTRY_REASONS: Final[tuple[EntryReason, ...]] = EntryReason.__args__  # type: ignore[attr-defined]  # Literal's member
"""In the order in which an invalid entry is counted: under its first reason only. Bit *n* of a mask is reason *n*."""

EntryVerdict = Literal["valid", "duplicate", "invalid", "withdrawn"]
ENTRY_VERDICTS: Final[tuple[EntryVerdict, ...]] = EntryVerdict.__args__  # type: ignore[attr-defined]  # as above
GiveawayStatus = Literal["upcoming", "open", "closed"]

Phrase = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="Compared as docs/giveaway.md says: case, width, what nobody sees."),
]
Account = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="A handle, with or without @, an author_id, platform/@handle, or the address of a profile.",
    ),
]
CountryCode = Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)", description="ISO 3166-1 alpha-2, upper case.")]


class PastWinner(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who has won before, and when."""

    account: Account
    won_on: date


class BonusEntries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chances in addition, for purchases with one of the campaign's discount codes.

    Each order of an entrant, made while the giveaway is open and neither refunded nor a test, gives ``chances``; a
    person gets at most ``most`` of them.
    """

    chances: Annotated[int, Meta(ge=1, le=MAX_CHANCES)] = 1
    most: Annotated[int, Meta(ge=1, le=MAX_CHANCES)] = 1

    def __post_init__(self) -> None:
        """Refuse a cap below one order.

        Raises:
            ValueError: an order gives more than a person may have.
        """
        if self.most < self.chances:
            raise ValueError(f"most {self.most} is below chances {self.chances}")


class DrawRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which drand round decides a draw, so that nobody chooses it: the first one made so long after the closing.

    ``chain`` is ``quicknet``, ``default``, or the hash of another chain.
    """

    minutes_after_closing: Annotated[int, Meta(ge=1, le=MAX_MINUTES_AFTER_CLOSING)]
    chain: Annotated[str, Meta(pattern=r"^(quicknet|default|[0-9a-f]{64})$(?!\n)")] = "quicknet"


class GiveawayRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes an entry of this campaign's giveaway.

    ``opens_at`` and ``closes_at`` (half-open) carry an offset, or are local times of ``time_zone`` (IANA). ``posts``
    are the giveaway's post ids; none given means every post of the campaign. Replies count unless ``replies_count`` is
    false. Every hashtag of ``hashtags``, one of ``keywords`` (whole words) and one of ``answers`` (the whole comment
    without mentions, hashtags, punctuation) are required where given, none of ``forbidden_words`` may be said, and the
    comment has ``min_words`` words; accents do not matter with ``ignore_accents``. Every account of ``mentions`` must
    be tagged; ``friends`` is how many others. ``chances`` is one a person, or one for each friend tagged, for each day
    of ``time_zone``, or for each comment, at most ``most_chances``. Of ``past_winners`` those of the last
    ``winners_excluded_months`` months before the opening are excluded. ``winners`` is how many win and ``draw``
    which drand round decides; where nothing is said, whoever freezes says it. ``suspicion`` says what is done about
    entrants that look like no people.
    """

    opens_at: datetime
    closes_at: datetime
    time_zone: str | None = None
    posts: tuple[Id, ...] = ()
    replies_count: bool | None = None
    hashtags: tuple[Phrase, ...] = ()
    keywords: tuple[Phrase, ...] = ()
    answers: tuple[Phrase, ...] = ()
    forbidden_words: tuple[Phrase, ...] = ()
    min_words: Annotated[int, Meta(ge=0, le=MAX_WORDS)] = 0
    ignore_accents: bool = False
    mentions: tuple[Account, ...] = ()
    friends: Annotated[int, Meta(ge=0, le=MAX_FRIENDS)] = 0
    chances: Literal["per_person", "per_friend", "per_day", "per_comment"] = "per_person"
    most_chances: Annotated[int, Meta(ge=1, le=MAX_CHANCES)] | None = None
    excluded: tuple[Account, ...] = ()
    past_winners: tuple[PastWinner, ...] = ()
    winners_excluded_months: Annotated[int, Meta(ge=0, le=1200)] = 12
    countries: tuple[CountryCode, ...] = ()
    unknown_country: Literal["accept", "refuse"] = "accept"
    bonus: BonusEntries | None = None
    suspicion: SuspicionPolicy = SuspicionPolicy()
    winners: Annotated[int, Meta(ge=1, le=MAX_WINNERS)] | None = None
    draw: DrawRule | None = None

    def __post_init__(self) -> None:
        """Check what concerns more than one field.

        Raises:
            ValueError: an unknown time zone, a time without one, a local time that the clocks skip or repeat, an end
                before the beginning, or chances that no comment can give.
        """
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(f"time_zone {self.time_zone!r} is not in the IANA database") from error
        for name, time in (("opens_at", self.opens_at), ("closes_at", self.closes_at)):
            self._check_time(name, time)
        if self.closes_ms <= self.opens_ms:
            raise ValueError(f"closes_at {self.closes_at.isoformat()} is not after opens_at")
        for hashtag in self.hashtags:
            if len(hashtag.lstrip("#＃").split()) != 1:
                raise ValueError(f"hashtags {hashtag!r} is not one hashtag")
        if self.chances == "per_person" and self.most_chances not in (None, 1):
            raise ValueError(
                "most_chances is for chances: per_friend, per_day, per_comment; a person has one otherwise"
            )
        if self.chances == "per_day" and self.time_zone is None:
            raise ValueError("chances per_day are days of a zone, and time_zone is not given")
        if self.chances == "per_friend" and self.friends == 0:
            raise ValueError("friends must be at least 1 when every friend is a chance")
        if self.unknown_country == "refuse" and not self.countries:
            raise ValueError("unknown_country refuses, but countries names none")

    def _check_time(self, name: str, time: datetime) -> None:
        if time.tzinfo is not None:
            return
        if self.time_zone is None:
            raise ValueError(f"{name} {time.isoformat()} has no offset, and time_zone is not given")
        zone = ZoneInfo(self.time_zone)
        first, second = time.replace(tzinfo=zone, fold=0), time.replace(tzinfo=zone, fold=1)
        if first.utcoffset() != second.utcoffset():
            raise ValueError(
                f"{name} {time.isoformat()} does not exist or exists twice in {self.time_zone}: give its offset"
            )

    def _epoch_ms(self, time: datetime) -> int:
        if time.tzinfo is None:
            time = time.replace(tzinfo=ZoneInfo(self.time_zone or "UTC"))
        return epoch_ms(time)

    @property
    def opens_ms(self) -> int:
        """First moment of the giveaway, epoch milliseconds."""
        return self._epoch_ms(self.opens_at)

    @property
    def closes_ms(self) -> int:
        """First moment after the giveaway, epoch milliseconds."""
        return self._epoch_ms(self.closes_at)

    @property
    def draw_ms(self) -> int | None:
        """The moment from which on a round may decide the draw, epoch milliseconds; None: the rules name none."""
        return None if self.draw is None else self.closes_ms + self.draw.minutes_after_closing * MINUTE_MS

    @property
    def chance_limit(self) -> int:
        """The chances of a person at most, without bonus."""
        return 1 if self.chances == "per_person" else self.most_chances or MAX_CHANCES

    @property
    def takes_replies(self) -> bool:
        """Whether a reply may be an entry."""
        return self.replies_count is not False

    def recent_winners(self) -> list[str]:
        """Return the accounts that won within ``winners_excluded_months`` months before the opening day."""
        opening = self.opens_at.date()
        months = opening.year * 12 + opening.month - 1 - self.winners_excluded_months
        if months < 12:
            return [winner.account for winner in self.past_winners]
        year, month = months // 12, months % 12 + 1
        earliest = date(year, month, min(opening.day, monthrange(year, month)[1]))
        return [winner.account for winner in self.past_winners if winner.won_on >= earliest]
