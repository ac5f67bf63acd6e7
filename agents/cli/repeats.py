"""Keeps the log readable while a library says the same again and again: a broker is away, a topic is gone."""

import logging
import re
from typing import Final

OWN: Final = "campaign_pulse"
TOLD: Final = 3
"""How often one kind of message is told within ``STRETCH_SECONDS``."""
STRETCH_SECONDS: Final = 60.0
_NUMBER: Final = re.compile(r"\d+")


class RepeatFilter(logging.Filter):
    """Lets through the first few messages of a kind in each minute, and says then how many were left out.

    Of a kind are messages of one logger with the same text before its arguments, whatever numbers stand in it: Faust
    puts offsets into some. Our own are all told.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a message is told."""
        if record.name == OWN:
            return True
        kind = (record.name, _NUMBER.sub("0", str(record.msg)))
        since, count = self._kinds.get(kind, (record.created, 0))
        left_out = 0
        if record.created - since >= STRETCH_SECONDS:
            left_out, since, count = max(0, count - TOLD), record.created, 0
        self._kinds[kind] = (since, count + 1)
        if left_out:
            record.msg = f"{record.msg} ({left_out} like it were left out)"
        return count < TOLD
