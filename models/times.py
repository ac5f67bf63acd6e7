"""Units of time, and moments as epoch milliseconds."""

from datetime import UTC, datetime
from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS: Final = 4_102_444_800_000
"""2100-01-01: no moment in a stored record lies behind it."""


def epoch_ms(time: datetime | int) -> int:
    """Return a moment as epoch milliseconds, cut to the millisecond: rounding could move an event into the next pane.

    Integers throughout: ``timestamp() * 1000`` falls short of some whole milliseconds (2038-07-12T21:47:31.127Z),
    and is coarser than 30 µs in the year 9999. Moments before 1970 are cut towards the past too.

    Args:
        time: a datetime with an offset, or epoch milliseconds, which pass as they are.

    Raises:
        TypeError: the datetime has no offset.
    """
    if isinstance(time, int):
        return time
    since = time - EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
