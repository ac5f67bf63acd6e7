"""Sums as the platforms write them, to the decimal strings of events: never through binary fractions."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

_PLAIN: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_LONGEST: Final = 40
_MOST_DECIMALS: Final = 6

ZERO_DECIMAL: Final = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
"""Currencies whose smallest unit is the whole, as Stripe counts them (docs.stripe.com/currencies). UGX stands in its
list too, but under "Special cases" it is written with two decimals, as ISK is: 500 for 5 UGX."""
THREE_DECIMAL: Final = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


class NoMoney(ValueError):  # noqa: N818  # a verdict on input, not an error of the program
    """What is no sum of money that an event can carry."""


def amount(value: object, field: str) -> Decimal:
    """Return a sum given as decimal text, or as an exactly decoded JSON number; ``field`` is where it stands.

    Raises:
        NoMoney: it is missing, neither of these, or has more than 12 digits before or 6 after the point.
    """
    if value is None:
        raise NoMoney(f"{field} is missing")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise NoMoney(f"{field}: {_brief(value)} is no sum")
    text = value.strip() if isinstance(value, str) else _plain(value)
    if not _PLAIN.fullmatch(text):
        raise NoMoney(f"{field}: {_brief(value)} is no sum")
    return Decimal(text)


def _plain(number: int | Decimal) -> str:
    """Return a number without exponent; what is too large or too long to be a sum gives an empty text."""
    if isinstance(number, int):
        return str(number) if abs(number) < 10**12 else ""
    if not number.is_finite() or number.adjusted() > _LONGEST:
        return ""
    try:
        exponent = number.as_tuple().exponent
        assert isinstance(exponent, int)
        # Floats of other systems end in 0.30000000000000004: what lies behind the sixth decimal is not money.
        cut = number.quantize(Decimal(1).scaleb(-_MOST_DECIMALS)) if exponent < -_MOST_DECIMALS else number
    except InvalidOperation:
        return ""
    return format(cut, "f")


def text_of(total: Decimal) -> str:
    """Return a sum for an event.

    Raises:
        NoMoney: the sum is negative.
    """
    if total < 0:
        raise NoMoney(f"{total} is negative")
    return format(total, "f")


def from_minor_units(units: int, currency: str) -> Decimal:
    """Return a sum given as a whole number of a currency's smallest unit, as Stripe does: 3490 EUR is 34.90.

    Raises:
        NoMoney: the number has more than 12 digits.
    """
    if abs(units) >= 10**12:
        raise NoMoney("a sum of more than 12 digits")
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return Decimal(units).scaleb(-decimals)


def _brief(value: object) -> str:
    if isinstance(value, str):
        return repr(value[:32])
    return str(value)[:32] if isinstance(value, Decimal) else f"a {type(value).__name__}"
