"""Answers that are kept for a quarter of a second: made once, for those who see the same, and never an error."""

import asyncio

import pytest
from msgspec.structs import replace

from gateway.numbers.kept_answers import KEPT_SECONDS, KeptAnswers, Made
from gateway.numbers.reader import NumbersError
from models.read_keys import digest_of, key_with
from tests.unit.gateway.numbers_in_memory import ReadingGateway, key, stats

SPRING = "/v1/campaigns/spring"


class Kitchen:
    """Makes answers, one after the other, and counts them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.kept = KeptAnswers(lambda: self.now)
        self.made = 0
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.error: Exception | None = None

    async def make(self) -> Made:
        """The next answer."""
        self.made += 1
        number = self.made
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return Made(b"%d" % number, f'"{number}"')

    async def ask(self, question: str = "what") -> bytes:
        """The answer to a question."""
        return (await self.kept.get(question, self.make)).body


def test_an_answer_is_made_once_in_a_quarter_of_a_second() -> None:
    """The same bytes until then, anew afterwards; another question has its own."""

    async def run() -> None:
        kitchen = Kitchen()
        assert [await kitchen.ask(), await kitchen.ask(), await kitchen.ask("else")] == [b"1", b"1", b"2"]
        kitchen.now += KEPT_SECONDS - 0.001
        assert await kitchen.ask() == b"1"
        kitchen.now += 0.001
        assert await kitchen.ask() == b"3"

    asyncio.run(run())


def test_who_asks_meanwhile_waits_for_the_same() -> None:
    """One making for all; an asker who goes, the first one too, takes it from nobody."""

    async def run() -> None:
        kitchen = Kitchen()
        kitchen.may_end.clear()
        askers = [asyncio.create_task(kitchen.ask()) for _ in range(5)]
        await asyncio.sleep(0)
        askers[0].cancel()
        await asyncio.sleep(0)
        kitchen.may_end.set()
        found = await asyncio.gather(*askers, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert (found[1:], kitchen.made) == ([b"1"] * 4, 1)

    asyncio.run(run())


def test_an_error_is_told_and_not_kept() -> None:
    """To everybody who waited; the next asker has it tried again."""

    async def run() -> None:
        kitchen = Kitchen()
        kitchen.error = NumbersError("Redis cannot be read")
        found = await asyncio.gather(kitchen.ask(), kitchen.ask(), return_exceptions=True)
        assert [type(each) for each in found] == [NumbersError, NumbersError]
        assert kitchen.made == 1
        kitchen.error = None
        assert await kitchen.ask() == b"2"

    asyncio.run(run())


def test_so_many_questions_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks something else each time fills no memory."""
    monkeypatch.setattr("gateway.numbers.kept_answers._MOST", 3)

    async def run() -> None:
        kitchen = Kitchen()
        for number in range(10):
            await kitchen.ask(str(number))
        assert len(kitchen.kept._tasks) <= 3

    asyncio.run(run())


def test_keys_of_the_same_sight_share_and_no_others() -> None:
    """Two share links of one campaign get one answer; a key with money gets its own; one taken out gets none."""
    gateway = ReadingGateway()
    other = key_with("other", digest_of("pulse_r_other"), ["campaign:spring"])
    gateway.state.read_keys = (*gateway.state.read_keys, other)
    gateway.numbers.kept = KeptAnswers(lambda: 100.0)  # a clock that stands still: nothing is made anew
    first = gateway.read(SPRING)
    gateway.reader.whole = replace(gateway.reader.whole, windows={"total": stats(99, 1)})
    assert gateway.ask(f"{SPRING}?key=pulse_r_other").body == first.body
    assert gateway.read(SPRING, headers={"If-None-Match": first.headers["etag"]}).status == 304
    with_money = gateway.read(SPRING, "money")
    assert with_money.json["windows"]["total"]["comments"] == 99
    assert gateway.read(f"{SPRING}?window=total").json["windows"]["total"]["comments"] == 99
    assert gateway.read(SPRING, "autumn").status == 404
    gateway.state.read_keys = tuple(each for each in gateway.state.read_keys if each.name != "whole")
    assert gateway.read(SPRING).status == 401
    assert gateway.ask(SPRING, headers={"X-API-Key": key("ana")}).status == 403
