"""Times in cells to epoch milliseconds: explicit forms, no guessing.

A local time needs a zone, and ``03/04/2026`` an order of day and month, which the whole column shows or somebody says.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.times import epoch_ms

DayOrder = Literal["dmy", "mdy"]
NO_ZONE: Final = "a local time, and its zone is not stated: give --zone, such as --zone Europe/Vienna or --zone UTC"
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jänner janvier janv enero ene gennaio gen janeiro"
            " januari stycznia sty ocak oca января янв",
            "feb february februar feber février févr fév fev febrero febbraio fevereiro"
            " februari lutego lut şubat şub февраля фев февр",
            "mar march märz mär mrz mars marzo março maart mrt marca mart марта мар",
            "apr april avril avr abril abr aprile kwietnia kwi nisan nis апреля апр",
            "may mai mayo maggio mag maio mei maj maja mayıs мая май",
            "jun june juni juin junio giugno giu junho czerwca cze haziran haz июня июн",
            "jul july juli juillet juil julio luglio lug julho lipca temmuz tem июля июл",
            "aug august août aout agosto ago agost augustus augusti sierpnia sie ağustos ağu августа авг",
            "sep sept september septembre septiembre settembre set setembro września wrz eylül eyl сентября сен сент",
            "oct october okt oktober octobre octubre ottobre ott outubro out października paź ekim eki октября окт",
            "nov november novembre noviembre novembro kasım kas ноября ноя нояб",
            "dec december dez dezember décembre déc diciembre dic dicembre dezembro grudnia gru aralık ara декабря дек",
        ),
        start=1,
    )
    for name in names.split()
}
"""By name; none that two languages have for different months (``listopada``, ``lip``)."""
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?")
_TIME: Final = (
    r"(?:(?:[T,\s]|\bat\b|\bum\b|\bà\b|\bàs\b|\ba las\b|\balle\b|\bom\b|\bo\b|\bkl\.?)+"
    r"(?P<hour>\d{1,2})(?:[:.]| ?h ?)(?P<minute>\d\d)"
    r"(?:[:.](?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]\.?\s?m\.?)?(?:\s*Uhr)?\s*(?P<zone>\(?(?:Z|UTC|GMT)?\s?(?:[+-]\d{1,2}(?::?\d\d)?)?\)?|[A-Z]{2,5}))?"
)
_YEAR_FIRST: Final = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})\.?" + _TIME, re.I)
_YEAR_LAST: Final = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[-/.])\s?(?P<other>\d{1,2})[-/.]\s?(?P<year>\d{4}|\d\d)" + _TIME, re.I
)
_DAY_NAMED: Final = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[.\s-]*(?:de\s+)?(?P<name>[^\W\d_]+)[.,\s-]*(?:de\s+)?(?P<year>\d{4}|\d\d)\b"
    + _TIME,
    re.I,
)
_NAME_DAY: Final = re.compile(
    r"(?P<name>[^\W\d_]+)[.\s-]*(?P<day>\d{1,2})(?:st|nd|rd|th)?[,\s-]+(?P<year>\d{4})\b" + _TIME, re.I
)
_UNIX_DATE: Final = re.compile(
    r"(?P<name>[^\W\d_]+) +(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<fraction>)(?P<half>) ?"
    r"(?P<zone>[A-Z]{3,4}|[+-]\d{4})? (?P<year>\d{4})"
)
_CODE_ZONED: Final = re.compile(r"(?<=[+-]\d\d)(:?\d\d)(?: \([^()]*\)|\[[^\[\]]*\])$")
"""The name of a zone behind its offset: dates of browsers and of Java."""
_DAY_SIGNS: Final = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_DAY_POINTS: Final = re.compile(r"(\d{4})\. (\d{1,2})\. (\d{1,2})\.")
_CLOCK_SIGNS: Final = re.compile(r"(\d{1,2})\s?[時时点시]\s?(\d\d)\s?[分분](?:\s?(\d\d)\s?[秒초])?")
_HALF_BEFORE: Final = re.compile(r"(上午|午前|오전|下午|午後|오후)\s?(\d{1,2}:\d\d(?::\d\d)?)")
_MORNING: Final = frozenset({"上午", "午前", "오전"})
_COMPACT: Final = re.compile(r"(?P<year>20\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)")
_WEEKDAY: Final = re.compile(r"[^\W\d_]{2,10}\.?,?\s+(?=\S)")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")
_RELATIVE: Final = re.compile(
    r"(?:(?:about|vor|il y a|hace)\s+)?\d+\s*(?:s|m|h|d|w|y|sec|min|hr|mo|seconds?|minutes?|hours?|days?|weeks?"
    r"|months?|years?|minuten?|stunden?|tage?n?|wochen?|monate?n?)"
    r"\.?(?:\s+ago)?(?:\s*\(edited\))?|just now|yesterday|gestern",
    re.I,
)
_OFFSETS: Final = {
    "CET": 60,
    "CEST": 120,
    "MEZ": 60,
    "MESZ": 120,
    "EST": -300,
    "EDT": -240,
    "PST": -480,
    "PDT": -420,
    "MDT": -360,
}
"""Names of zones, in minutes, that mean one offset only."""
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  # serial numbers of spreadsheets are local times
_SERIALS: Final = range(29_000, 80_000)
"""Days of spreadsheets between 1979 and 2119."""
_DAY_ONLY_HOUR: Final = 12


class DateOnly(ValueError):  # noqa: N818  # a verdict on input
    """A day without a time of day, where a time is needed."""


def zone_of(text: str) -> tzinfo:
    """Return a zone from its name (IANA), ``UTC`` or an offset such as ``+02:00``.

    Raises:
        ValueError: there is no such zone.
    """
    bare = text.strip()
    if bare.upper() in ("UTC", "GMT", "Z"):
        return UTC
    if (offset := _offset(bare)) is not None:
        return offset
    try:
        return ZoneInfo(bare)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{text!r} is neither in the IANA database, as Europe/Vienna is, nor an offset as +02:00"
        ) from None


def _offset(text: str) -> tzinfo | None:
    match = re.fullmatch(r"(?:UTC|GMT)?\s?([+-])(\d{1,2})(?::?(\d\d))?", text, re.I)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    if minutes > 14 * 60:
        raise ValueError(f"{text!r} is no offset of a zone")
    return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))


def day_orders(texts: Iterable[str]) -> set[DayOrder]:
    """Return which orders of day and month some values show by themselves; both: they contradict each other."""
    shown: set[DayOrder] = set()
    for text in texts:
        match = _YEAR_LAST.match(text.strip())
        if match is not None:
            order = _shown_order(match)
            if order is not None:
                shown.add(order)
    return shown


def is_ambiguous(text: str) -> bool:
    """Return whether a value could be read day first and month first."""
    match = _YEAR_LAST.match(text.strip())
    return match is not None and _shown_order(match) is None and match["first"] != match["other"]


def _shown_order(match: re.Match[str]) -> DayOrder | None:
    first, other = int(match["first"]), int(match["other"])
    if first > 12 >= other:
        return "dmy"
    if other > 12 >= first:
        return "mdy"
    # Nobody writes the month first with points between.
    return "dmy" if match["mark"] == "." else None


class MomentReader:
    """Reads the times of one column.

    Args:
        zone: of local times; None refuses them.
        order: of day and month where a value does not show it; None refuses such values.
        noon_of_days: whether a day without a time is its noon; refused otherwise.
    """

    def __init__(self, zone: tzinfo | None, order: DayOrder | None = None, *, noon_of_days: bool = False) -> None:
        self._zone = zone
        self._order = order
        self._noon = noon_of_days
        self._last = ("", 0)
        self.was_day = False
        """Whether what was read last was a day without a time."""

    def read(self, text: str) -> int:
        """Return epoch milliseconds.

        Raises:
            DateOnly: a day, where a time is needed.
            ValueError: no time, or one that could be several; the message says why and the way out.
        """
        if text == self._last[0] and text:
            return self._last[1]
        self.was_day = False
        found = self._read(_plain(text.strip().strip("'")))
        self._last = (text, found)
        return found

    def of_row(self, text: str, clock: str) -> int:
        """Return epoch milliseconds of a day in one column and a time of day in another; "" where it has none.

        Raises:
            ValueError: as ``read``.
        """
        if not clock.strip() or ":" in text:
            return self.read(text)
        try:
            return self.read(f"{text.strip()} {clock.strip()}")
        except ValueError as of_both:
            try:
                found = self.read(text)
            except DateOnly:
                raise of_both from None
            if self.was_day:
                raise of_both from None
            return found

    def _read(self, text: str) -> int:
        if _ISO.fullmatch(text):
            if len(text) == 10:
                return self._local(self._noon_of(datetime.fromisoformat(text)))
            try:
                moment = datetime.fromisoformat(
                    text.replace(" +", "+").replace(" -", "-").replace(" Z", "Z").replace(",", ".")
                )
            except ValueError as error:
                raise ValueError(f"no time: {error}") from None
            return self._local(moment)
        if _NUMBER.fullmatch(text):
            return self._number(text)
        if not text:
            raise ValueError("no time")
        if text.startswith("="):
            raise ValueError("a formula without its result: save the values")
        return self._written(text)

    def _number(self, text: str) -> int:
        if _COMPACT.fullmatch(text):
            return self._written(text)
        whole, _, fraction = text.replace(",", ".").partition(".")
        length = len(whole)
        if length == 10:
            return int(whole) * 1000 + int((fraction + "000")[:3])
        if length == 13:
            return int(whole)
        if length == 16:
            return int(whole) // 1000
        if int(whole) in _SERIALS:
            days = float(f"{whole}.{fraction or 0}")
            # To the millisecond: spreadsheets keep days as floating-point numbers.
            moment = _EXCEL_EPOCH + timedelta(milliseconds=round(days * 86_400_000))
            return self._local(moment if fraction else self._noon_of(moment))
        raise ValueError("no time: neither seconds, milliseconds or microseconds since 1970 nor a day of a spreadsheet")

    def _written(self, text: str) -> int:
        match = _COMPACT.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
        if match is not None:
            return self._built(match, int(match["month"]), int(match["day"]))
        match = _YEAR_LAST.fullmatch(text)
        if match is not None:
            order = _shown_order(match) or self._order
            first, other = int(match["first"]), int(match["other"])
            if order is None and first != other:
                raise ValueError("day or month first? The column does not show it: give --dates dmy or --dates mdy")
            day, month = (first, other) if order != "mdy" else (other, first)
            return self._built(match, month, day)
        for candidate in (text, _WEEKDAY.sub("", text, count=1)):
            for pattern in (_DAY_NAMED, _NAME_DAY, _UNIX_DATE):
                match = pattern.fullmatch(candidate)
                if match is not None and (month_named := _MONTHS.get(match["name"].casefold())) is not None:
                    return self._built(match, month_named, int(match["day"]))
        if _RELATIVE.fullmatch(text):
            raise ValueError("a time relative to the export: when that was is not stated")
        raise ValueError("no time in a form that is known")

    def _built(self, match: re.Match[str], month: int, day: int) -> int:
        parts = match.groupdict()
        year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
        try:
            if parts.get("hour") is None:
                return self._local(self._noon_of(datetime(year, month, day)))  # noqa: DTZ001  # made aware there
            hour = int(parts["hour"])
            if half := parts["half"]:
                if not 1 <= hour <= 12:
                    raise ValueError(f"hour {hour} with {half}")
                hour = hour % 12 + (12 if half[0] in "pP" else 0)
            moment = datetime(  # noqa: DTZ001  # made aware below
                year, month, day, hour, int(parts["minute"]), int(parts["second"] or 0),
                int(((parts["fraction"] or "") + "000000")[:6]),
            )  # fmt: skip
        except DateOnly:
            raise
        except ValueError as error:
            raise ValueError(f"no time: {error}") from None
        return self._local(moment, _stated_zone(parts["zone"] or ""))

    def _noon_of(self, day: datetime) -> datetime:
        if not self._noon:
            raise DateOnly("a day without a time of day")
        self.was_day = True
        return day.replace(hour=_DAY_ONLY_HOUR)

    def _local(self, moment: datetime, zone: tzinfo | None = None) -> int:
        if moment.tzinfo is not None:
            return epoch_ms(moment)
        zone = zone or self._zone
        if zone is None:
            raise ValueError(NO_ZONE)
        aware = moment.replace(tzinfo=zone)
        if isinstance(zone, ZoneInfo) and aware.utcoffset() != aware.replace(fold=1).utcoffset():
            raise ValueError(f"a local time that {zone.key} has twice or not at all: the clocks were changed then")
        return epoch_ms(aware)


def _plain(text: str) -> str:
    """Return a time without signs for day and hour (``2026年4月18日 下午6:04``) and a zone's name behind its offset."""
    if text.endswith((")", "]")):
        text = _CODE_ZONED.sub(r"\1", text)
    if text.isascii() and ". " not in text:
        return text
    text = _DAY_POINTS.sub(r"\1-\2-\3", _DAY_SIGNS.sub(r"\1-\2-\3", text))
    text = _CLOCK_SIGNS.sub(lambda found: ":".join(filter(None, found.groups())), text)
    return _HALF_BEFORE.sub(
        lambda found: f"{found[2]} {'AM' if found[1] in _MORNING else 'PM'}", text.replace(" г.", "")
    )


def _stated_zone(text: str) -> tzinfo | None:
    bare = text.strip().strip("()").strip()
    if not bare:
        return None
    name = bare.upper()
    if name in _OFFSETS:
        return timezone(timedelta(minutes=_OFFSETS[name]))
    if name in ("Z", "UTC", "GMT"):
        return UTC
    offset = _offset(bare)
    if offset is None:
        raise ValueError(f"{bare!r} is the name of several zones or of none: write an offset")
    return offset


def zone_in_header(name: str) -> tzinfo | None:
    """Return the zone that a header states, as ``Date (GMT)``, ``created_at_gmt`` and ``Time (UTC+2)`` do."""
    match = re.search(r"(?:^|[^A-Za-z])((?:UTC|GMT)(?:\s?[+-]\d{1,2}(?::?\d\d)?)?)\)?$", name.strip(), re.I)
    return None if match is None else zone_of(match[1])


def iso_of(at_ms: int) -> str:
    """Return an event time as RFC 3339 in UTC: to the second, or to the millisecond where it has one."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    text = moment.isoformat()[:19]
    return f"{text}.{at_ms % 1000:03d}Z" if at_ms % 1000 else f"{text}Z"
