"""What a coroutine takes of the processor by itself, whatever else its thread does while it waits."""

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class Metered(Generator[Any, Any, Result], Generic[Result]):
    """Runs a coroutine when awaited; ``seconds`` is then what its own steps took.

    Args:
        work: the coroutine.
        clock: seconds of the processor that this thread has used; or of any clock, for how long its steps took.
    """

    def __init__(
        self, work: Coroutine[Any, Any, Result] | Generator[Any, Any, Result], clock: Callable[[], float]
    ) -> None:
        self._work = work
        self._clock = clock
        self.seconds = 0.0

    def __await__(self) -> "Metered[Result]":
        """Return what the event loop drives."""
        return self

    def send(self, value: Any) -> Any:
        """Run to the next wait."""
        began = self._clock()
        try:
            return self._work.send(value)
        finally:
            self.seconds += self._clock() - began

    def throw(self, kind: Any, error: Any = None, trace: TracebackType | None = None) -> Any:
        """Run on with an error, to the next wait."""
        began = self._clock()
        try:
            return self._work.throw(kind if error is None else error)
        finally:
            self.seconds += self._clock() - began

    def close(self) -> None:
        """Give the coroutine up."""
        self._work.close()
