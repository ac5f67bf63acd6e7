"""What a coroutine takes by itself: others' turns, and waiting, are not its work."""

import asyncio

import pytest

from agents.worker.metering import Metered


class Processor:
    """Time that only work takes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def work(self, seconds: float) -> None:
        """Work."""
        self.seconds += seconds


def test_only_its_own_steps_count() -> None:
    """Another task works while it waits, and what it starts itself and awaits directly counts."""

    async def scenario() -> tuple[str, float]:
        processor = Processor()

        async def other() -> None:
            for _ in range(4):
                processor.work(100)
                await asyncio.sleep(0)

        async def part() -> None:
            processor.work(2)
            await asyncio.sleep(0)
            processor.work(3)

        async def whole() -> str:
            processor.work(1)
            await asyncio.sleep(0)
            await part()
            return "done"

        metered = Metered(whole(), lambda: processor.seconds)
        beside = asyncio.create_task(other())
        result = await metered
        await beside
        return result, metered.seconds

    assert asyncio.run(scenario()) == ("done", 6.0)


def test_errors_and_cancellation_pass_through() -> None:
    """As if it were awaited by itself: what it awaits may fail, it may fail, and it may be cancelled."""

    async def scenario() -> None:
        async def fails() -> None:
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 0.001)
            except TimeoutError:
                raise ValueError("as it should be") from None

        with pytest.raises(ValueError, match="as it should be"):
            await Metered(fails(), lambda: 0.0)

        seen: list[str] = []

        async def waits() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                seen.append("cancelled")

        async def awaits() -> None:
            await Metered(waits(), lambda: 0.0)

        task = asyncio.create_task(awaits())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert seen == ["cancelled"]

    asyncio.run(scenario())
