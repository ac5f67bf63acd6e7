"""What stands beside a draw's records when it is published: who of the winners agreed to be named, and who is listed.

``people.json`` answers "am I in the list?" without the list: it has a keyed hash of each handle, and is never handed
out. Whoever has the file can try handles out, as with ``secret.key``: it is kept as that is.
"""

import hashlib
import hmac
from typing import Final

from msgspec import Struct

WINNERS_FILE: Final = "winners.json"
PEOPLE_FILE: Final = "people.json"


class AgreedWinner(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A winner who agreed to be named: the place from 1, and the name to show."""

    place: int
    name: str


class ListedPeople(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entrants by the mark of a handle; several where a handle was had on several platforms.

    ``salt`` keys the marks. It is made anew each time, so that files cannot be compared with each other.
    """

    salt: str
    entrants: dict[str, tuple[str, ...]]


def mark_of(salt: str, handle: str) -> str:
    """Return the mark of a handle, folded as handles compare and without its @."""
    return hmac.new(salt.encode(), handle.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]
