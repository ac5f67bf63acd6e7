"""The log of draws in a file beside a definition: what the topic ``campaign.draws.v1`` is where there is no Kafka.

One step a line (JSON), in the order in which they were taken; lines are only ever put behind the others.
"""

import fcntl
import os
from collections.abc import Callable
from contextlib import closing
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from models.draws import LogEntry
from streams.giveaway.draw_log import DrawLogError, StepUnsureError, described, log_of

SUFFIX: Final = ".draws.ndjson"
OnBad = Callable[[bytes | None, str], None]
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(LogEntry).decode


def log_file_of(definition: Path) -> Path:
    """Return the place of the log of the campaigns in a definition file."""
    return definition.with_name(definition.stem + SUFFIX)


def read_log_file(path: Path, campaign_id: str, on_bad: OnBad) -> list[LogEntry]:
    """Read the steps of a campaign; none where there is no file yet.

    Args:
        path: the file.
        campaign_id: the campaign.
        on_bad: called with a line that is no step, as key None, and what is wrong; it is skipped.

    Raises:
        DrawLogError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DrawLogError(f"{path}: {error.strerror}") from None
    found = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            entry = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            on_bad(None, f"{path}:{number}: {error}")
            continue
        if entry.campaign_id == campaign_id:
            found.append(entry)
    return found


def append_to_log_file(path: Path, entry: LogEntry, on_bad: OnBad) -> list[LogEntry]:
    """Put a step behind the others, and return all of the campaign.

    Raises:
        DrawLogError: the file cannot be written, or somebody else was faster: then nothing is written.
        StepUnsureError: it was written, and whether it stays is not known.
    """
    try:
        stream = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644), "r+")
    except OSError as error:
        raise DrawLogError(f"the log of draws {path}: {error.strerror}") from None
    with closing(stream):
        fcntl.flock(stream, fcntl.LOCK_EX)
        before = read_log_file(path, entry.campaign_id, on_bad)
        steps = log_of([*before, entry]).steps
        if not steps or steps[-1] != entry:
            number = entry.place.number
            other = described(steps[number - 1]) if len(steps) >= number else "nothing"
            raise DrawLogError(f"step {number} of campaign {entry.campaign_id!r} is {other}: somebody else was faster")
        _write(stream, path, entry)
    return [*before, entry]


def _write(stream: FileIO, path: Path, entry: LogEntry) -> None:
    size = stream.seek(0, os.SEEK_END)
    # A line that was cut off by a crash stays a line of its own.
    torn = bool(size) and os.pread(stream.fileno(), 1, size - 1) != b"\n"
    line = (b"\n" if torn else b"") + _encode(entry) + b"\n"
    try:
        written = stream.write(line)
        if written != len(line):
            stream.truncate(size)
            raise DrawLogError(f"the log of draws {path}: {written} of {len(line)} bytes could be written")
        os.fsync(stream.fileno())
    except OSError as error:
        raise StepUnsureError(
            f"the log of draws {path}: {error.strerror}; whether the step is written down is not known"
        ) from None
