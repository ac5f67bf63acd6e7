"""Streams of numbers: absolute values, resuming, fresh or stopped, one making for a crowd, slow readers let go."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import Message

from gateway.bounded_http import PIPE
from gateway.live.channel import Channel, Reader, View, frame
from gateway.live.event_stream import EventStream
from gateway.live.hub import FullError, Hub
from gateway.numbers.freshness import SILENT_MS, FreshnessWatch
from gateway.numbers.reader import NumbersError
from tests.unit.gateway.numbers_in_memory import NOW_MS, ReaderInMemory, ReadingGateway, key, stats

WHOLE = View("spring", None, False, False, False)
ANA = View("spring", "ana", False, False, False)


def events(data: bytes) -> list[tuple[str, str, Any]]:
    """Id, name and content of each event."""
    found = []
    for part in data.decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.split("\n"))
        if "event" in fields:
            found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return found


def numbers(data: bytes) -> list[int]:
    """The numbers in the ids."""
    return [int(place.rpartition("-")[2]) for place, _, _ in events(data) if place]


def names(data: bytes) -> list[str]:
    """Names of the events."""
    return [name for _, name, _ in events(data)]


class Rig:
    """A hub over a read model in memory, moved on by hand."""

    def __init__(self) -> None:
        self.gateway = gateway = ReadingGateway()
        self.reader: ReaderInMemory = gateway.reader
        self.hub: Hub = gateway.numbers.hub
        self.made = 0
        campaign = self.reader.campaign

        async def counted(campaign_id: str) -> Any:
            self.made += 1
            return await campaign(campaign_id)

        self.reader.campaign = counted  # type: ignore[method-assign]  # counts how often Redis is asked

    def change(self, comments: int) -> None:
        """More comments."""
        whole = self.reader.whole
        fields = {name: getattr(whole, name) for name in whole.__struct_fields__}
        self.reader.whole = type(whole)(**fields | {"windows": {"total": stats(comments, 1)}})

    async def push(self, *, with_minutes: bool = False) -> None:
        """What the hub does when the stream of updates names the campaign."""
        await self.hub._push({"spring"}, with_minutes=with_minutes)


def test_a_reader_gets_everything_and_then_what_changes() -> None:
    """All parts at first; afterwards those alone whose value is another one."""

    async def run() -> None:
        rig = Rig()
        _, reader = await rig.hub.subscribe(WHOLE, "")
        first = await reader.wait()
        assert names(first) == ["campaign", "board", "giveaway", "alerts", "minutes", "pulse"]
        rig.change(99)
        await rig.push()
        ((_, name, told),) = events(await reader.wait())
        assert (name, told["windows"]["total"]["comments"]) == ("campaign", 99)

    asyncio.run(run())


def test_a_creator_is_streamed_their_own_share() -> None:
    """Nothing of the campaign as a whole, nothing of others."""

    async def run() -> None:
        _, reader = await Rig().hub.subscribe(ANA, "")
        first = await reader.wait()
        assert names(first) == ["influencer", "giveaway", "alerts", "minutes", "pulse"]
        assert b"script" not in first
        assert b"1234" not in first
        assert b"what somebody wrote" not in first

    asyncio.run(run())


def test_who_comes_back_gets_what_changed_since() -> None:
    """By the id of the last event; what is not known any more begins with `reset`, then everything."""

    async def run() -> None:
        rig = Rig()
        channel, reader = await rig.hub.subscribe(WHOLE, "")
        last = events(await reader.wait())[-1][0]
        rig.hub.unsubscribe(channel, reader)
        _, again = await rig.hub.subscribe(WHOLE, last)
        assert names(await again.wait()) == ["pulse"]
        rig.change(99)
        await rig.push()
        _, later = await rig.hub.subscribe(WHOLE, last)
        assert names(await later.wait()) == ["campaign", "pulse"]
        for old in ("0a1b2c3d-5", "x", f"{last}9999", "1776-0", "-", f"{last}\u0661"):
            _, lost = await rig.hub.subscribe(WHOLE, old)
            data = await lost.wait()
            # A connection may be cut between any two events: whoever has an id has everything up to it.
            assert numbers(data) == sorted(numbers(data))
            found = names(data)
            assert found[0] == "reset"
            assert sorted(found[1:]) == ["alerts", "board", "campaign", "giveaway", "minutes", "pulse"]

    asyncio.run(run())


def test_a_crowd_costs_one_making() -> None:
    """A thousand readers of one view: the campaign is read once a change, and all get the same bytes."""

    async def run() -> None:
        rig = Rig()
        readers = [(await rig.hub.subscribe(WHOLE, ""))[1] for _ in range(1_000)]
        assert rig.made == 1
        for each in readers:
            await each.wait()
        rig.change(99)
        await rig.push()
        assert rig.made == 2
        taken = [await each.wait() for each in readers]
        assert len(set(taken)) == 1
        assert names(taken[0]) == ["campaign"]

    asyncio.run(run())


def test_who_reads_slowly_gets_the_newest_only() -> None:
    """A hundred changes while nobody looks are one value: what waits is never more than one of each part."""

    async def run() -> None:
        rig = Rig()
        _, reader = await rig.hub.subscribe(WHOLE, "")
        await reader.wait()
        for comments in range(100, 200):
            rig.change(comments)
            await rig.push()
        ((_, _, told),) = events(await reader.wait())
        assert told["windows"]["total"]["comments"] == 199

    asyncio.run(run())


def test_too_many_readers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway stays alive for those that are there."""
    monkeypatch.setattr("gateway.live.hub.MOST_READERS", 1)

    async def run() -> None:
        rig = Rig()
        await rig.hub.subscribe(WHOLE, "")
        with pytest.raises(FullError):
            await rig.hub.subscribe(WHOLE, "")

    asyncio.run(run())


def heard(watch: FreshnessWatch, reader: ReaderInMemory, now_ms: int) -> tuple[str, int | None]:
    """State and moment after a look."""
    told = watch.heard(asyncio.run(reader.workers()), now_ms)
    return told.state, told.since_ms


def test_numbers_stop_when_the_last_worker_is_silent() -> None:
    """Not while one lives; then since when it was heard last, also after its hash is gone."""
    watch, reader = FreshnessWatch(), ReaderInMemory()
    assert heard(watch, reader, NOW_MS) == ("live", None)
    reader.ages = [0, 29_000]
    assert heard(watch, reader, NOW_MS) == ("live", None)
    reader.ages = [SILENT_MS + 1]
    assert heard(watch, reader, NOW_MS + 5_000) == ("stopped", NOW_MS + 5_000 - SILENT_MS - 1)
    reader.ages = []
    assert heard(watch, reader, NOW_MS + 60_000) == ("stopped", NOW_MS + 5_000 - SILENT_MS - 1)
    reader.ages = [100]
    assert heard(watch, reader, NOW_MS + 61_000) == ("live", None)
    assert watch.away().state == "unknown"
    assert FreshnessWatch().heard([], NOW_MS).since_ms is None


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop go on until something holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


def test_a_reader_that_takes_nothing_is_let_go() -> None:
    """Its connection ends and its place is free."""

    async def run() -> None:
        rig = Rig()
        channel, reader = await rig.hub.subscribe(WHOLE, "")

        async def stuck(message: Message) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        async def silent() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        stream = EventStream(rig.hub, channel, reader, lambda: True, patience_seconds=0.01)
        await asyncio.wait_for(stream({"type": "http"}, silent, stuck), 5)
        assert rig.hub.readers == 0

    asyncio.run(run())


async def _streamed(
    rig: Rig, is_allowed: Callable[[], bool], then: Callable[[Reader, list[Message]], Awaitable[None]]
) -> list[Message]:
    channel, reader = await rig.hub.subscribe(WHOLE, "")
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(EventStream(rig.hub, channel, reader, is_allowed)({"type": "http"}, silent, send))
    await then(reader, sent)
    await asyncio.wait_for(task, 5)
    return sent


class _Pipe:
    """A connection that takes chunks, or does not."""

    def __init__(self, sent: list[bytes]) -> None:
        self.sent = sent
        self.takes = True

    def write(self, chunk: bytes) -> bool:
        if self.takes:
            self.sent.append(chunk)
        return self.takes


def test_what_is_sent_at_once_overtakes_nothing() -> None:
    """Everybody gets the same chunk; a connection that takes none gets what waited first, and its newest value."""

    async def run() -> None:
        rig = Rig()
        channel, reader = await rig.hub.subscribe(WHOLE, "")
        sent: list[bytes] = []
        pipe = _Pipe(sent)
        may_send = asyncio.Event()
        may_send.set()

        async def send(message: Message) -> None:
            await may_send.wait()
            sent.append(message.get("body", b""))

        async def silent() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        scope = {"type": "http", PIPE: lambda: pipe}
        stream = asyncio.create_task(EventStream(rig.hub, channel, reader, lambda: True)(scope, silent, send))
        await until(lambda: len(sent) == 3)
        rig.change(50)
        await rig.push()
        data = channel.frames["campaign"].wire
        assert sent[3:] == [b"%x\r\n" % len(data) + data + b"\r\n"]
        # The connection is full: two values wait, of which the newest is sent once it takes more.
        pipe.takes = False
        may_send.clear()
        for comments in (51, 52):
            rig.change(comments)
            await rig.push()
        await until(lambda: reader._waiting == {})
        pipe.takes = True
        rig.change(53)
        await rig.push()  # 52 is on its way and comes first
        may_send.set()
        await until(lambda: len(sent) == 6)
        told = [events(each)[0][2]["windows"]["total"]["comments"] for each in sent[4:]]
        assert told == [52, 53]
        rig.hub.end_streams()
        await asyncio.wait_for(stream, 5)
        assert reader.write is None

    asyncio.run(run())


def test_streams_end_with_the_gateway_and_with_the_key() -> None:
    """At the end of a gateway readers are told to come back soon; to a key that has ended nothing more is sent."""

    async def run() -> None:
        rig = Rig()

        async def end(_: Reader, sent: list[Message]) -> None:
            await until(lambda: len(sent) >= 3)
            rig.hub.end_streams()

        sent = await _streamed(rig, lambda: True, end)
        assert sent[0]["headers"][0] == (b"content-type", b"text/event-stream; charset=utf-8")
        assert sent[-1] == {"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": False}
        other, allowed = Rig(), [True]

        async def revoke(reader: Reader, sent: list[Message]) -> None:
            await until(lambda: len(sent) >= 3)
            allowed[0] = False
            reader.give("campaign", frame("i", 1, "campaign", b'"later"'))

        sent = await _streamed(other, lambda: allowed[0], revoke)
        assert not any(b"later" in message.get("body", b"") for message in sent)

    asyncio.run(run())


def test_a_stream_needs_a_key_that_sees_it() -> None:
    """As every other route; a creator gets their own."""
    gateway = ReadingGateway()
    gateway.numbers.hub.is_ending = True  # each stream ends after its first values
    path = "/v1/campaigns/spring/stream"
    assert [gateway.read(path, name).status for name in ("guessed", "ended", "autumn")] == [401, 401, 404]
    assert gateway.read(f"{path}?influencer=bob", "ana").status == 404
    assert names(gateway.ask(f"{path}?key={key('ana')}").body)[0] == "influencer"
    whole = gateway.read(path)
    assert (whole.status, names(whole.body)[0], whole.headers["cache-control"]) == (200, "campaign", "no-store")


def test_following_that_fails_is_no_secret() -> None:
    """An error of ours ends the following: readers are told that nothing is known, and the gateway is not ready."""

    async def run() -> None:
        rig = Rig()
        _, reader = await rig.hub.subscribe(WHOLE, "")
        await reader.wait()

        async def last_update() -> str:
            raise LookupError("a mistake of ours")

        rig.reader.last_update = last_update  # type: ignore[method-assign]  # a mistake
        rig.gateway.state.is_defined = True
        assert rig.gateway.state.why_not_ready() == ""
        rig.hub.start()
        told = events(await asyncio.wait_for(reader.wait(), 5))
        assert [each["freshness"]["state"] for _, name, each in told if name == "pulse"] == ["unknown"]
        assert "not followed" in rig.gateway.state.why_not_ready()
        await rig.hub.stop()

    asyncio.run(run())


def test_a_question_by_head_opens_no_stream() -> None:
    """Its answer has no body, so that it would never end."""
    gateway = ReadingGateway()
    answer = gateway.ask("/v1/campaigns/spring/stream", headers={"X-API-Key": key("whole")}, method="HEAD")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert gateway.numbers.hub.readers == 0


def test_redis_away_is_told_and_survived() -> None:
    """Readers are told that nothing is known, and get everything again when it is back."""

    async def run() -> None:
        rig = Rig()
        _, reader = await rig.hub.subscribe(WHOLE, "")
        await reader.wait()
        looks = 0

        async def last_update() -> str:
            nonlocal looks
            looks += 1
            if looks == 1:
                raise NumbersError("Redis cannot be read: it is away")
            return "5-0"

        async def updates_after(position: str, block_ms: int) -> tuple[str, set[str]]:
            await asyncio.sleep(0)
            return position, set()

        rig.reader.last_update = last_update  # type: ignore[method-assign]  # Redis as it fails
        rig.reader.updates_after = updates_after  # type: ignore[method-assign]  # the same
        rig.hub.start()
        try:
            told = await asyncio.wait_for(reader.wait(), 5)
            assert [each["freshness"]["state"] for _, name, each in events(told) if name == "pulse"] == ["unknown"]
            rig.change(77)
            found: list[str] = []
            while "campaign" not in found or "pulse" not in found:
                found += names(await asyncio.wait_for(reader.wait(), 10))
            assert rig.hub.freshness.now.state == "live"
        finally:
            await rig.hub.stop()

    asyncio.run(run())


def test_a_frame_is_one_event() -> None:
    """Id, name, one line of data, an empty line."""
    one = frame("ab12", 7, "board", b'{"a":"b"}')
    assert one.wire == b'id: ab12-7\nevent: board\ndata: {"a":"b"}\n\n'
    channel = Channel(WHOLE, 0)
    channel.put("board", one)
    assert not channel.is_new("board", b'{"a":"b"}')
    assert channel.is_new("board", b'{"a":"c"}')
