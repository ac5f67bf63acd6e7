"""What of a comment may leave with a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alerts.shareable import LONGEST, shareable


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("never again!!", "never again!!"),
        ("@ana.at.home your code does not work @shop_1", "(handle) your code does not work (handle)"),
        ("\uff20ana hello", "(handle) hello"),
        ("see https://evil.example/a?b=c now", "see (link) now"),
        ("see WWW.evil.example, or evil.example/x", "see (link), or (link)"),
        ("write to ana.b@example.com please", "write to (address) please"),
        ("call +43 660 123 45 67!", "call (number)!"),
        ("order 12345 of 2026", "order 12345 of 2026"),
        ("<!channel> <https://evil.example|x>", "!channel (link)"),
        ('she said "no" and \u201cnever\u201d', "she said 'no' and 'never'"),
        ("two\nlines\tand\u202e back", "two lines and back"),
        ("  ", ""),
        ("Schei\u00dfe, v\u00f6llig kaputt", "Schei\u00dfe, v\u00f6llig kaputt"),
    ],
)
def test_words_stay_and_addresses_go(text: str, left: str) -> None:
    """Handles, links, mail addresses and telephone numbers are taken out; words and short numbers stay."""
    assert shareable(text) == left


@given(st.text(max_size=3_000))
def test_whatever_is_written_is_one_short_line(text: str) -> None:
    """Nothing ends the quotation, begins a link, mentions somebody, or makes a message long."""
    left = shareable(text)
    assert len(left) <= LONGEST
    assert left.isprintable()
    assert not set(left) & set('"<>\u201c\u201d\u201e\n')


def test_what_is_long_is_cut() -> None:
    """The beginning, and a mark that there was more."""
    left = shareable("so sad " * 100)
    assert left.startswith("so sad so sad")
    assert left.endswith("\u2026")
