"""Voices of negative comments: sets of them, for each minute, whatever comes twice, late or after a restart."""

import numpy as np
import pytest

from models.times import MINUTE_MS
from streams.columns.arrays import I64, U64
from streams.statistics.voices import MINUTES, NegativeVoices
from tests.unit.events import NOON_MS

MINUTE = NOON_MS // MINUTE_MS


def said(voices: NegativeVoices, *hashes: int, row: int = 0, at_ms: int = NOON_MS) -> None:
    """Add voices of one row."""
    voices.advance(at_ms)
    count = len(hashes)
    voices.add(np.full(count, row), np.full(count, at_ms), np.array(hashes, dtype=np.uint64))


def copies(voices: NegativeVoices, *negative: int, minute: int = MINUTE) -> list[int]:
    """Return copies among so many negative comments of each row."""
    counts: I64 = np.array(negative)
    return [int(each) for each in voices.copies(minute, counts)]


def test_forty_of_one_voice_are_thirty_nine_copies() -> None:
    """And of three voices thirty-seven; rows and minutes do not mix; 0 is nobody's voice."""
    voices = NegativeVoices()
    said(voices, *[77] * 40, 0)
    said(voices, *[77] * 38, 78, 79, row=2)
    said(voices, 5, at_ms=NOON_MS + MINUTE_MS)
    assert copies(voices, 40, 0, 40) == [39, 0, 37]
    assert copies(voices, 1, minute=MINUTE + 1) == [0]
    assert copies(voices, 9, minute=MINUTE + 2) == [0]


@pytest.mark.parametrize(("people", "error"), [(12, 2), (60, 7), (120, 16)])
def test_people_with_their_own_words_are_hardly_taken_for_copies(people: int, error: int) -> None:
    """Within three standard errors of linear counting with 256 bits, over fifty draws."""
    random = np.random.default_rng(5)
    for _ in range(50):
        voices = NegativeVoices()
        hashes: U64 = random.integers(1, 1 << 63, people, dtype=np.uint64)
        said(voices, *hashes.tolist())
        assert copies(voices, people)[0] <= error


def test_thousands_fill_the_bitmap_and_are_no_copies() -> None:
    """A full bitmap cannot say how many they are, so nothing is taken away."""
    voices = NegativeVoices()
    said(voices, *range(1, 5_000))
    assert copies(voices, 5_000) == [0]


def test_order_repetition_and_a_restart_change_nothing() -> None:
    """What was stored half-way and went on with everything again, backwards, is what one run had."""
    random = np.random.default_rng(6)
    log = [(int(random.integers(0, 90)), int(random.integers(1, 40)), int(random.integers(0, 3))) for _ in range(400)]
    whole = NegativeVoices()
    for minute, voice, row in log:
        whole.advance(NOON_MS + 90 * MINUTE_MS)
        said(whole, voice, row=row, at_ms=NOON_MS + minute * MINUTE_MS)
    half = NegativeVoices()
    for minute, voice, row in sorted(log)[:200]:
        said(half, voice, row=row, at_ms=NOON_MS + minute * MINUTE_MS)
    stored_ms = NOON_MS + sorted(log)[199][0] * MINUTE_MS
    back = NegativeVoices()
    back.advance(NOON_MS + 90 * MINUTE_MS)
    for row in range(3):
        back.restore(row, stored_ms, half.stored(row, stored_ms))
    for minute, voice, row in reversed(log):
        said(back, voice, row=row, at_ms=NOON_MS + minute * MINUTE_MS)
    for minute in range(91):
        assert copies(back, 50, 50, 50, minute=MINUTE + minute) == copies(whole, 50, 50, 50, minute=MINUTE + minute)


def test_an_hour_is_kept_and_no_more() -> None:
    """Of a minute that has left the panes nothing is held, and nothing is taken into it."""
    voices = NegativeVoices()
    said(voices, 1, 2)
    voices.advance(NOON_MS + (MINUTES - 1) * MINUTE_MS)
    assert copies(voices, 5) == [3]
    voices.advance(NOON_MS + MINUTES * MINUTE_MS)
    said(voices, 1)
    assert copies(voices, 5) == [0]
    assert not voices.stored(0, NOON_MS + MINUTES * MINUTE_MS).size
