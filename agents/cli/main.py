"""The command line's entry: it hears SIGTERM, SIGINT and SIGHUP before anything that takes time to import."""

import os
import signal
import sys
from types import FrameType, TracebackType
from typing import Final

_PID_OF_A_CONTAINER: Final = 1


def main() -> None:
    """Run the command line. A closed pipe (`| head`) ends it quietly."""
    signal.signal(signal.SIGTERM, _stop)
    interrupt = signal.getsignal(signal.SIGINT)
    # Ignored signals stay ignored: `nohup` leaves SIGHUP so, a shell SIGINT of what runs in its background.
    if interrupt is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _stop)
    # Windows has no terminal that hangs up.
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hang_up)
    # Imported here: the first process of a container does not hear a signal without a handler, and imports take seconds
    # on a throttled core.
    from agents.cli.root import cli

    sys.excepthook = _print_safely
    if not _is_worker():
        # Python's own: the others end what they have begun. A worker has its own once there is something to end.
        signal.signal(signal.SIGINT, interrupt)
    try:
        cli()
    except BrokenPipeError:
        # Python would try to flush stdout at exit and complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _stop(number: int, frame: FrameType | None) -> None:
    """End at once, as long as a command has no handler of its own: nothing has begun that would have to be ended.

    A worker ends with its code for a stop that was asked for. The others end by the signal itself, or with its code
    where that is not possible.
    """
    if _is_worker():
        os._exit(0)
    if os.getpid() != _PID_OF_A_CONTAINER:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(128 + number)


def _hang_up(number: int, frame: FrameType | None) -> None:
    """Stop as on SIGTERM: the terminal is gone. Once, for the shell and the system both say so."""
    signal.signal(number, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGTERM)


def _is_worker() -> bool:
    return next((each for each in sys.argv[1:] if not each.startswith("-")), None) == "worker"


def _print_safely(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an exception that nobody caught without the secrets in it."""
    import traceback

    from agents.cli.common import for_people

    print(for_people("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


if __name__ == "__main__":
    main()
