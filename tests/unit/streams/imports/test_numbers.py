"""Counts and money as people write them."""

from decimal import Decimal

import pytest

from streams.imports.numbers import count_of, decimal_mark_of, money_of, settled_currency


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("412", 412),
        (" 9,120 ", 9120),
        ("9.120", 9120),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("12,34,567", 1234567),
        ("9 120", 9120),
        ("9\u202f120", 9120),
        ("9'120", 9120),
        ("1.2K", 1200),
        ("1,2k", 1200),
        ("12K", 12000),
        ("3.45M", 3450000),
        ("1,5 Mio.", 1500000),
        ("2 Tsd.", 2000),
        ("412.0", 412),
        ("412,00", 412),
        ("1,234.00", 1234),
        ("1.234,00", 1234),
        ('="412"', 412),
        ("10K+", 10000),
        ("", None),
        ("-", None),
        ("N/A", None),
        ("-1", None),
    ],
)
def test_counts(text: str, count: int | None) -> None:
    """A whole number is read in any notation; nothing and hidden counts are absent, not 0."""
    assert count_of(text) == count


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("12 %", "percentage"),
        ("5.7%", "percentage"),
        ("12.5", "not a whole number"),
        ("-3", "negative"),
        ("=SUM(A1:A9)", "formula"),
        ("many", "no number"),
        ("1.2.3", "separators"),
        ("1,23.4,5", "separators"),
    ],
)
def test_no_counts(text: str, reason: str) -> None:
    """What is no count is refused with what it is."""
    with pytest.raises(ValueError, match=reason):
        count_of(text)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("39.90", "39.90", ""),
        ("39,90", "39.90", ""),
        ("1,234.50", "1234.50", ""),
        ("1.234,50", "1234.50", ""),
        ("1 234,50 €", "1234.50", "EUR"),
        ("€ 1.234,50", "1234.50", "EUR"),
        ("EUR 12.00", "12.00", "EUR"),
        ("12.00 eur", "12.00", "EUR"),
        ("CHF 1'234.50", "1234.50", "CHF"),
        ("$1,234.50", "1234.50", "$"),
        ("US$12", "12", "USD"),
        ("-€5.00", "-5.00", "EUR"),
        ("(5.00)", "-5.00", ""),
        ("1,234,567", "1234567", ""),
        ("0.125", "0.125", ""),
        ("39.8999999", "39.9", ""),
    ],
)
def test_money(text: str, amount: str, currency: str) -> None:
    """An amount is read in any notation, with the currency that its cell names."""
    money = money_of(text)
    assert money is not None
    assert (money.amount, money.currency) == (Decimal(amount), currency)


def test_amounts_that_could_be_two() -> None:
    """1,234 is a thousand or one and a quarter: the column decides, or nobody does."""
    with pytest.raises(ValueError, match="--decimal"):
        money_of("1,234")
    assert money_of("1,234", ".") == (Decimal(1234), "")
    assert money_of("1,234", ",") == (Decimal("1.234"), "")
    assert decimal_mark_of(["1,234", "5,50"]) == ","
    assert decimal_mark_of(["1,234", "1,234.50"]) == "."
    assert decimal_mark_of(["1,234", "2,345"]) is None
    assert decimal_mark_of(["5,50", "5.50"]) is None


def test_currencies() -> None:
    """A sign that several currencies have needs a code that is one of them; nothing is assumed."""
    assert settled_currency("", "eur") == "EUR"
    assert settled_currency("EUR", "") == "EUR"
    assert settled_currency("$", "CAD") == "CAD"
    for sign, given, reason in (
        ("", "", "--currency"),
        ("$", "", "several"),
        ("$", "EUR", "not EUR"),
        ("EUR", "USD", "USD"),
    ):
        with pytest.raises(ValueError, match=reason):
            settled_currency(sign, given)
