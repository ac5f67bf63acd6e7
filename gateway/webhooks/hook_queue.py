"""What waits for one receiver, in the order in which it is tried: new messages as they were made, others when due."""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable

from gateway.webhooks.outbox import Waiting


class HookQueue:
    """New messages and those that have failed, apart: what fails for hours holds up nothing that is new.

    Args:
        waiting: what waits already, the oldest first.
    """

    def __init__(self, waiting: Iterable[tuple[str, Waiting]] = ()) -> None:
        self._new: deque[str] = deque()
        self._again: list[tuple[int, str]] = []
        self.paused_until_ms = 0
        """The receiver has asked for nothing until then; epoch milliseconds."""
        self.came = {True: asyncio.Event(), False: asyncio.Event()}
        """Set when there may be something to do, for new messages (True) and for others."""
        for message_id, message in waiting:
            self.add(message_id, message)

    def add(self, message_id: str, message: Waiting) -> None:
        """Have a message tried."""
        if message.attempts == 0:
            self._new.append(message_id)
        else:
            heapq.heappush(self._again, (message.next_ms, message_id))
        self.wake()

    def wake(self) -> None:
        """Have both looked at again."""
        for event in self.came.values():
            event.set()

    def take(self, now_ms: int, *, new: bool) -> str | None:
        """Return the next message that is due, and forget it; None when there is none."""
        if now_ms < self.paused_until_ms:
            return None
        if new:
            return self._new.popleft() if self._new else None
        if self._again and self._again[0][0] <= now_ms:
            return heapq.heappop(self._again)[1]
        return None

    def seconds_until_due(self, now_ms: int, *, new: bool, most: float) -> float:
        """Return for how long nothing is due, at most ``most``."""
        due_ms = [now_ms] if new and self._new else [self._again[0][0]] if not new and self._again else []
        at_ms = max([self.paused_until_ms, *due_ms]) if due_ms else now_ms + most * 1_000
        return min(most, max(0.0, (at_ms - now_ms) / 1_000))
