"""Redrives that were decided at a desk: the worker that owns the campaign has them carried out, one after the other.

A process of its own reads the dead letters (``agents.stages.redrive_pass``): neither the worker's loop nor its memory
should bear that. What is done says so behind its action; until then it is begun again, by whichever worker owns the
campaign then.
"""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from time import perf_counter
from typing import Any, Final

import msgspec
from mode import Service

from agents.settings import Settings
from agents.stages.redrive_pass import RedriveRequest
from models.actions import Action
from streams.events.actions import ActionBook

log: Final = logging.getLogger("campaign_pulse")
_LOOK_SECONDS: Final = 0.5
_AGAIN_SECONDS: Final = 5.0
"""Between two tries of one that failed: the lease of another redrive is three times as long."""
_TOLD_SECONDS: Final = 30.0
"""After a redrive was carried out its outcome is read within this time, or it is carried out once more."""
_LONGEST_SECONDS: Final = 3_600.0


class RedriveWatch(Service):
    """Carries out redrives.

    Args:
        settings: what the child needs.
        book: the actions.
        owns: returns whether this worker is the one for a campaign.
        command: what carries out one.
        look_seconds: between two looks at whether there is one.
        again_seconds: between two tries of one that failed.
    """

    def __init__(
        self,
        settings: Settings,
        book: ActionBook,
        owns: Callable[[str], bool],
        command: tuple[str, ...] = (sys.executable, "-m", "agents.stages.redrive_pass"),
        look_seconds: float = _LOOK_SECONDS,
        again_seconds: float = _AGAIN_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._book = book
        self._owns = owns
        self._command = command
        self._look_seconds = look_seconds
        self._again_seconds = again_seconds
        self._not_before: dict[str, float] = {}
        self._process: Process | None = None

    async def on_stop(self) -> None:
        """End one that is under way: whoever takes the campaign goes on with it."""
        self.release()

    def release(self) -> None:
        """Let go of everything: other workers take over."""
        self._not_before.clear()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            await self.sleep(self._look_seconds)
            now = perf_counter()
            for action in self._book.open_redrives():
                if self._owns(action.campaign_id) and now >= self._not_before.get(action.action_id, now):
                    await self._carry_out(action)
                    break

    async def _carry_out(self, action: Action) -> None:
        wait = self._again_seconds
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                code = await self._run(action)
            if code == 0:
                log.info("redrive %s of %s is done", action.action_id, action.campaign_id)
                wait = _TOLD_SECONDS
        except TimeoutError:
            log.warning("redrive %s: no end after %g s", action.action_id, _LONGEST_SECONDS)
        except OSError as error:
            # It cannot be started, or died before it was asked.
            log.warning("redrive %s: %s: %s", action.action_id, type(error).__name__, error)
        self._not_before[action.action_id] = perf_counter() + wait

    async def _run(self, action: Action) -> int:
        process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, process_group=0)
        self._process = process
        try:
            if process.stdin is None:
                raise RuntimeError("a child without a pipe")
            request = RedriveRequest(asdict(self._settings), action)
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            await process.stdin.drain()
            return await process.wait()
        finally:
            self._process = None
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
