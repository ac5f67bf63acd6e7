"""Numbers, money and lengths of time as ``Intl`` writes them in the browser: the first paint and the next are alike."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from models.currencies import decimals_of

_SEPARATORS: Final = {"en": (",", "."), "de": (".", ",")}
_BLANK: Final = "\u00a0"


def whole(value: int | None, language: str) -> str:
    """Return a whole number; a dash for one that is not known."""
    return "–" if value is None else f"{value:,}".replace(",", _SEPARATORS[language][0])


def money(amount: str, currency: str, language: str) -> str:
    """Return an amount with its currency's decimals and code."""
    thousands, point = _SEPARATORS[language]
    text = f"{Decimal(amount):,.{decimals_of(currency)}f}".replace(",", " ").replace(".", point).replace(" ", thousands)
    return f"{currency}{_BLANK}{text}" if language == "en" else f"{text}{_BLANK}{currency}"


def percent(share: float, language: str) -> str:
    """Return a share as whole per cents."""
    text = f"{100 * share:.0f}"
    return f"{text}%" if language == "en" else f"{text}{_BLANK}%"


def iso(time_ms: int) -> str:
    """Return a moment for ``<time datetime>``."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def clock(time_ms: int) -> str:
    """Return a moment's time of day in UTC: the browser knows the reader's zone, the server does not."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%H:%M:%S} UTC"


def day(time_ms: int) -> str:
    """Return a moment's day and time in UTC."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def length(span_ms: int, texts: dict[str, str]) -> str:
    """Return a length of time in its two largest units."""
    seconds = max(0, span_ms) // 1000
    parts = [("days", seconds // 86_400), ("hours", seconds // 3_600 % 24), ("minutes", seconds // 60 % 60)]
    parts.append(("seconds", seconds % 60))
    first = next((place for place, (_, count) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(texts[unit].format(count=count) for unit, count in parts[first : first + 2])
