"""The command line with a wrong clock: ``python -m tests.integration.slow_clock SECONDS ARGUMENTS...``."""

import sys
import time

from agents import clock


def main() -> None:
    """Take the first argument off and run the rest by a wall clock that is so many seconds ahead."""
    ahead_ms = round(float(sys.argv.pop(1)) * 1000)
    # What a set clock of the machine would do to all of it, without the rights that setting it takes.
    clock.wall_clock = lambda: time.time_ns() // 1_000_000 + ahead_ms
    from agents.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
