"""Marks of ``campaign-pulse dead-letters redrive``, written between the dead letters themselves.

They are what makes a redrive happen once: before letters are sent again a mark names them and where the input topics
ended, afterwards another one names them as done. Who finds the first without the second reads the input topics from
there on and knows which of the letters arrived. They stand in the topic of the dead letters so that a mark outlives its
letters, and goes with them when the topic is made anew.
"""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from models.deadletters import Headers

MARK_HEADER: Final = "pulse.redrive"

Stage = Literal["begun", "done", "withdrawn"]


class RedriveMark(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mark: which run of the command, which dead letters, and how far it is with them.

    ``identities`` are ``DeadLetter.identity`` in hexadecimal; ``ends`` says where each ``topic/partition`` ended before
    anything was sent, with the stage ``begun``. A run that finds that another one was first withdraws.
    """

    stage: Stage
    run: str
    identities: list[str]
    ends: dict[str, int] = {}

    def headers(self) -> list[tuple[str, bytes | None]]:
        """Return the Kafka headers by which a mark is told from a dead letter."""
        return [(MARK_HEADER, self.stage.encode())]

    def encode(self) -> bytes:
        """Return the record's value; its key is null."""
        return msgspec.json.encode(self)


def is_mark(headers: Headers) -> bool:
    """Return whether a record of the dead letters' topic is a mark."""
    return any(name == MARK_HEADER for name, _ in headers) and not any(name == "pulse.reason" for name, _ in headers)


def decode_mark(value: bytes | None) -> RedriveMark:
    """Return the mark in a record's value.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return msgspec.json.decode(value or b"", type=RedriveMark)
