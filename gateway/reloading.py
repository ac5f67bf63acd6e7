"""Settings that change while a process runs: secrets, keys and tokens in their files."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from agents.settings import SettingError, Settings

log: Final = logging.getLogger("campaign_pulse")
RELOAD_SECONDS: Final = 5.0


async def follow_settings(
    reread: Callable[[], Settings], take: Callable[[Settings], None], process: str, seconds: float = RELOAD_SECONDS
) -> None:
    """Read the settings again and again, and hand them over, until the task is cancelled.

    What cannot be used leaves the earlier ones, and is told once.

    Args:
        reread: returns the settings as they are now.
        take: puts them in force.
        process: the word that its lines of the log begin with.
        seconds: between two times.
    """
    told = ""
    while True:
        await asyncio.sleep(seconds)
        try:
            settings = await asyncio.to_thread(reread)
        except SettingError as error:
            if str(error) != told:
                told = str(error)
                log.warning("%s: the earlier secrets stay: %s", process, error)
            continue
        told = ""
        take(settings)
