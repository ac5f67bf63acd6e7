"""Suspicion, live: the worker that owns a giveaway has its suspicious entrants looked for, by a process of its own.

A pass reads the whole ledger and takes half a minute of a core for a million comments: neither the worker's loop nor
its memory should bear that. The child reads the ledger itself (``agents.stages.suspicion_pass``); what comes back are
counts. Whatever happens to it, the stream goes on: a pass that fails is logged, counted and tried again.
"""

import asyncio
import logging
import os
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from time import perf_counter
from typing import Any, Final

import msgspec
from mode import Service

from agents.settings import Settings
from agents.stages.entries import EntryStage
from agents.stages.suspicion_pass import PassRequest, PassResult
from models.campaigns import CampaignDefinition
from streams.events.registry import Registry
from streams.suspicion.schedule import PassSchedule

log: Final = logging.getLogger("campaign_pulse")
_LOOK_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 3_600.0
"""A pass that takes longer is stuck."""
_LINE_BYTES: Final = 64 * 1024 * 1024
_decode_result: Final = msgspec.json.Decoder(PassResult).decode


class SuspicionWatch(Service):
    """Starts a pass when the ledger of a giveaway has changed, and gives its numbers to the board.

    Args:
        settings: how often, and what the child needs.
        entries: says what was heard, and takes the numbers.
        registry: returns the definitions in force.
        command: what runs a pass.
        look_seconds: between two looks at whether a pass is due.
        decided: returns how often what was decided at a campaign's desk has changed.
    """

    def __init__(
        self,
        settings: Settings,
        entries: EntryStage,
        registry: Callable[[], Registry],
        command: tuple[str, ...] = (sys.executable, "-m", "agents.stages.suspicion_pass"),
        look_seconds: float = _LOOK_SECONDS,
        decided: Callable[[str], int] = lambda campaign_id: 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._entries = entries
        self._registry = registry
        self._decided = decided
        self._command = command
        self._look_seconds = look_seconds
        self._schedule = PassSchedule(settings.suspicion_seconds)
        self._process: Process | None = None
        self._generation = 0
        self.passes_total = 0
        self.failures_total = 0
        self.last_seconds = 0.0

    async def on_stop(self) -> None:
        """End a pass that is under way: it has nothing to lose."""
        self.release()

    def release(self) -> None:
        """Let go of everything: a pass that is under way is about campaigns of other workers."""
        self._generation += 1
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def again(self) -> None:
        """Look at every campaign again: Redis has lost the review lists."""
        self._schedule.again()

    def hurry(self, campaign_id: str) -> None:
        """Look at a campaign as soon as can be: somebody has decided something at its desk, and watches."""
        self._schedule.hurry(campaign_id)

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            await self.sleep(self._look_seconds)
            # Both only grow: another sum means that the ledger, or what was decided, is another.
            heard = {each: count + self._decided(each) for each, count in self._entries.heard().items()}
            due = self._schedule.due(heard, perf_counter())
            definitions = {each: self._definition(each) for each in due}
            wanted = {each: found for each, found in definitions.items() if found is not None}
            if wanted:
                await self._pass({each: heard[each] for each in wanted}, wanted)

    def _definition(self, campaign_id: str) -> CampaignDefinition | None:
        known = self._registry().campaigns.get(campaign_id)
        return None if known is None else known.definition

    async def _pass(self, heard: Mapping[str, int], definitions: Mapping[str, CampaignDefinition]) -> None:
        began, used, generation = perf_counter(), _seconds_of_children(), self._generation
        done: set[str] = set()
        problem = ""
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                code = await self._run(definitions, generation, done)
            if code != 0:
                problem = f"exit code {code}"
        except TimeoutError:
            problem = f"no end after {_LONGEST_SECONDS:g} s"
        except (OSError, ValueError) as error:
            # It cannot be started, died before it was asked, or said something else than results.
            problem = f"{type(error).__name__}: {error}"
        now = perf_counter()
        self._schedule.ended(heard, done, _seconds_of_children() - used, now)
        if generation != self._generation:
            return  # it was told to end
        self.last_seconds = now - began
        if problem:
            self.failures_total += 1
            log.warning("looking for suspicious entrants of %s failed: %s", ", ".join(sorted(definitions)), problem)
        else:
            self.passes_total += 1

    async def _run(self, definitions: Mapping[str, CampaignDefinition], generation: int, done: set[str]) -> int:
        request = PassRequest(asdict(self._settings), list(definitions.values()))
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, limit=_LINE_BYTES, process_group=0
        )
        self._process = process
        with suppress(ProcessLookupError):
            # Not above the worker's own priority: that is for the super-user.
            niceness = max(self._settings.suspicion_nice, os.getpriority(os.PRIO_PROCESS, 0))
            os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        try:
            if generation != self._generation:
                return 0  # the campaigns were given away while it was started
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("a child without pipes")
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            await process.stdin.drain()
            async for line in process.stdout:
                result = _decode_result(line)
                if generation == self._generation and self._take(result, definitions):
                    done.add(result.campaign_id)
            return await process.wait()
        finally:
            self._process = None
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    def _take(self, result: PassResult, definitions: Mapping[str, CampaignDefinition]) -> bool:
        """Show numbers, unless the definition changed meanwhile; return whether the pass over the campaign is done."""
        if self._definition(result.campaign_id) is not definitions.get(result.campaign_id):
            return False
        self._entries.board.put_suspicion(result.campaign_id, result.numbers)
        return result.written


def _seconds_of_children() -> float:
    """Seconds of a core used by children that have ended; a worker has none but passes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
