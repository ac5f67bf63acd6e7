"""The moment after which a draw's round is taken, as people write it: ``Monday 12:00``, ``2026-11-29 12:00``."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST: Final = 3
_DAYS_A_WEEK: Final = 7
_WEEKDAY: Final = re.compile(r"([A-Za-z]+)[ ,]+(\d{1,2}:\d{2}(?::\d{2})?)\s*(Z|[+-]\d{2}:?\d{2})?")
_FORMS: Final = '"Monday 12:00", "2026-11-29 12:00" or "2026-11-29T12:00:00+01:00"'


class DrawTimeError(ValueError):
    """A moment that cannot be understood, or that is none in its zone; one line, for users."""


def moment_of(text: str, time_zone: str | None, now_ms: int) -> datetime:
    """Return the moment that a text means.

    Args:
        text: a day of the week (the next one, today included) or a date, with a time; with an offset, or local.
        time_zone: IANA name of the zone of local times; None: they are refused.
        now_ms: epoch milliseconds; the moment lies after it where a day of the week is named.

    Raises:
        DrawTimeError: it is of another form, local without a zone, or skipped or repeated by the clocks of the zone.
    """
    text = text.strip()
    weekday = _WEEKDAY.fullmatch(text)
    if weekday is None:
        try:
            return _placed(datetime.fromisoformat(text), text, time_zone, written=":" in text)
        except DrawTimeError:
            raise
        except ValueError:
            raise DrawTimeError(f"{text!r} is no moment: write {_FORMS}") from None
    name, clock, offset = weekday.groups()
    days = [number for number, day in enumerate(_WEEKDAYS) if len(name) >= _SHORTEST and day.startswith(name.lower())]
    try:
        at = time.fromisoformat(clock.zfill(5) if clock.count(":") == 1 else clock.zfill(8))
        zone = datetime.fromisoformat(f"2000-01-01T00:00{offset}").tzinfo if offset else None
    except ValueError:
        days = []
    if not days:
        raise DrawTimeError(f"{text!r} is no moment: write {_FORMS}")
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    today = now.astimezone(zone or ZoneInfo(time_zone or "UTC")).date()
    for ahead in (0, _DAYS_A_WEEK):
        day: date = today + timedelta(days=(days[0] - today.weekday()) % _DAYS_A_WEEK + ahead)
        found = _placed(datetime.combine(day, at, zone), text, time_zone, written=True)
        if found > now:
            break
    return found


def _placed(moment: datetime, text: str, time_zone: str | None, *, written: bool) -> datetime:
    """Return a moment with its zone; ``written``: whether a time of day was given."""
    if not written:
        raise DrawTimeError(f"{text!r} has no time of day: write {_FORMS}")
    if moment.tzinfo is not None:
        return moment
    if time_zone is None:
        raise DrawTimeError(f"{text!r} is a local time, and the giveaway has no time_zone: give an offset, as +01:00")
    zone = ZoneInfo(time_zone)
    early, late = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        raise DrawTimeError(f"{text!r} does not exist or exists twice in {time_zone}: give its offset, as +01:00")
    return early
