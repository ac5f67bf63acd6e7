"""What processes have in common that do one thing for a worker or a gateway: they ask for little, and end with it."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

ENDED_WITH_PARENT: Final = 3
"""Exit code of a process whose parent has ended."""


def offer_oneself() -> None:
    """Be the first that the kernel kills when memory is short: rather this process than its parent."""
    # Only Linux has it.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def end_with_parent() -> None:
    """End as soon as the standard input is closed, however the parent ends; nothing more may be read from it."""
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    # Not through sys.stdin: a thread that waits in there makes the interpreter abort at its end.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(ENDED_WITH_PARENT)
