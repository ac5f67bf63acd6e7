"""What the commands that take a step of a draw share: a step put into the campaign's log, and its files."""

from pathlib import Path
from types import TracebackType
from typing import Self

from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.sources import Source
from agents.private_files import make_private_directory
from models.draws import DrawRecord, Exclusion, FrozenEntries
from streams.giveaway.draw_log import LOG_FILE, StepUnsureError, entry_of


class NewFiles:
    """Files that a step writes: all of them, or none where the step was not taken."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written: list[Path] = []
        self._made = False
        self.kept = False
        """Set when the step is in the log: what comes after it takes nothing back."""

    def __enter__(self) -> Self:
        """Make the directory, for its owner alone."""
        self._made = not self._directory.exists()
        try:
            make_private_directory(self._directory)
        except OSError as error:
            raise DrawFileError(f"{self._directory}: {error.strerror}") from None
        return self

    def write(self, name: str, data: bytes) -> None:
        """Write a file that must not be there yet.

        Raises:
            DrawFileError: it is there, or cannot be written.
        """
        draw_files.write_new(self._directory / name, data)
        self._written.append(self._directory / name)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Take back what was written when the step was surely not taken."""
        if error is None or self.kept or isinstance(error, StepUnsureError):
            return
        for path in self._written:
            path.unlink(missing_ok=True)
        if self._made:
            self._directory.rmdir()


def record_step(
    files: NewFiles,
    directory: Path,
    name: str,
    record: FrozenEntries | DrawRecord | Exclusion,
    campaign_id: str,
    source: Source,
) -> bytes:
    """Write a record, put its step into the log, and write the log beside it; return the record's file.

    A record without a place is written and not logged. The file is written first: a step in the log has its record.

    Raises:
        DrawFileError: a file cannot be written.
        DrawLogError: the step cannot be taken.
    """
    encoded = draw_files.encode_pretty(record)
    files.write(name, encoded)
    entry = entry_of(record, campaign_id, draw_files.sha256_of(encoded))
    if entry is not None:
        entries = source.append(entry)
        files.kept = True
        draw_files.replace(directory / LOG_FILE, draw_files.encode_log(entries))
    return encoded
