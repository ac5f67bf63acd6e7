"""One reader of Redis for a crowd: follows the stream of updates, makes what has changed once, hands it to channels."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from gateway.live.channel import RESET, RESET_FRAME, Channel, Frame, Reader, View, frame
from gateway.numbers.answers import StatusAnswer
from gateway.numbers.freshness import FreshnessWatch
from gateway.numbers.reader import NumbersError, NumbersReader
from gateway.numbers.views import BOARD_PLACES, Views
from models.times import MINUTE_MS

log: Final = logging.getLogger("campaign_pulse")
MOST_READERS: Final = 4_000
PULSE: Final = "pulse"
_BLOCK_MS: Final = 250
_BETWEEN_SECONDS: Final = 0.5
"""Least time between two values of a part: people read no faster, and a crowd is told no more often."""
_LOOK_SECONDS: Final = 1.0
_PULSE_SECONDS: Final = 5.0
_MINUTES_SECONDS: Final = 1.0
_KEPT_SECONDS: Final = 60.0
_SHOWN_MINUTES: Final = 60
_WINDOWS: Final = ("5m", "1h", "total")
_encode: Final = msgspec.json.Encoder().encode


class FullError(RuntimeError):
    """More readers than this gateway takes."""


class Hub:
    """Channels, and the task that fills them.

    Args:
        reader: reads Redis.
        views: makes answers.
        now_ms: the clock.
    """

    def __init__(self, reader: NumbersReader, views: Views, now_ms: Callable[[], int]) -> None:
        self._reader = reader
        self._views = views
        self._now_ms = now_ms
        self._instance = secrets.token_hex(4)
        self._number = 0
        self._channels: dict[View, Channel] = {}
        self._dirty: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._told = ""
        self.freshness = FreshnessWatch()
        self.is_ending = False
        self.has_failed = False
        """Whether following has ended by an error of ours: then nothing is known, and the gateway is not ready."""

    @property
    def readers(self) -> int:
        """How many streams are open."""
        return sum(len(channel.readers) for channel in self._channels.values())

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.has_failed = True
        self.freshness.away()
        last = self._pulse_frame()
        for channel in self._channels.values():
            for reader in channel.readers:
                reader.give(PULSE, last)
        log.error("gateway: the numbers are not followed any more", exc_info=error)

    async def stop(self) -> None:
        """End all streams, and what follows."""
        self.end_streams()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def end_streams(self) -> None:
        """Have all streams end: their readers come back, to another gateway."""
        self.is_ending = True
        for channel in self._channels.values():
            for reader in channel.readers:
                reader.end()

    async def subscribe(self, view: View, last_event_id: str) -> tuple[Channel, Reader]:
        """Return a reader that gets what it has not seen, and from then on what changes.

        Raises:
            FullError: there are too many.
            NumbersError: Redis cannot be read.
        """
        if self.readers >= MOST_READERS:
            raise FullError(f"{MOST_READERS:,} streams are open")
        channel = self._channels.get(view)
        if channel is None:
            channel = self._channels[view] = Channel(view, self._number)
        if not channel.frames:
            async with channel.filling:
                if not channel.frames:
                    await self._fill(channel, with_minutes=True)
        reader = Reader()
        seen = self._seen(last_event_id, channel)
        if last_event_id and seen is None:
            reader.give(RESET, RESET_FRAME)
        # In the order of their numbers: what a cut connection has brought is all up to its last id.
        for section, one in sorted(channel.frames.items(), key=lambda each: each[1].number):
            if seen is None or one.number > seen:
                reader.give(section, one)
        reader.give(PULSE, self._pulse_frame())
        channel.readers.add(reader)
        channel.empty_since = None
        if self.is_ending:
            reader.end()
        return channel, reader

    def unsubscribe(self, channel: Channel, reader: Reader) -> None:
        """Forget a reader."""
        channel.readers.discard(reader)
        if not channel.readers:
            channel.empty_since = time.monotonic()

    def _seen(self, last_event_id: str, channel: Channel) -> int | None:
        """Return up to which frame a reader has seen everything; None when that is not known here."""
        instance, _, number = last_event_id.rpartition("-")
        if instance != self._instance or not (number.isascii() and number.isdecimal() and len(number) < 16):
            return None
        return int(number) if channel.born <= int(number) <= self._number else None

    def _pulse_frame(self) -> Frame:
        content = _encode(StatusAnswer(freshness=self.freshness.now, at_ms=self._now_ms()))
        return frame(self._instance, self._number, PULSE, content)

    async def _run(self) -> None:
        position, looked, pulsed, minutes, pushed = "", 0.0, 0.0, 0.0, 0.0
        while True:
            try:
                if not position:
                    position = await self._reader.last_update()
                    self._dirty.update(view.campaign_id for view in self._channels)
                position, changed = await self._reader.updates_after(position, _BLOCK_MS)
                self._dirty |= changed
                now = time.monotonic()
                if now - looked >= _LOOK_SECONDS:
                    looked = now
                    was = self.freshness.now
                    self.freshness.heard(await self._reader.workers(), self._now_ms())
                    if (was.state, was.since_ms) != (self.freshness.now.state, self.freshness.now.since_ms):
                        pulsed = 0.0
                    if await self._reader.last_update() < position:
                        position = ""  # Redis was emptied: its numbers begin anew
                if now - pulsed >= _PULSE_SECONDS:
                    pulsed = now
                    await self._send_pulse()
                if now - pushed >= _BETWEEN_SECONDS:
                    with_minutes = now - minutes >= _MINUTES_SECONDS
                    minutes = now if with_minutes else minutes
                    pushed = now
                    dirty, self._dirty = self._dirty, set()
                    await self._push(dirty, with_minutes=with_minutes)
                self._told = ""
            except NumbersError as error:
                if str(error) != self._told:
                    self._told = str(error)
                    log.warning("gateway: %s", error)
                position = ""
                self.freshness.away()
                await self._send_pulse()
                await asyncio.sleep(_LOOK_SECONDS)

    async def _send_pulse(self) -> None:
        one = self._pulse_frame()
        for channel in list(self._channels.values()):
            await channel.tell([(PULSE, one)])

    async def _push(self, dirty: Iterable[str], *, with_minutes: bool) -> None:
        changed = set(dirty)
        for view, channel in list(self._channels.items()):
            if channel.empty_since is not None and time.monotonic() - channel.empty_since > _KEPT_SECONDS:
                del self._channels[view]
            elif view.campaign_id in changed or with_minutes:
                async with channel.filling:
                    await self._fill(channel, with_minutes=with_minutes)

    async def _fill(self, channel: Channel, *, with_minutes: bool) -> None:
        parts = []
        for section, value in await self._values(channel.view, with_minutes=with_minutes):
            content = _encode(value)
            if channel.is_new(section, content):
                self._number += 1
                one = frame(self._instance, self._number, section, content)
                channel.put(section, one)
                parts.append((section, one))
        await channel.tell(parts)

    async def _values(self, view: View, *, with_minutes: bool) -> list[tuple[str, Any]]:
        """Return the parts of a view."""
        key, campaign, own = view.key(), view.campaign_id, view.influencer_id
        found: list[tuple[str, Any]] = []
        if own is None:
            found.append(("campaign", await self._views.campaign(campaign, key, _WINDOWS)))
            found.append(("board", await self._views.board(campaign, "total", "engagements", BOARD_PLACES)))
        else:
            found.append(("influencer", await self._views.influencer(campaign, key, own, _WINDOWS)))
        if own is None and with_minutes and self._views.told_words is not None:
            found.append(("words", self._views.words(campaign)))
        found.append(("giveaway", await self._views.giveaway(campaign, key, own or "")))
        if with_minutes:
            found.append(("alerts", await self._views.alerts(campaign, key, own)))
            last_ms = self._now_ms() // MINUTE_MS * MINUTE_MS + MINUTE_MS
            first_ms = last_ms - _SHOWN_MINUTES * MINUTE_MS
            found.append(("minutes", await self._views.minutes(campaign, own, first_ms, last_ms)))
        return found
