"""Money: exact sums per currency, in panes and for lifetimes.

Amounts are integers of a millionth of the currency unit. Orders are rare next to comments, so this is a plain
dictionary per influencer and pane.
"""

from collections.abc import Sequence
from typing import Final

from models.rollups import RevenueStats
from streams.columns.formats import damaged
from streams.statistics.windows import TIERS, WINDOWS

MICROS: Final = 1_000_000
ORDERS, REVENUE, REFUNDS, REFUNDED = range(4)

_LOW_BITS: Final = 62
_LARGE: Final = 1 << _LOW_BITS
"""Micros from which a sum needs more than records hold, which is 64 bits: ten orders of the largest amount there is.
Nobody's campaign sells as much; whoever sends such orders must neither end a worker nor make a number wrong."""
_WITH_HIGH_PARTS: Final = 6

Sums = dict[str, list[int]]
"""Currency to [orders, revenue in micros, refunds, refunded in micros]."""


def check_sums(what: str, *stored: Sums) -> None:
    """Check the money of a stored record, and put large sums together again, in place.

    Raises:
        PoisonedRecord: a currency has more or fewer than its four sums.
    """
    for sums in stored:
        for currency, values in sums.items():
            if len(values) == _WITH_HIGH_PARTS:
                values[REVENUE] += values[4] << _LOW_BITS
                values[REFUNDED] += values[5] << _LOW_BITS
                del values[4:]
            elif len(values) != REFUNDED + 1:
                raise damaged(what, f"{len(values)} sums of {currency!r}")


def is_large(values: Sequence[int]) -> bool:
    """Return whether the sums of a currency are more than 64 bits hold."""
    return not (-_LARGE <= values[REVENUE] < _LARGE and -_LARGE <= values[REFUNDED] < _LARGE)


def for_record(sums: Sums) -> Sums:
    """Return sums as a record holds them: what is above the lowest 62 bits of a large one stands behind the four."""
    if not any(map(is_large, sums.values())):
        return sums
    low = _LARGE - 1
    return {
        currency: [orders, revenue & low, refunds, refunded & low, revenue >> _LOW_BITS, refunded >> _LOW_BITS]
        for currency, (orders, revenue, refunds, refunded) in sums.items()
    }


def micros_of(amount: str) -> int:
    """Return a decimal string (at most 6 decimals, already validated) in millionths."""
    whole, _, fraction = amount.partition(".")
    return int(whole) * MICROS + int(fraction.ljust(6, "0")) if fraction else int(whole) * MICROS


def half_even(part: int, base: int) -> int:
    """Return ``part / base``, rounded half to even."""
    whole, rest = divmod(part, base)
    beyond = abs(2 * rest) - abs(base)
    return whole + (beyond > 0 or (beyond == 0 and whole % 2 == 1))


def scaled_text(number: int, decimals: int) -> str:
    """Write a number of units of ``10 ** -decimals`` as a decimal string, without trailing zeros after the point."""
    if not decimals:
        return str(number)
    digits = str(abs(number)).rjust(decimals + 1, "0")
    fraction = digits[-decimals:].rstrip("0")
    text = f"{digits[:-decimals]}.{fraction}" if fraction else digits[:-decimals]
    return f"-{text}" if number < 0 else text


def micros_text(micros: int) -> str:
    """Write millionths as a decimal string."""
    return scaled_text(micros, 6)


def add_sums(target: Sums, other: Sums) -> None:
    """Add ``other`` into ``target``."""
    for currency, values in other.items():
        held = target.get(currency)
        if held is None:
            target[currency] = [*values]
            continue
        # Written out, as in ``_add``: each pane of money comes here for every window that it lies in.
        orders, revenue, refunds, refunded = values
        held[0] += orders
        held[1] += revenue
        held[2] += refunds
        held[3] += refunded


def revenue_stats(sums: Sums) -> dict[str, RevenueStats]:
    """Return what is shown for each currency, sorted by code."""
    shown = {}
    for currency in sorted(sums):
        orders, revenue, refunds, refunded = sums[currency]
        average = None
        if orders:
            average = scaled_text(half_even(revenue, 100 * orders), 4)
        shown[currency] = RevenueStats(
            orders=orders,
            revenue=micros_text(revenue),
            refunds=refunds,
            refunded=micros_text(refunded),
            average_order_value=average,
        )
    return shown


class MoneyPanes:
    """The money of one influencer: sums in panes and for its lifetime."""

    def __init__(self) -> None:
        self.total: Sums = {}
        self.panes: tuple[dict[int, Sums], ...] = tuple({} for _ in TIERS)

    def add(self, time_ms: int, currency: str, amounts: tuple[int, int, int, int]) -> None:
        """Book orders, revenue, refunds and what was refunded at their event time; negative amounts take them away."""
        _add(self.total, currency, amounts)
        for tier, panes in zip(TIERS, self.panes, strict=True):
            pane = time_ms // tier.pane_ms
            sums = panes.setdefault(pane, {})
            _add(sums, currency, amounts)
            if not sums:
                del panes[pane]

    def total_for_record(self) -> Sums:
        """Return the lifetime as a record holds it."""
        return for_record(self.total)

    def panes_for_record(self) -> list[dict[int, Sums]]:
        """Return the panes as a record holds them."""
        large = any(is_large(values) for panes in self.panes for sums in panes.values() for values in sums.values())
        if not large:
            return list(self.panes)
        return [{pane: for_record(sums) for pane, sums in panes.items()} for panes in self.panes]

    def forget(self, as_of_ms: int) -> None:
        """Drop panes older than their tier keeps."""
        for tier, panes in zip(TIERS, self.panes, strict=True):
            oldest = as_of_ms // tier.pane_ms - tier.panes + 1
            for pane in [pane for pane in panes if pane < oldest]:
                del panes[pane]

    def window_sums(self, as_of_ms: int) -> list[Sums]:
        """Return the sums of every rolling window and, last, the lifetime."""
        windows: list[Sums] = []
        for window in WINDOWS:
            newest = as_of_ms // TIERS[window.tier].pane_ms
            sums: Sums = {}
            for pane, held in self.panes[window.tier].items():
                if newest - window.panes < pane <= newest:
                    add_sums(sums, held)
            windows.append(sums)
        windows.append({currency: list(values) for currency, values in self.total.items()})
        return windows


def _add(sums: Sums, currency: str, amounts: tuple[int, int, int, int]) -> None:
    """Add amounts; a currency in which nothing is left is not there: what was moved away leaves no trace."""
    held = sums.get(currency)
    if held is None:
        if any(amounts):
            sums[currency] = list(amounts)
        return
    # Written out: a loop takes three times as long, and each order comes here four times.
    orders, revenue, refunds, refunded = amounts
    held[0] += orders
    held[1] += revenue
    held[2] += refunds
    held[3] += refunded
    if not any(held):
        del sums[currency]
