"""The log of draws: places, gaps, forks and reasons, whatever is taken out of it or put into it."""

import hashlib
import random

import msgspec
import pytest

from models.draws import LogEntry, LogPlace, Step
from streams.giveaway.draw_log import (
    DrawLogError,
    log_differences,
    log_of,
    next_place,
    read_entries,
    record_differences,
)


def sha256(text: str) -> str:
    """A record's hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def entry(number: int, step: Step, attempt: int, previous: str | None, reason: str | None = None) -> LogEntry:
    """A step; its record is named by its number and kind."""
    place = LogPlace(number=number, attempt=attempt, previous=previous, reason=reason)
    record = sha256(f"{number} {step} {reason}")
    return LogEntry(
        campaign_id="c", step=step, place=place, at=f"2026-04-18T20:0{number}:00Z", sha256=record, frozen=sha256("list")
    )


def whole() -> list[LogEntry]:
    """Freeze 1, draw 1, freeze 2 (why), draw 2 (why), an exclusion (why)."""
    kinds: list[tuple[Step, int, str | None]] = [
        ("freeze", 1, None),
        ("draw", 1, None),
        ("freeze", 2, "staff in the list"),
        ("draw", 2, "of the new list"),
        ("exclusion", 1, "not of age"),
    ]
    found: list[LogEntry] = []
    for number, (step, attempt, reason) in enumerate(kinds, start=1):
        found.append(entry(number, step, attempt, found[-1].sha256 if found else None, reason))
    return found


def test_a_whole_log_has_no_differences() -> None:
    """Every step follows from the one before, and reads back as it was written."""
    entries = read_entries(msgspec.json.encode(whole()))
    log = log_of(entries)
    assert (log.steps, log.forks, log.torn) == (whole(), [], [])
    assert log_differences(log, "c") == []
    assert [record_differences(log, each) for each in entries] == [[]] * 5
    assert log_differences(log, "d") == [f"log: step {n} is of campaign 'c'" for n in range(1, 6)]


@pytest.mark.parametrize("gone", range(4))
def test_a_step_that_is_missing_is_found(gone: int) -> None:
    """Whichever step but the last was taken out: what follows from it is torn, and nothing can be put behind."""
    entries = whole()
    del entries[gone]
    log = log_of(entries)
    assert [each.place.number for each in log.torn] == list(range(gone + 2, 6))
    assert len(log_differences(log, "c")) == 4 - gone
    with pytest.raises(DrawLogError, match="has a gap"):
        next_place(log, "draw", "why not")
    assert record_differences(log, whole()[4]) == [
        f"log: exclusion 1 of 2026-04-18T20:05:00Z (not of age) is step 5, the log has {gone}"
    ]


def test_a_last_step_that_is_missing_shows_at_its_record_alone() -> None:
    """A log that ends early is whole by itself: the record that it does not have says so."""
    log = log_of(whole()[:4])
    assert log_differences(log, "c") == []
    [found] = record_differences(log, whole()[4])
    assert found.endswith("is step 5, the log has 4")


def test_whoever_was_slower_is_a_fork() -> None:
    """Two steps behind one: the first in the log holds, and those after it go on."""
    entries = whole()
    late = entry(2, "draw", 1, entries[0].sha256, "as well")
    log = log_of([*entries[:2], late, *entries[2:]])
    assert (log.steps, log.forks, log.torn) == (entries, [late], [])
    assert "log: step 2 is draw 1" in record_differences(log, late)[0]


def test_steps_in_any_other_order_are_no_whole_log() -> None:
    """Of all orders that a seed gives, only the right one has all five steps."""
    chance = random.Random(5)
    for _ in range(200):
        entries = whole()
        chance.shuffle(entries)
        assert (len(log_of(entries).steps) == 5) == (entries == whole())


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ({"attempt": 3}, "step 4 says draw 3, it is 2"),
        ({"reason": None}, "draw 2 of 2026-04-18T20:04:00Z has no reason"),
    ],
)
def test_a_place_that_is_wrong_is_found(place: dict[str, object], problem: str) -> None:
    """Another number of attempts, or a second draw without a reason."""
    entries = whole()
    entries[3] = msgspec.structs.replace(entries[3], place=msgspec.structs.replace(entries[3].place, **place))
    assert any(problem in each for each in log_differences(log_of(entries), "c"))


def test_the_next_place() -> None:
    """Numbers go on, attempts count by kind, and a reason is wanted from the second on and of every exclusion."""
    assert next_place(log_of([]), "freeze", None) == LogPlace(number=1, attempt=1)
    log = log_of(whole())
    last = whole()[4].sha256
    assert next_place(log, "draw", " again ") == LogPlace(number=6, attempt=3, previous=last, reason="again")
    assert next_place(log, "exclusion", "x").attempt == 2
    for step in ("draw", "freeze"):
        with pytest.raises(DrawLogError, match=f"this is {step} 3 of the campaign: {step} 2 of"):
            next_place(log, step, " ")  # type: ignore[arg-type]
    with pytest.raises(DrawLogError, match="needs its reason"):
        next_place(log_of([]), "exclusion", None)
    with pytest.raises(DrawLogError, match="one line"):
        next_place(log_of([]), "freeze", "a\nb")


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b'[{"step": "draw"}]', b"\xff", b"[" * 100_000])
def test_what_is_no_log_is_refused(text: bytes) -> None:
    """Another document, half a step, bytes that are no text, nesting without end."""
    with pytest.raises(DrawLogError):
        read_entries(text)
