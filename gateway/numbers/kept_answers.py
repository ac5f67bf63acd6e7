"""Answers that were just made, for everybody who asks the same and sees the same: a crowd costs one asker's work.

Made anew for each of 500 requests a second, beside 2,000 streams, answers took most of a core (61 of 72 % of one, with
what Redis and HTTP take; ``python -m bench --only readers``).
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from typing import Final

from msgspec import Struct

KEPT_SECONDS: Final = 0.25
"""What is answered is older by this much at most. Caches are told that they may keep it for a second."""
_MOST: Final = 1_000


class Made(Struct, frozen=True):
    """An answer's bytes and their validator."""

    body: bytes
    etag: str


class KeptAnswers:
    """Answers of one quarter of a second; all go when it is over.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = float("-inf")
        self._tasks: dict[Hashable, asyncio.Task[Made]] = {}

    async def get(self, question: Hashable, make: Callable[[], Coroutine[None, None, Made]]) -> Made:
        """Return the answer to a question, which is made by the first who asks it.

        Whoever asks while it is being made waits for the same. What ends in an error is not kept.

        Args:
            question: what is asked, and all that the answer goes by of who asks.
            make: makes the answer.
        """
        now = self._clock()
        if now >= self._until or len(self._tasks) >= _MOST:
            self._until = now + KEPT_SECONDS
            self._tasks = {}
        task = self._tasks.get(question)
        if task is None:
            tasks = self._tasks
            task = tasks[question] = asyncio.create_task(make())

            def drop_failed(ended: "asyncio.Task[Made]") -> None:
                if ended.cancelled() or ended.exception() is not None:
                    tasks.pop(question, None)

            task.add_done_callback(drop_failed)
        # One asker who is gone takes the answer from nobody.
        return await asyncio.shield(task)
