"""Files of events as lines: NDJSON, in whatever encoding and compression it comes, and exports of other tools."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from agents.imports.importing import FileReport, Importer, UnreadableFile
from agents.text_files import FileError, event_lines
from models.campaigns import CampaignDefinition
from streams.events.decode import TOPIC_OF_TAG
from streams.imports.campaign import ImportOptions
from streams.imports.rows import Refusal

_LOOKED_AT: Final = 20
"""Lines of a file among which an event shows that it is one of events."""
_MORE: Final = "; `campaign-pulse import` has more options: import it into a file of events"


class EventFileError(RuntimeError):
    """A file of events that cannot be read; one line, for users."""


class ExportOptions(Struct, frozen=True):
    """How exports of other tools are read: the campaign they belong to, a source by name ("" finds it), the rest."""

    definition: CampaignDefinition
    source: str
    options: ImportOptions


class Exports(Struct, frozen=True):
    """The reading of exports: how, by which clock, and who is told of rows that are no events, and of whole files."""

    wanted: ExportOptions
    now_ms: int
    on_refused: Callable[[Path, Refusal], None]
    on_read: Callable[[Path, FileReport], None]


class _TypeOnly(Struct):
    type: str


_decode_type: Final = msgspec.json.Decoder(_TypeOnly).decode


def lines_of(path: Path, exports: Exports | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file (elements, where it is one JSON array), each with the bytes read of the file so far.

    Args:
        path: the file.
        exports: how to read it where it holds no events but another tool's rows; None: as lines nevertheless.

    Raises:
        EventFileError: it cannot be read.
    """
    try:
        if exports is not None and not has_events(path):
            yield from _rows_of(path, exports)
            return
        with path.open("rb") as stream:
            for line in event_lines(stream):
                yield stream.tell(), line
    except UnreadableFile as error:
        raise EventFileError(f"{path}: {error}{_MORE}") from None
    except FileError as error:
        raise EventFileError(f"{path}: {error}") from None
    except OSError as error:
        raise EventFileError(f"{path}: {error.strerror}") from None


def has_events(path: Path) -> bool:
    """Return whether a file holds events, and no other tool's rows; of an empty one, that it does.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            first = list(islice((line for line in event_lines(stream) if line.strip()), _LOOKED_AT))
    except FileError:
        return False
    return not first or any(_is_event(line) for line in first)


def _is_event(line: bytes) -> bool:
    try:
        return _decode_type(line).type in TOPIC_OF_TAG
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _rows_of(path: Path, exports: Exports) -> Iterator[tuple[int, bytes]]:
    wanted = exports.wanted
    importer = Importer(wanted.definition, wanted.options, source=wanted.source, now_ms=exports.now_ms)
    report = FileReport()
    for each in importer.read(path, report):
        if isinstance(each, Refusal):
            exports.on_refused(path, each)
        else:
            yield 0, each.value
    exports.on_read(path, report)
