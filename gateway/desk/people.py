"""What became of a person's comments: asked of a process of its own, which reads the whole ledger."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.settings import Settings
from gateway.problems import Refused
from models.campaigns import CampaignDefinition
from streams.giveaway.answers import PersonAnswer

LONGEST_NAME: Final = 256
_SECONDS: Final = 60.0
_QUEUED_SECONDS: Final = 10.0
_COMMAND: Final = (sys.executable, "-m", "agents.stages.person_pass")
"""Named in a text: the gateway imports no engine."""


class PersonReply(Struct, frozen=True):
    """What such a process answers: the person, or why there is none: a status of HTTP, a word, a sentence."""

    answer: PersonAnswer | None = None
    status: int = 503
    reason: str = ""
    detail: str = ""


_decode: Final = msgspec.json.Decoder(PersonReply).decode


class People:
    """Asks what became of people's comments, one question after the other: each takes the memory of a ledger.

    Args:
        settings: what the process needs.
        command: what answers.
    """

    def __init__(self, settings: Settings, command: Sequence[str] = _COMMAND) -> None:
        self._settings = settings
        self._command = command
        self._one = asyncio.Semaphore(1)

    async def ask(self, definition: CampaignDefinition | None, name: str, platform: str | None) -> PersonAnswer:
        """Return what became of the comments of whoever has this handle or author id.

        Raises:
            Refused: nobody or several people are meant, or it cannot be found out now.
        """
        if definition is None or definition.giveaway is None:
            raise Refused(404, "no_giveaway", "this campaign has no giveaway: there is no list of comments")
        asked = {"definition": definition, "name": name, "platform": platform}
        try:
            async with asyncio.timeout(_QUEUED_SECONDS):
                await self._one.acquire()
        except TimeoutError:
            raise Refused(503, "busy", "somebody else's comments are being looked for: ask again") from None
        try:
            async with asyncio.timeout(_SECONDS):
                reply = await self._run(asked)
        except TimeoutError:
            raise Refused(503, "too_slow", f"the ledger was not read within {_SECONDS:g} s") from None
        except (OSError, msgspec.DecodeError) as error:
            # It cannot be started, died before it was asked, or was killed.
            raise Refused(503, "no_answer", f"the ledger was not read: {type(error).__name__}") from None
        finally:
            self._one.release()
        if reply.answer is None:
            raise Refused(reply.status, reply.reason, reply.detail)
        return reply.answer

    async def _run(self, asked: dict[str, Any]) -> PersonReply:
        # Not by `process_group`: uvloop does not know it.
        process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, start_new_session=True)
        try:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("a child without pipes")
            # The names of people stand in no list of processes.
            process.stdin.write(msgspec.json.encode({"settings": asdict(self._settings), **asked}) + b"\n")
            await process.stdin.drain()
            told = await process.stdout.read()
            await process.wait()
            return _decode(told)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
