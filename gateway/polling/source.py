"""One source that is polled: what is due is asked for, mapped, confirmed by Kafka, and then its cursor is saved."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from gateway.polling.answers import Answers
from gateway.polling.client import Client, NoAnswerError
from gateway.polling.cursors import Cursors
from gateway.polling.definitions import Definitions
from gateway.polling.hooked import Hooked
from gateway.polling.metrics import PollMetrics
from gateway.polling.told import Told
from gateway.publisher import NotConfirmedError, Publisher
from models.times import HOUR_MS, MINUTE_MS, SECOND_MS
from streams.connectors.polling.asking import Answer, Ask, Reading, Round, Trouble, Vendor
from streams.connectors.polling.budget import Budget
from streams.connectors.polling.targets import targets_of
from streams.connectors.polling.vendors import own_part

_T = TypeVar("_T")
log: Final = logging.getLogger("campaign_pulse")
_FIRST_BACK_MS: Final = 2 * SECOND_MS
_LONGEST_BACK_MS: Final = 15 * MINUTE_MS
_TOKEN_BACK_MS: Final = 5 * MINUTE_MS
_GONE_BACK_MS: Final = HOUR_MS
_HOOKED_MS: Final = 48 * HOUR_MS
_MOST_PAGES: Final = 200
_QUOTA: Final = "quota"


class PolledSource:
    """Polls one source.

    Args:
        name: of the source: its events have the ids that its webhooks give them.
        vendor: how it is asked.
        address: of its API.
        token: returns its token, which may change while it runs.
        budget: what it may ask.
        client: asks.
        publisher: confirms.
        cursors: what was read.
        hooked: what its webhooks have brought.
        definitions: in force.
        metrics: of the poller.
        now_ms: the clock of events, which a setting may hold still.
        pace_ms: the clock by which limits and pauses pass.
        is_stopping: whether to end behind the request that is on its way.
        person_key: of pseudonyms.
    """

    def __init__(
        self,
        name: str,
        vendor: Vendor,
        address: str,
        *,
        token: Callable[[], str],
        budget: Budget,
        client: Client,
        publisher: Publisher,
        cursors: Cursors,
        hooked: Hooked,
        definitions: Definitions,
        metrics: PollMetrics,
        now_ms: Callable[[], int],
        pace_ms: Callable[[], int],
        is_stopping: Callable[[], bool] = lambda: False,
        person_key: bytes | None = None,
    ) -> None:
        self.name = name
        self.budget = budget
        self._vendor = vendor
        self._address = address
        self._token = token
        self._client = client
        self._cursors = cursors
        self._hooked = hooked
        self._definitions = definitions
        self._metrics = metrics
        self._now_ms = now_ms
        self._pace_ms = pace_ms
        self._is_stopping = is_stopping
        self._due_ms: dict[str, int] = {}
        self._failures = 0
        self._told = Told()
        self._answers = Answers(
            name,
            vendor,
            publisher=publisher,
            hooked=hooked,
            definitions=definitions,
            metrics=metrics,
            now_ms=now_ms,
            person_key=person_key,
        )
        budget.restore(cursors.of(name).get(_QUOTA))

    def wake(self) -> None:
        """Ask again at once: the token is another one."""
        self.budget.paused_until_ms = 0

    @property
    def has_trouble(self) -> bool:
        """Whether the last requests came to nothing."""
        return self._failures > 0 or self.budget.paused_until_ms > self._pace_ms()

    async def step(self) -> int:
        """Ask for what is due; return how many milliseconds nothing is due.

        Raises:
            NotConfirmedError: Kafka has not confirmed; what was read is read again.
        """
        try:
            return await self._step()
        except NotConfirmedError as error:
            # Kafka is away, and the vendor's units are not to be spent on what cannot be kept.
            self._back(None, Trouble(scope="source", reason=str(error)))
            raise

    async def _step(self) -> int:
        limited_ms = 0
        for ask in self._asks():
            if self._is_stopping():
                break
            if self._due_ms.get(ask.target, 0) > self._pace_ms():
                continue
            if (limited_ms := self.budget.wait_ms(self._pace_ms(), ask.cost)) > 0:
                break
            await self._pursue(ask)
        if self.budget.is_counted:
            await self._cursors.save(self.name, _QUOTA, self.budget.saved())
        if limited_ms > 0:
            return limited_ms
        now_ms = self._pace_ms()
        due = [self._due_ms.get(ask.target, now_ms) for ask in self._asks()]
        return max(0, self.budget.paused_until_ms - now_ms, min(due, default=now_ms + MINUTE_MS) - now_ms)

    def _asks(self) -> Sequence[Ask]:
        now_ms = self._now_ms()
        return self._vendor.asks(
            Round(
                targets=targets_of(self._definitions.known, now_ms, own_part(self.name)),
                cursors=self._cursors.of(self.name),
                now_ms=now_ms,
                floor_ms=now_ms - _HOOKED_MS if self._hooked.has_hooks(self.name) else 0,
                units_left=self.budget.left(self._pace_ms()),
                ms_to_reset=self.budget.ms_to_reset(self._pace_ms()),
            )
        )

    async def _pursue(self, first: Ask) -> None:
        """Ask for a target, page by page; its cursor is saved when all of it is confirmed."""
        began_ms, paced_ms = self._now_ms(), self._pace_ms()
        waiting, pages, is_whole = [first], 0, True
        cursor: str | None = None
        wait_ms: int | None = None
        self._answers.repairs.begin(first)
        while waiting:
            if self._is_stopping():
                return  # its cursor is not saved: who comes next begins with its first page
            ask = waiting.pop(0)
            meant = await self._asked(ask)
            if isinstance(meant, Trouble):
                self._back(first, meant)
                return
            reading, answer = meant
            if ask.is_read:
                await self._answers.take(ask, answer)
            pages += 1
            if pages + len(reading.more) > _MOST_PAGES:
                is_whole = False
                log.warning("poll: %s: %s has more than %d pages", self.name, first.target, _MOST_PAGES)
            else:
                waiting += reading.more
            cursor = reading.cursor if reading.cursor is not None else cursor
            wait_ms = reading.wait_ms if reading.wait_ms is not None else wait_ms
            if reading.pause_ms is not None:
                self.budget.pause(self._pace_ms() + reading.pause_ms)
            if reading.has_ended:
                self._due_ms[first.target] = self._pace_ms() + _GONE_BACK_MS
                return
        if is_whole:
            await self._remove_what_is_gone(first)
            if cursor is None and first.since_ms is not None:
                cursor = str(began_ms)
        if cursor is not None:
            await self._cursors.save(self.name, first.target, cursor)
        self._failures = 0
        self._due_ms[first.target] = paced_ms + max(first.every_ms, wait_ms or 0)

    async def _asked(self, ask: Ask) -> tuple[Reading, Answer] | Trouble:
        """Ask, when the vendor's limits allow it, and return what the answer means."""
        while (wait_ms := self.budget.wait_ms(self._pace_ms(), ask.cost)) > 0:
            if wait_ms > MINUTE_MS:
                return Trouble(scope="source", reason="the vendor's limit is reached", wait_ms=wait_ms)
            await asyncio.sleep(wait_ms / SECOND_MS)
        self.budget.spend(self._pace_ms(), ask.cost)
        try:
            answer = await self._client.ask(self._address, ask, self._vendor.headers(self._token()))
        except NoAnswerError as error:
            return self._counted(ask, Trouble(scope="source", reason=str(error)), "failed")
        if ask.what == "recheck":
            return self._counted(ask, Reading(), "read"), answer
        meant = self._vendor.read(ask, answer, self._pace_ms())
        if isinstance(meant, Trouble):
            outcome = {"target": "gone", "token": "refused", "day": "waiting"}.get(meant.scope, "waiting")
            return self._counted(ask, meant, "failed" if answer.status >= 500 else outcome)
        self._metrics.last.labels(self.name).set(self._pace_ms() / SECOND_MS)
        return self._counted(ask, meant, "read"), answer

    def _counted(self, ask: Ask, meant: _T, outcome: str) -> _T:
        self._metrics.requests.labels(self.name, ask.what, outcome).inc()
        return meant

    def _back(self, first: Ask | None, trouble: Trouble) -> None:
        """Wait, as long as the trouble asks for; what fails by itself lets the others go first."""
        now_ms = self._pace_ms()
        self._say(f"{first.what}: {trouble.reason}" if first else trouble.reason)
        if trouble.scope == "target" and first is not None:
            self._due_ms[first.target] = now_ms + _GONE_BACK_MS
        elif trouble.scope == "day":
            self.budget.exhaust(now_ms)
        elif trouble.scope == "token":
            self.budget.pause(now_ms + _TOKEN_BACK_MS)
        elif trouble.wait_ms is not None:
            self._failures += 1
            self.budget.pause(now_ms + trouble.wait_ms)
        else:
            grown_ms = min(_LONGEST_BACK_MS, _FIRST_BACK_MS * 2 ** min(self._failures, 10))
            self._failures += 1
            self.budget.pause(now_ms + grown_ms)
            if first is not None:
                self._due_ms[first.target] = now_ms + 2 * grown_ms

    def _say(self, text: str) -> None:
        if self._told.is_first(text):
            log.warning("poll: %s: %s", self.name, text)

    async def _remove_what_is_gone(self, first: Ask) -> None:
        """Ask for comments that were there and are not in the list any more, and tell of those that are gone."""
        while suspects := self._answers.repairs.suspects(first):
            assert self._vendor.recheck is not None
            meant = await self._asked(self._vendor.recheck(first, suspects))
            if isinstance(meant, Trouble):
                return
            await self._answers.remove(suspects, meant[1])
