"""Counts and money as people and spreadsheets write them: ``1.2K``, ``1,234.50``, ``1.234,50``, ``€ 12,50``.

Whole numbers are never ambiguous: a mark before three digits separates thousands. An amount such as ``1,234`` is, and
the whole column decides which mark is the decimal one (``decimal_mark_of``), or nobody does and it is refused.
"""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, NamedTuple

from models.currencies import CURRENCIES, WITHDRAWN

DecimalMark = Literal[".", ","]
NOTHING: Final = frozenset(
    {"", "-", "--", "—", "–", "n/a", "na", "none", "null", "nan", "(not set)", "#n/a", "n.a.", "k. a."}
)
"""Cells that say nothing: absent, which is not 0."""
_GAPS: Final = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007 '’_", ""))
_PLAIN: Final = re.compile(r"[0-9]{1,15}")
_PLAIN_MONEY: Final = re.compile(r"[0-9]{1,12}\.[0-9]{2}")
_COUNT: Final = re.compile(
    r"(?P<sign>[-−])?(?P<number>[0-9][0-9.,]*)"
    r"(?P<unit>k|m|b|tsd\.?|mio\.?|mrd\.?|mln|thousand|million|tys\.?|тыс\.?|млн\.?|[千천万萬만億亿억])?\+?",
    re.I,
)
_UNITS: Final = {
    "k": 1_000, "tsd": 1_000, "thousand": 1_000, "m": 1_000_000, "mio": 1_000_000, "mln": 1_000_000,
    "million": 1_000_000, "b": 1_000_000_000, "mrd": 1_000_000_000, "tys": 1_000, "тыс": 1_000,
    "млн": 1_000_000,
    **dict.fromkeys("千천", 1_000), **dict.fromkeys("万萬만", 10_000), **dict.fromkeys("億亿억", 100_000_000),
}  # fmt: skip
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{2,3})*(?:[.,])[0-9]{3}")
_SIGNS: Final = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₺": "TRY", "₽": "RUB", "₩": "KRW", "₴": "UAH", "₪": "ILS", "zł": "PLN",
    "kč": "CZK", "us$": "USD", "ca$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD",
    "euro": "EUR", "euros": "EUR", "s$": "SGD", "r$": "BRL", "mx$": "MXN", "₫": "VND", "฿": "THB", "₱": "PHP",
    "fr.": "CHF", "ft": "HUF",
}  # fmt: skip
_SEVERAL: Final = {
    "$": frozenset({"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "ARS", "CLP", "COP", "TWD"}),
    "¥": frozenset({"JPY", "CNY"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "kr.": frozenset({"SEK", "NOK", "DKK", "ISK"}),
}
"""Signs that several currencies have."""
_MONEY: Final = re.compile(
    r"(?P<open>\()?(?P<sign>[-−+])?(?P<before>[^\d\s.,()+−-]*\.?)(?P<inner>[-−+])?"
    r"(?P<number>[0-9.,]*[0-9])(?P<trailing>[-−])?(?P<after>[^\d\s()]*)(?P<close>\))?"
)
_MOST_DECIMALS: Final = 6


class Money(NamedTuple):
    """An amount: a decimal that may be negative, and the currency that the cell names; "" where it names none."""

    amount: Decimal
    currency: str


def is_nothing(text: str) -> bool:
    """Return whether a cell says nothing: empty, a dash, ``N/A``."""
    return text.strip().casefold() in NOTHING


def count_of(text: str) -> int | None:
    """Return the whole number of a cell; None where it says nothing, or -1, as some tools write hidden counts.

    Raises:
        ValueError: it is no whole number that is 0 or more; the message says what it is.
    """
    if _PLAIN.fullmatch(text):
        return int(text)
    bare = unwrapped(text).translate(_GAPS)
    if bare.casefold() in NOTHING or bare == "-1":
        return None
    if bare.endswith("%"):
        raise ValueError("a percentage, not a count")
    if bare.startswith("="):
        raise ValueError("a formula without its result: save the values")
    match = _COUNT.fullmatch(bare)
    if match is None:
        raise ValueError("no number")
    if match["sign"]:
        raise ValueError("a negative count")
    number, unit = match["number"], (match["unit"] or "").rstrip(".").casefold()
    value = _counted(number, bool(unit)) * _UNITS.get(unit, 1)
    if value != int(value):
        raise ValueError("not a whole number")
    return int(value)


def _counted(number: str, has_unit: bool) -> Decimal:
    marks = set(number) & {".", ","}
    if len(marks) == 2:
        decimal = max(marks, key=number.rindex)
        return _decimal(number, decimal)
    if marks:
        (mark,) = marks
        if _GROUPED.fullmatch(number) and not (has_unit and number.count(mark) == 1):
            return Decimal(number.replace(mark, ""))
        return _decimal(number, mark)
    return Decimal(number)


def _decimal(number: str, mark: str) -> Decimal:
    other = "," if mark == "." else "."
    whole, _, fraction = number.rpartition(mark)
    if mark in whole or (other in whole and not _GROUPED.fullmatch(whole)):
        raise ValueError("separators at places where numbers have none")
    try:
        return Decimal(f"{whole.replace(other, '') or '0'}.{fraction}")
    except InvalidOperation:
        raise ValueError("no number") from None


def decimal_mark_of(texts: Iterable[str]) -> DecimalMark | None:
    """Return the decimal mark that a column of amounts shows; None where it shows none, or both."""
    shown: set[DecimalMark] = set()
    for text in texts:
        number = "".join(char for char in text if char in "0123456789.,").strip(".,")
        marks = {char for char in number if char in ".,"}
        if len(marks) == 2:
            shown.add("," if number.rindex(",") > number.rindex(".") else ".")
        elif marks:
            (mark,) = marks
            if number.count(mark) == 1 and len(number.partition(mark)[2]) != 3:
                shown.add("," if mark == "," else ".")
            elif number.count(mark) > 1:
                shown.add("." if mark == "," else ",")
            elif number.startswith("0" + mark):
                shown.add("," if mark == "," else ".")
    return shown.pop() if len(shown) == 1 else None


def money_of(text: str, decimal: DecimalMark | None = None) -> Money | None:
    """Return the amount of a cell and the currency that it names; None where it says nothing.

    Args:
        text: the cell.
        decimal: the column's decimal mark, where it is known.

    Raises:
        ValueError: it is no amount, or ``1,234`` in a column that does not show its decimal mark.
    """
    if _PLAIN_MONEY.fullmatch(text):
        return Money(Decimal(text), "")
    bare = unwrapped(text).translate(_GAPS)
    if bare.casefold() in NOTHING:
        return None
    if bare.startswith("="):
        raise ValueError("a formula without its result: save the values")
    match = _MONEY.fullmatch(bare)
    if match is None or (match["before"] and match["after"]):
        raise ValueError("no amount of money")
    amount = _amount(match["number"], decimal)
    if match["open"] or "-" in (sign := f"{match['sign']}{match['inner']}{match['trailing']}") or "−" in sign:
        amount = -amount
    return Money(amount, _currency(match["before"] or match["after"]))


def _amount(number: str, decimal: DecimalMark | None) -> Decimal:
    marks = set(number) & {".", ","}
    if not marks:
        return Decimal(number)
    if len(marks) == 2:
        amount = _decimal(number, max(marks, key=number.rindex))
    else:
        (mark,) = marks
        if number.count(mark) > 1:
            if not _GROUPED.fullmatch(number):
                raise ValueError("separators at places where numbers have none")
            return Decimal(number.replace(mark, ""))
        whole, _, fraction = number.partition(mark)
        if len(fraction) == 3 and 1 <= len(whole) <= 3 and whole != "0":
            if decimal is None:
                raise ValueError(
                    "thousands or decimals? The column does not show which mark is the decimal one: "
                    "give --decimal point or --decimal comma"
                )
            if decimal != mark:
                return Decimal(whole + fraction)
        amount = _decimal(number, mark)
    if -int(amount.as_tuple().exponent) > _MOST_DECIMALS:
        amount = round(amount, _MOST_DECIMALS).normalize()
    return amount


def _currency(mark: str) -> str:
    if not mark:
        return ""
    code = mark.upper().rstrip(".")
    if code in CURRENCIES or code in WITHDRAWN:
        return code
    sign = mark.casefold()
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign in _SEVERAL:
        return sign
    raise ValueError(f"no currency: {mark!r}")


def settled_currency(sign: str, given: str, otherwise: str = "") -> str:
    """Return the currency of an amount from what its cell says, what its row says, and otherwise what the user says.

    Raises:
        ValueError: nobody says it, it is none, or the two contradict each other.
    """
    code = _currency(otherwise.strip() if is_nothing(given) else given.strip())
    if code in _SEVERAL:
        # A row's sign is as good as one in the cell.
        sign, code = sign or code, _currency(otherwise.strip())
    if sign in _SEVERAL:
        if code in _SEVERAL[sign]:
            return code
        if code:
            raise ValueError(f"the amount is in {sign!r}, which is not {code}")
        raise ValueError(f"{sign!r} is the sign of several currencies: give --currency")
    if sign and code and sign != code:
        raise ValueError(f"the amount is in {sign}, but {code} is said")
    if not (sign or code):
        raise ValueError("no currency is stated: give --currency")
    return sign or code


def unwrapped(text: str) -> str:
    """Return a cell without blanks and without what keeps spreadsheets from changing it: ``="123"``, ``'123``."""
    bare = text.strip()
    if bare.startswith('="') and bare.endswith('"') and len(bare) > 3:
        return bare[2:-1].replace('""', '"').strip()
    return bare[1:] if bare.startswith("'") else bare
