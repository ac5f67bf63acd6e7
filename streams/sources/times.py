"""Times as the platforms write them, to what events carry: RFC 3339 with an offset, or epoch milliseconds."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from models.times import epoch_ms

_TIME: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ](?P<clock>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?"
    r" ?(?P<offset>[Zz]|UTC|GMT|(?P<hours>[+-]\d\d):?(?P<minutes>\d\d))?"
)
_MAILED: Final = re.compile(
    r"(?:[A-Z][a-z]{2}, ?)?(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4})"
    r" (?P<clock>\d\d:\d\d:\d\d) (?P<offset>GMT|UTC|[+-]\d{4})"
)
"""Of headers and feeds (RFC 9110, RFC 5322): ``Sat, 18 Apr 2026 16:04:05 GMT``."""
_TWEETED: Final = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2})"
    r" (?P<clock>\d\d:\d\d:\d\d) (?P<offset>[+-]\d{4}) (?P<year>\d{4})"
)
"""Of X's version 1.1: ``Sat Apr 18 16:04:05 +0000 2026``."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MICROSECONDS: Final = 6
_SECONDS_BELOW: Final = 100_000_000_000
"""Numbers below it are seconds (until the year 5138), from it on milliseconds (since 1973)."""
_MILLISECONDS_BELOW: Final = 100_000_000_000_000
_NANOSECONDS_FROM: Final = 100_000_000_000_000_000


class NoTime(ValueError):  # noqa: N818  # a verdict on input, not an error of the program
    """A text or number that is no time, or one without the offset that it needs."""


def instant(text: str, zone: ZoneInfo | None = None) -> str:
    """Return a time as RFC 3339 with an offset: ``2026-04-18T16:04:05+0000`` becomes ``2026-04-18T16:04:05Z``.

    Args:
        text: ``T`` or a blank between day and clock; offset with or without colon, ``Z``, ``UTC``, ``GMT`` or none; or
            as headers, feeds and old posts of X have it, with the month's name.
        zone: the zone of times without an offset.

    Raises:
        NoTime: the text is no such time, or has no offset and there is no zone.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None and (named := _MAILED.fullmatch(text.strip()) or _TWEETED.fullmatch(text.strip())) is not None:
        month = _MONTHS.index(named["month"]) + 1 if named["month"] in _MONTHS else 0
        match = _TIME.fullmatch(f"{named['year']}-{month:02}-{int(named['day']):02}T{named['clock']}{named['offset']}")
    if match is None:
        raise NoTime(f"{text[:64]!r} is no time")
    fraction = (match["fraction"] or "")[: 1 + _MICROSECONDS]
    plain = f"{match['day']}T{match['clock']}{fraction}"
    offset = match["offset"]
    if offset is None:
        if zone is None:
            raise NoTime(f"{text!r} has no offset, and the source has no time_zone")
        return _checked(plain, zone)
    if match["hours"] is None:
        return _checked(plain + "Z")
    shown = f"{match['hours']}:{match['minutes']}"
    return _checked(plain + ("Z" if shown in {"+00:00", "-00:00"} and ":" not in offset else shown))


def _checked(text: str, zone: ZoneInfo | None = None) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NoTime(f"{text!r} is no time") from None
    return text if zone is None else moment.replace(tzinfo=zone).isoformat()


def instant_ms(text: str) -> int:
    """Return what ``instant`` returned as epoch milliseconds."""
    return epoch_ms(datetime.fromisoformat(text))


def from_epoch(number: int | Decimal) -> int:
    """Return epoch milliseconds of a number whose size tells its unit: seconds, milli-, micro- or nanoseconds.

    Raises:
        NoTime: the number is negative, or no time before the year 5138.
    """
    if isinstance(number, Decimal) and not number.is_finite():
        raise NoTime(f"{number} is no time")
    if not 0 < number < _NANOSECONDS_FROM * 1_000:
        raise NoTime(f"{str(number)[:32]} is no time")
    if number < _SECONDS_BELOW:
        return int(number * 1_000)
    if number < _MILLISECONDS_BELOW:
        return int(number)
    return int(number) // (1_000 if number < _NANOSECONDS_FROM else 1_000_000)


def shown(at_ms: int) -> str:
    """Return epoch milliseconds for people."""
    return datetime.fromtimestamp(at_ms // 1_000, UTC).isoformat().replace("+00:00", "Z")
