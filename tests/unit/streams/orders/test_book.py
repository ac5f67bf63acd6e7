"""The orders of a partition: what is taken up after a crash, and how long they are kept."""

import pytest

from models.times import DAY_MS
from streams.orders.book import MOST_EVENTS, OrderBook, TooManyEvents
from streams.orders.order import OrderEvent, OrderKey

KEY = OrderKey("c", "shop", "o1")


def said(number: int, at_ms: int = 0, micros: int = 5) -> OrderEvent:
    """Return the event at a place."""
    return OrderEvent(number, at_ms, f"e{number}", False, "EUR", micros, ("ana",))


def test_an_event_that_is_known_changes_nothing() -> None:
    """Its id may have been forgotten by the dedupe horizon long ago."""
    book = OrderBook()
    assert list(book.put(KEY, said(0))) == ["ana"]
    assert book.put(KEY, said(0)) == {}
    assert len(book) == 1


def test_what_lies_beyond_what_was_counted_is_not_known_after_a_restart() -> None:
    """It will be read again, and must then change what it changed the first time."""
    book = OrderBook()
    book.put(KEY, said(0))
    second = book.put(KEY, said(7, 1, 9))
    restored = OrderBook()
    restored.restore(book.take_dirty(), counted_to=7)
    assert restored.put(KEY, said(7, 1, 9)) == second


def test_an_order_of_which_nothing_was_committed_is_gone() -> None:
    """It is read from the beginning again."""
    book = OrderBook()
    book.put(KEY, said(3))
    restored = OrderBook()
    restored.restore(book.take_dirty(), counted_to=3)
    assert len(restored) == 0


def test_orders_are_forgotten_by_their_newest_event() -> None:
    """A refund keeps its order for as long again; memory is given back."""
    book = OrderBook(days=60)
    other = OrderKey("c", "shop", "o2")
    book.put(KEY, said(0))
    book.put(other, said(1))
    book.put(KEY, said(2, 30 * DAY_MS))
    assert book.forget(60 * DAY_MS) == []
    assert book.forget(61 * DAY_MS) == [other]
    assert book.forget(91 * DAY_MS) == [KEY]
    assert (len(book), book.bytes_used) == (0, 0)


def test_an_order_that_was_kept_before_shops_were_told_apart_goes_on() -> None:
    """Its refund finds it under the key it has; another shop's order of that number is another one."""
    book = OrderBook()
    sold = OrderEvent(0, 0, "woo-at:order:1", False, "EUR", 50, ("ana",))
    book.put(OrderKey("c", "shop", "1"), sold)
    assert book.put(OrderKey("c", "shop\0woo-at", "1"), sold) == {}
    assert len(book) == 1
    other = OrderEvent(1, 0, "woo-de:order:1", False, "EUR", 30, ("ben",))
    assert list(book.put(OrderKey("c", "shop\0woo-de", "1"), other)) == ["ben"]
    assert [key.shop for key, _ in book.take_dirty()] == ["", "woo-de"]


def test_an_order_has_so_many_events_and_no_more() -> None:
    """What each costs grows with how many there are."""
    book = OrderBook()
    for number in range(MOST_EVENTS):
        book.put(KEY, said(number))
    with pytest.raises(TooManyEvents, match="'o1' has 500 events"):
        book.put(KEY, said(MOST_EVENTS))


def test_only_what_changed_is_written() -> None:
    """Each order once, as it is now."""
    book = OrderBook()
    book.put(KEY, said(0))
    book.put(KEY, said(1))
    assert [key for key, _ in book.take_dirty()] == [KEY]
    assert book.take_dirty() == []
