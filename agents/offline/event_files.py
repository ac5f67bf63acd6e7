"""Files of events as lines: NDJSON, in whatever encoding and compression it comes."""

from collections.abc import Iterator
from pathlib import Path

from agents.text_files import FileError, event_lines


class EventFileError(RuntimeError):
    """A file of events that cannot be read; one line, for users."""


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file (elements, where it is one JSON array), each with the bytes read of the file so far.

    Raises:
        EventFileError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            for line in event_lines(stream):
                yield stream.tell(), line
    except FileError as error:
        raise EventFileError(f"{path}: {error}") from None
    except OSError as error:
        raise EventFileError(f"{path}: {error.strerror}") from None
