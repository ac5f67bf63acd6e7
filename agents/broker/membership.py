"""Whether the group still counts a worker in, by a clock that runs on while the process or machine is suspended."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from agents.broker.record_collector import DELIVERY_SECONDS

_LOOK_SECONDS: Final = 0.05


class FencedOut(Exception):  # noqa: N818  # what happened to the worker, not a fault of its code
    """The group has gone on without this worker; what it holds is not its own any more."""


def suspended_clock() -> float:
    """Return seconds of a clock that never goes back and runs on while the machine sleeps, where there is one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Membership:
    """Whether the broker still counts this worker as the owner of its partitions.

    Written by the consumer's thread, read by the worker's: single attributes, so no lock.

    Args:
        session_seconds: how long the broker waits for a heartbeat.
        clock: seconds, see ``suspended_clock``.
        on_error: called in the consumer's thread with each error that the coordinator does not get over by itself.
    """

    def __init__(
        self,
        session_seconds: float,
        clock: Callable[[], float] = suspended_clock,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._session_seconds = session_seconds
        self._on_error = on_error
        self._clock = clock
        self._confirmed_at: float | None = None
        self._joined = False

    def watch(self, coordinator: Any) -> None:
        """Follow aiokafka's group coordinator: its joins, its heartbeats and the broker's refusals."""
        heartbeat, rejoin, reset, push = (
            coordinator._do_heartbeat,
            coordinator._do_rejoin_group,
            coordinator.reset_generation,
            coordinator._push_error_to_user,
        )

        async def do_heartbeat() -> bool:
            sent_at = self._clock()
            accepted: bool = await heartbeat()
            if accepted:
                self._confirmed_at = sent_at
            return accepted

        async def do_rejoin_group(subscription: Any) -> bool:
            joined: bool = await rejoin(subscription)
            if joined:
                self._confirmed_at, self._joined = self._clock(), True
            return joined

        def reset_generation() -> None:
            self.lose()
            reset()

        def push_error_to_user(error: BaseException) -> Any:
            # For whoever fetches next; a worker that was never assigned anything does not fetch.
            if self._on_error is not None:
                self._on_error(error)
            return push(error)

        coordinator._push_error_to_user = push_error_to_user
        coordinator._do_heartbeat = do_heartbeat
        coordinator._do_rejoin_group = do_rejoin_group
        coordinator.reset_generation = reset_generation

    def lose(self) -> None:
        """The broker does not know this member, or not in its generation."""
        self._joined = False

    @property
    def is_lost(self) -> bool:
        """Whether the broker has said that the group went on without this worker."""
        return not self._joined

    @property
    def is_valid(self) -> bool:
        """Whether no other worker can own the partitions: a heartbeat was accepted within the last session."""
        confirmed_at = self._confirmed_at
        return self._joined and confirmed_at is not None and self._clock() - confirmed_at < self._session_seconds

    async def assure(self) -> None:
        """Return at once while the session holds; otherwise wait for the next heartbeat's answer.

        An accepted one means that the group never went on without this worker (the broker was away, not we). Looks are
        counted, not seconds: a worker that was stopped meanwhile must hear what the group says of it.

        Raises:
            FencedOut: the broker refused.
            TimeoutError: no broker answered within the time that a delivery may take.
        """
        looks = 0
        while not self.is_valid:
            if not self._joined:
                raise FencedOut("the group has gone on without this worker: it was silent for longer than its session")
            if looks * _LOOK_SECONDS >= DELIVERY_SECONDS:
                raise TimeoutError(f"no broker confirmed a heartbeat of this worker within {DELIVERY_SECONDS:g} s")
            looks += 1
            await asyncio.sleep(_LOOK_SECONDS)

    async def reconfirm(self) -> None:
        """Wait for the next heartbeat's answer, whatever the earlier ones were.

        Raises:
            FencedOut: the broker refused.
        """
        self._confirmed_at = None
        await self.assure()
