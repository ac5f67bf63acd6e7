"""Money: exact sums, their text, averages, and the windows of orders."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from models.topics import CONVERSIONS
from streams.changelog.row_records import decode_record
from streams.statistics.money import (
    MoneyPanes,
    add_sums,
    check_sums,
    for_record,
    half_even,
    micros_of,
    micros_text,
    revenue_stats,
)
from streams.statistics.snapshots import decode_snapshot, describe, encode_snapshot
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, value_of


@pytest.mark.parametrize(
    ("amount", "micros"),
    [
        ("0", 0),
        ("1", 1_000_000),
        ("0.1", 100_000),
        ("00.10", 100_000),
        ("19.99", 19_990_000),
        ("0.000001", 1),
        ("999999999999.999999", 999_999_999_999_999_999),
    ],
)
def test_amounts_become_whole_millionths(amount: str, micros: int) -> None:
    """Every amount the contract allows is exact."""
    assert micros_of(amount) == micros


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0"),
        (12_500_000, "12.5"),
        (1_000_000_000, "1000"),
        (1, "0.000001"),
        (100_000, "0.1"),
        (10**30, "1" + "0" * 24),
        (10**24 + 1, "1" + "0" * 18 + ".000001"),
    ],
)
def test_amounts_are_written_without_exponent_and_trailing_zeros(micros: int, text: str) -> None:
    """The text form of the documentation, at both ends of the range."""
    assert micros_text(micros) == text


@given(st.integers(-50, 50), st.integers(-6, 6).filter(bool))
def test_quotients_are_rounded_half_to_even(part: int, base: int) -> None:
    """As Python rounds fractions, whatever the signs."""
    assert half_even(part, base) == round(Fraction(part, base))


def test_ten_cents_ten_times_are_exactly_one_euro() -> None:
    """The sum that binary floats get wrong."""
    money = MoneyPanes()
    for _ in range(10):
        money.add(NOON_MS, "EUR", (1, micros_of("0.1"), 0, 0))
    assert revenue_stats(money.total)["EUR"].revenue == "1"


@pytest.mark.parametrize(
    ("revenue_micros", "orders", "average"),
    [
        (10_000_000, 4, "2.5"),
        (10_000_000, 3, "3.3333"),
        (20_000_000, 3, "6.6667"),
        (50, 1, "0"),  # 0.00005 lies between 0.0000 and 0.0001: to the even one
        (150, 1, "0.0002"),
        (250, 1, "0.0002"),
        (250_001, 1, "0.25"),
        (0, 5, "0"),
        (10**18 - 1, 1, "1000000000000"),
    ],
)
def test_average_order_value_has_four_decimals_rounded_half_to_even(
    revenue_micros: int, orders: int, average: str
) -> None:
    """The rounding the documentation states, ties included."""
    stats = revenue_stats({"EUR": [orders, revenue_micros, 0, 0]})["EUR"]
    assert stats.average_order_value == average
    exact = Fraction(revenue_micros, 1_000_000 * orders)
    assert Fraction(average) == Fraction(round(exact * 10_000), 10_000)


def test_average_is_absent_without_orders() -> None:
    """A refund alone has no average order value, not one of 0."""
    stats = revenue_stats({"EUR": [0, 0, 1, 5_000_000]})["EUR"]
    assert stats.average_order_value is None
    assert (stats.orders, stats.revenue, stats.refunds, stats.refunded) == (0, "0", 1, "5")


def test_currencies_are_kept_apart_and_shown_by_code() -> None:
    """Nothing is ever converted or added across currencies."""
    money = MoneyPanes()
    money.add(NOON_MS, "USD", (1, 2_000_000, 0, 0))
    money.add(NOON_MS, "EUR", (1, 3_000_000, 0, 0))
    money.add(NOON_MS, "USD", (0, 0, 1, 500_000))
    stats = revenue_stats(money.total)
    assert list(stats) == ["EUR", "USD"]
    assert (stats["USD"].revenue, stats["USD"].refunded, stats["EUR"].revenue) == ("2", "0.5", "3")


# as_of = 12:00:00: 1 at 11:59:30, 2 at 11:57, 4 at 11:50, 8 at 11:10, 16 at 08:00, 32 of 21 h ago, 64 of 2 days ago
def test_windows_hold_the_orders_of_their_panes() -> None:
    """Money follows the same windows as counters, whatever the order of booking."""
    money = MoneyPanes()
    offsets_ms = [30 * SECOND_MS, 3 * MINUTE_MS, 10 * MINUTE_MS, 50 * MINUTE_MS, 4 * HOUR_MS, 21 * HOUR_MS, 2 * DAY_MS]
    for power, offset_ms in reversed(list(enumerate(offsets_ms))):
        money.add(NOON_MS - offset_ms, "EUR", (1, 2**power, 0, 0))
    expected = [[count, 2**count - 1, 0, 0] for count in range(1, 8)]
    assert [sums["EUR"] for sums in money.window_sums(NOON_MS)] == expected
    money.forget(NOON_MS)
    assert [sums["EUR"] for sums in money.window_sums(NOON_MS)] == expected


def test_forgetting_keeps_the_oldest_pane_of_each_tier() -> None:
    """What still lies in the last pane of 5m, 1h and 24h stays, what lies just before it goes."""
    money = MoneyPanes()
    oldest_ms = [NOON_MS - 295 * SECOND_MS, NOON_MS - 59 * MINUTE_MS, NOON_MS - 23 * HOUR_MS - 45 * MINUTE_MS]
    for time_ms in oldest_ms:
        money.add(time_ms, "EUR", (1, 1, 0, 0))
        money.add(time_ms - 1, "EUR", (1, 1, 0, 0))
    expected = [sums.get("EUR", [0])[0] for sums in money.window_sums(NOON_MS)]
    assert expected == [0, 1, 2, 3, 4, 5, 6]
    money.forget(NOON_MS)
    assert [sums.get("EUR", [0])[0] for sums in money.window_sums(NOON_MS)] == expected
    assert [min(panes) for panes in money.panes] == [
        time_ms // pane_ms for time_ms, pane_ms in zip(oldest_ms, (5_000, MINUTE_MS, 15 * MINUTE_MS), strict=True)
    ]


def test_forgetting_frees_the_panes_of_the_past() -> None:
    """Memory follows the windows, not the campaign's length; the lifetime total stays."""
    money = MoneyPanes()
    for hours in range(200):
        money.add(NOON_MS + hours * HOUR_MS, "EUR", (1, 1, 0, 0))
        money.forget(NOON_MS + hours * HOUR_MS)
    assert sum(len(panes) for panes in money.panes) <= 1 + 1 + 24
    assert money.total["EUR"] == [200, 200, 0, 0]


def test_showing_sums_hands_out_copies() -> None:
    """A reader that adds to what it was given changes nothing here."""
    money = MoneyPanes()
    money.add(NOON_MS, "EUR", (1, 1, 0, 0))
    for sums in money.window_sums(NOON_MS):
        add_sums(sums, {"EUR": [7, 7, 7, 7]})
    assert [sums["EUR"] for sums in money.window_sums(NOON_MS)] == [[1, 1, 0, 0]] * 7


def test_what_is_taken_away_leaves_no_trace() -> None:
    """An order that moved to another influencer: no currency of nothing, in no window."""
    money = MoneyPanes()
    money.add(NOON_MS, "EUR", (1, 5, 0, 0))
    money.add(NOON_MS, "USD", (1, 7, 0, 0))
    money.add(NOON_MS, "EUR", (-1, -5, 0, 0))
    assert [sorted(sums) for sums in money.window_sums(NOON_MS)] == [["USD"]] * 7


def test_sums_beyond_64_bits_are_exact_and_stored() -> None:
    """Thirty orders of the largest amount: every number is their sum, and records are written and read with it."""
    state = partition_state()
    largest = "999999999999.999999"
    values = [value_of("purchase", f"o{number}", NOON_MS, amount=largest) for number in range(30)]
    values += [value_of("refund", f"r{number}", NOON_MS, order_id="none", amount=largest) for number in range(30)]
    state.apply(CONVERSIONS, records(values), NOW_MS)
    [(rollup, snapshot)] = describe(state.influencers, state.registry, [0])
    assert rollup.windows["total"].revenue["EUR"].revenue == "29999999999999.99997"
    assert decode_snapshot(encode_snapshot(snapshot)).money == snapshot.money
    again = partition_state()
    again.restore([decode_record(state.record_of(0))], {}, {})
    assert again.influencers.money[0].total == state.influencers.money[0].total
    assert again.influencers.money[0].panes == state.influencers.money[0].panes


@pytest.mark.parametrize("revenue", [0, 1, -1, 2**62 - 1, 2**62, -(2**62), -(2**62) - 1, 10**25, -(10**25)])
def test_records_hold_sums_of_any_size(revenue: int) -> None:
    """What is split for a record is put together again, below zero too; nothing in a record is beyond 64 bits."""
    sums = {"EUR": [3, revenue, 2, -revenue], "USD": [1, 5, 0, 0]}
    stored = {currency: list(values) for currency, values in for_record(sums).items()}
    assert all(-(2**63) <= value < 2**63 for values in stored.values() for value in values)
    check_sums("a record", stored)
    assert stored == sums


def test_large_sums_do_not_depend_on_their_order() -> None:
    """Taken back and added in any order, a sum comes to the same: it ends nowhere."""
    amounts = [10**18] * 30 + [-(10**18)] * 30 + [7]
    totals = []
    for order in (amounts, amounts[::-1], sorted(amounts)):
        together: dict[str, list[int]] = {}
        for amount in order:
            add_sums(together, {"EUR": [1, amount, 1, amount]})
        totals.append(together)
    assert totals == [{"EUR": [61, 7, 61, 7]}] * 3
