"""Laws of money, against Python's fractions."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from streams.statistics.money import MoneyPanes, add_sums, micros_of, micros_text, revenue_stats
from tests.properties.strategies import times_ms

amounts = st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,6})?", fullmatch=True).filter(str.isascii)
bookings = st.lists(st.tuples(times_ms(), st.sampled_from(["EUR", "USD", "JPY"]), amounts, st.booleans()), max_size=30)
Booking = tuple[int, str, str, bool]


@given(amounts)
def test_text_of_an_amount_is_its_value_in_shortest_form(amount: str) -> None:
    """Reading and writing is exact and leaves neither exponent nor useless zeros."""
    text = micros_text(micros_of(amount))
    assert Fraction(text) == Fraction(amount)
    assert micros_of(text) == micros_of(amount)
    assert "e" not in text.lower()
    assert not text.endswith(".")
    assert "." not in text or not text.endswith("0")
    assert len(text.partition(".")[0]) == 1 or not text.startswith("0")


def amounts_of(amount: str, *, refund: bool) -> tuple[int, int, int, int]:
    """Return what one order or refund adds."""
    return (0, 0, 1, micros_of(amount)) if refund else (1, micros_of(amount), 0, 0)


@given(bookings)
def test_sums_and_averages_are_exact(booked: list[Booking]) -> None:
    """Per currency, orders and refunds are the exact sums, the average the exact one rounded half to even."""
    money = MoneyPanes()
    for time_ms, currency, amount, refund in booked:
        money.add(time_ms, currency, amounts_of(amount, refund=refund))
    shown = revenue_stats(money.total)
    assert set(shown) == {currency for _, currency, _, _ in booked}
    for currency, stats in shown.items():
        orders = [Fraction(amount) for _, code, amount, refund in booked if code == currency and not refund]
        refunds = [Fraction(amount) for _, code, amount, refund in booked if code == currency and refund]
        assert (stats.orders, Fraction(stats.revenue)) == (len(orders), sum(orders))
        assert (stats.refunds, Fraction(stats.refunded)) == (len(refunds), sum(refunds))
        if orders:
            assert stats.average_order_value is not None
            average = sum(orders) / len(orders)
            assert Fraction(stats.average_order_value) == Fraction(round(average * 10_000), 10_000)
        else:
            assert stats.average_order_value is None


@given(bookings, st.permutations(range(30)))
def test_order_of_booking_and_splitting_do_not_matter(booked: list[Booking], order: list[int]) -> None:
    """Booked in any order, forgotten at any time, or added up from two ledgers: the same windows."""
    end_ms = max((time_ms for time_ms, *_ in booked), default=0)
    whole, shuffled, halves = MoneyPanes(), MoneyPanes(), (MoneyPanes(), MoneyPanes())
    for index, (time_ms, currency, amount, refund) in enumerate(booked):
        for money in (whole, halves[index % 2]):
            money.add(time_ms, currency, amounts_of(amount, refund=refund))
    newest_ms = 0
    for index in order:
        if index < len(booked):
            time_ms, currency, amount, refund = booked[index]
            shuffled.add(time_ms, currency, amounts_of(amount, refund=refund))
            newest_ms = max(newest_ms, time_ms)
            shuffled.forget(newest_ms)
    expected = whole.window_sums(end_ms)
    assert shuffled.window_sums(end_ms) == expected
    merged = halves[0].window_sums(end_ms)
    for sums, others in zip(merged, halves[1].window_sums(end_ms), strict=True):
        add_sums(sums, others)
    assert merged == expected
