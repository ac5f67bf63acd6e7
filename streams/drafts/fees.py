"""What an influencer is paid, as people write it into a roster: ``1.000 EUR``, ``€ 1,500.50``, ``1.5k``."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from streams.imports.headers import header_key
from streams.imports.numbers import Money, money_of, settled_currency

NAMES: Final = (
    "fee", "fees", "influencer fee", "creator fee", "agreed fee", "rate", "price", "payment", "compensation", "budget",
    "honorar", "gage", "vergütung", "cachet", "tarif", "rémunération", "tarifa", "honorarios", "compenso", "valor",
)  # fmt: skip
_THOUSANDS: Final = re.compile(r"(?<=\d)\s*k(?![a-z])", re.I)
_MILLS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies that have three decimals: their ``1.000`` may be one."""
_CODE: Final = re.compile(r"[a-z]{3}")


class FeeColumn:
    """The column of a roster that has fees. ``index`` is None where there is none."""

    def __init__(self, names: Sequence[str]) -> None:
        self.index: int | None = None
        self._currency = ""
        keys = {header_key(name) for name in NAMES}
        for index, name in enumerate(names):
            key = header_key(name)
            head, _, last = key.rpartition(" ")
            sign = next((sign for sign in "€£$" if sign in name), "")
            if key in keys or (head in keys and _CODE.fullmatch(last)):
                self.index = index
                self._currency = sign or ("" if key in keys else last.upper())
                return

    def read(self, cell: str, stated: str, otherwise: str) -> Money | None:
        """Return the fee of a cell; None where it says nothing.

        Args:
            cell: the cell.
            stated: the row's currency; "" where it has none.
            otherwise: the currency where nothing says one.

        Raises:
            ValueError: it is no amount, negative, or of no currency.
        """
        bare, thousands = _THOUSANDS.subn("", cell.strip(), count=1)
        money = _amount(bare, stated or self._currency or otherwise)
        if money is None:
            return None
        if money.amount < 0:
            raise ValueError("less than nothing")
        says_its_own = len(money.currency) == len("EUR")
        currency = settled_currency(money.currency, stated or self._currency, "" if says_its_own else otherwise)
        return Money(money.amount * (1000 if thousands else 1), currency)


def _amount(text: str, currency: str) -> Money | None:
    try:
        return money_of(text)
    except ValueError:
        # Where one mark stands before three digits it parts thousands: few currencies have so many decimals.
        money = money_of(text, "," if "." in text else ".")
        if money is None or (money.currency or currency) in _MILLS:
            raise
        return money


def plain(amount: Decimal) -> str:
    """Return an amount as definitions have it."""
    whole = amount.normalize()
    return f"{whole:f}"
