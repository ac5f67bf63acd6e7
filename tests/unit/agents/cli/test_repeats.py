"""A library that says the same twenty times a second fills no disk, and hides nothing."""

import logging

from agents.cli.repeats import RepeatFilter


def record(at: float, text: str = "OffsetCommit failed: %s", name: str = "aiokafka") -> logging.LogRecord:
    """A message at a moment."""
    made = logging.LogRecord(name, logging.ERROR, "here", 1, text, ("why",), None)
    made.created = at
    return made


def test_the_first_three_of_a_minute_are_told_and_the_others_counted() -> None:
    """Twenty a second for a minute: three lines, and 1,197 left out by the first of the next minute."""
    repeats = RepeatFilter()
    assert sum(repeats.filter(record(number / 20)) for number in range(1_200)) == 3
    later = record(60.0)
    assert repeats.filter(later)
    assert later.getMessage() == "OffsetCommit failed: why (1197 like it were left out)"


def test_other_messages_and_our_own_are_told() -> None:
    """Each kind has its own three; what we say ourselves is never left out."""
    repeats = RepeatFilter()
    assert [repeats.filter(record(1.0)) for _ in range(4)] == [True, True, True, False]
    assert repeats.filter(record(1.0, "something else %s"))
    assert repeats.filter(record(1.0, name="faust"))
    assert all(repeats.filter(record(1.0, name="campaign_pulse")) for _ in range(9))


def test_a_message_that_holds_its_numbers_is_of_one_kind() -> None:
    """Faust warns once a record when a rebalance falls into a recovery, each time with another offset in the text."""
    repeats = RepeatFilter()
    texts = [f"recovery unknown topic TP(partition={number % 4}) offset {number}" for number in range(400)]
    assert sum(repeats.filter(record(1.0, text, "faust.tables.recovery")) for text in texts) == 3
