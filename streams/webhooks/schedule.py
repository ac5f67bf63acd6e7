"""When a message that was not taken is tried again: pauses that grow over days, and what the receiver asked for."""

from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from models.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, epoch_ms

PAUSES_MS: Final = (
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
)
"""After each failure, as Standard Webhooks recommends: 75 hours in all."""
LONGEST_MS: Final = 4 * DAY_MS
"""From when a message was made: what waits longer, because its receiver is off, is given up."""
_LONGEST_ASKED_MS: Final = DAY_MS
_JITTER: Final = 0.2
_MOST_PAUSES: Final = 50


def parse_pauses(text: str) -> tuple[int, ...]:
    """Read seconds between blanks, such as ``5 300 1800``; return milliseconds.

    Raises:
        ValueError: one is no number of seconds above 0 and up to a day, or there are none, or too many.
    """
    try:
        seconds = [float(each) for each in text.split()]
    except ValueError:
        raise ValueError("expected seconds, separated by blanks") from None
    if not 1 <= len(seconds) <= _MOST_PAUSES or not all(0 < each <= DAY_MS / SECOND_MS for each in seconds):
        raise ValueError(f"expected 1 to {_MOST_PAUSES} pauses, each above 0 and at most 86400 seconds")
    return tuple(max(1, round(each * SECOND_MS)) for each in seconds)


def next_attempt_ms(
    attempts: int, now_ms: int, chance: float, asked_ms: int | None, pauses_ms: Sequence[int] = PAUSES_MS
) -> int | None:
    """Return when a message is tried again, epoch milliseconds; None when it is given up.

    Args:
        attempts: that have failed.
        now_ms: the clock.
        chance: in 0..1: pauses are stretched or shortened by up to a fifth, so that not all come back at once.
        asked_ms: from when on the receiver wants more, or None.
        pauses_ms: after the first failure, the second, and so on.
    """
    if attempts > len(pauses_ms):
        return None
    pause_ms = round(pauses_ms[attempts - 1] * (1 - _JITTER + 2 * _JITTER * chance))
    return max(now_ms + pause_ms, asked_ms or 0)


def asked_to_wait_until_ms(retry_after: str, now_ms: int) -> int | None:
    """Return from when on a ``Retry-After`` (seconds or an HTTP date) wants more, a day ahead at most; None if none."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        until_ms = now_ms + min(int(text[:12]), DAY_MS // SECOND_MS) * SECOND_MS
    else:
        try:
            moment = parsedate_to_datetime(text)
            until_ms = epoch_ms(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
        except (ValueError, TypeError, OverflowError):
            return None
    return min(until_ms, now_ms + _LONGEST_ASKED_MS) if until_ms > now_ms else None
