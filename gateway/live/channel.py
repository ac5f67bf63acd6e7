"""What everybody who sees the same of a campaign is sent: each part encoded once, its newest value only."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from gateway.bounded_http import chunk_of
from models.read_keys import ReadKey

Section = str
_AT_A_TIME: Final = 50
"""Readers that are told before others of the loop have a turn: 1.5 ms, at 30 us for each, most of it the system's."""


class View(Struct, frozen=True):
    """What somebody sees: readers with the same view share a channel.

    ``influencer_id`` is None for the whole campaign.
    """

    campaign_id: str
    influencer_id: str | None
    money: bool
    names: bool
    admin: bool

    def key(self) -> ReadKey:
        """Return a key that sees exactly this."""
        return ReadKey(
            name="",
            digest="",
            campaigns=frozenset({self.campaign_id} if self.influencer_id is None else ()),
            creators=frozenset(() if self.influencer_id is None else {(self.campaign_id, self.influencer_id)}),
            money=self.money,
            names=self.names,
            admin=self.admin,
        )


class Frame(Struct, frozen=True):
    """A part as it goes over the wire: its place in the order of all frames, its content, and both as an SSE event."""

    number: int
    content: bytes
    wire: bytes


def frame(instance: str, number: int, section: Section, content: bytes) -> Frame:
    """Return an event of Server-Sent Events; JSON as encoded here has no line breaks."""
    wire = b"id: %s-%d\nevent: %s\ndata: %s\n\n" % (instance.encode(), number, section.encode(), content)
    return Frame(number, content, wire)


class Reader:
    """One stream's place: which parts it has not been sent. Never more than one value of each."""

    def __init__(self) -> None:
        self._waiting: dict[Section, Frame] = {}
        self._came = asyncio.Event()
        self.is_ended = False
        self.write: Callable[[bytes], bool] | None = None
        """Sends a chunk at once, or returns False; None until the stream has begun."""

    def tell(self, parts: Sequence[tuple[Section, Frame]], chunk: bytes) -> None:
        """Send parts at once where the connection takes them, and have them sent otherwise.

        Args:
            parts: the parts.
            chunk: all of them, as they go over the wire.
        """
        if self._waiting or self.write is None or not self.write(chunk):
            for section, one in parts:
                self.give(section, one)

    def give(self, section: Section, one: Frame) -> None:
        """Have a part sent; an older value that waits is replaced."""
        self._waiting.pop(section, None)
        self._waiting[section] = one
        self._came.set()

    def end(self) -> None:
        """Have the stream end."""
        self.is_ended = True
        self._came.set()

    async def wait(self) -> bytes:
        """Wait until something is there, and return it as bytes; empty at the end."""
        await self._came.wait()
        self._came.clear()
        taken = b"".join(one.wire for one in self._waiting.values())
        self._waiting.clear()
        return taken


RESET: Final = "reset"
RESET_FRAME: Final = Frame(0, b"{}", b"event: reset\ndata: {}\n\n")
"""Has no id: it stands before what it announces, of which a cut connection may have brought nothing."""


class Channel:
    """The newest value of each part of a view, and who is told of new ones.

    Args:
        view: what is seen.
        born: number of the newest frame when the channel was made: what was sent before is not known here.
    """

    def __init__(self, view: View, born: int) -> None:
        self.view = view
        self.born = born
        self.frames: dict[Section, Frame] = {}
        self.readers: set[Reader] = set()
        self.empty_since: float | None = None
        self.filling = asyncio.Lock()
        """Held from reading values until everybody is told of them: no reader gets an older one after a newer one."""

    def put(self, section: Section, one: Frame) -> None:
        """Take a new value, of which nobody is told yet."""
        self.frames[section] = one

    async def tell(self, parts: Sequence[tuple[Section, Frame]]) -> None:
        """Send parts to every reader that is there; the same bytes to all, who can take them gets them at once."""
        if not parts:
            return
        chunk = chunk_of(b"".join(one.wire for _, one in parts))
        # Who comes meanwhile begins with these parts.
        for place, reader in enumerate(list(self.readers), 1):
            reader.tell(parts, chunk)
            if place % _AT_A_TIME == 0:
                await asyncio.sleep(0)

    def is_new(self, section: Section, content: bytes) -> bool:
        """Whether a value differs from the one that was sent last."""
        last = self.frames.get(section)
        return last is None or last.content != content
