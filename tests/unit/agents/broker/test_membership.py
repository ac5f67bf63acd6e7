"""Whether a worker may still write: while its session holds at once, otherwise once the group has answered."""

import asyncio
from types import SimpleNamespace
from unittest import mock

import pytest

from agents.broker.membership import FencedOut, Membership
from agents.broker.record_collector import DELIVERY_SECONDS

SESSION_SECONDS = 6.0


class Group:
    """A coordinator whose heartbeats are accepted once the clock has passed ``back_at``; sleeping moves the clock."""

    def __init__(self, back_at: float) -> None:
        self.now = 0.0
        self._back_at = back_at
        self.membership = Membership(SESSION_SECONDS, lambda: self.now)
        self._coordinator = SimpleNamespace(
            _do_heartbeat=self._answer,
            _do_rejoin_group=self._join,
            reset_generation=lambda: None,
            _push_error_to_user=lambda _: None,
        )
        self.membership.watch(self._coordinator)

    async def _answer(self) -> bool:
        return self.now >= self._back_at

    async def _join(self, _: object) -> bool:
        return True

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds
        await self._coordinator._do_heartbeat()

    def assured_after(self, silent_seconds: float) -> float:
        """Join, be silent for so long, and return how long ``assure`` took then."""

        async def assured() -> float:
            await self._coordinator._do_rejoin_group(None)
            self.now += silent_seconds
            began = self.now
            await self.membership.assure()
            return self.now - began

        with mock.patch("agents.broker.membership.asyncio.sleep", self._sleep):
            return asyncio.run(assured())

    def refuse(self) -> None:
        """Say that the group went on."""
        self._coordinator.reset_generation()


def test_a_worker_whose_session_holds_need_not_wait() -> None:
    """Silent for less than a session: nobody else can own its partitions."""
    assert Group(back_at=100.0).assured_after(SESSION_SECONDS / 2) == 0.0


def test_a_worker_that_was_silent_waits_for_the_groups_answer() -> None:
    """An accepted heartbeat means that the group never went on without it."""
    assert Group(back_at=20.0).assured_after(10.0) == pytest.approx(10.0, abs=0.1)


def test_a_broker_that_is_lost_ends_the_waiting() -> None:
    """After the time that a delivery may take, with the reason: a flush must not be taken for one that is stuck."""
    group = Group(back_at=1_000.0)
    with pytest.raises(TimeoutError, match="no broker confirmed a heartbeat of this worker within 35 s"):
        group.assured_after(10.0)
    assert group.now == pytest.approx(10.0 + DELIVERY_SECONDS, abs=0.1)


def test_time_in_which_the_worker_was_stopped_is_not_waited() -> None:
    """Stopped for a minute while it waits, it still hears what the group says of it."""
    group = Group(back_at=60.0)
    sleep = group._sleep

    async def stopped_once(seconds: float) -> None:
        await sleep(seconds if group.now > 60.0 else 90.0)

    group._sleep = stopped_once  # type: ignore[method-assign]  # the first sleep is the one that takes long
    assert group.assured_after(10.0) == pytest.approx(90.0)


def test_a_worker_that_the_group_refused_is_told_at_once() -> None:
    """The group has gone on: what it holds is not its own any more."""
    group = Group(back_at=1_000.0)
    join = group._coordinator._do_rejoin_group

    async def joined_and_refused(subscription: object) -> bool:
        joined: bool = await join(subscription)
        group.refuse()
        return joined

    group._coordinator._do_rejoin_group = joined_and_refused
    with pytest.raises(FencedOut):
        group.assured_after(0.0)
