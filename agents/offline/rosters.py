"""Rosters of influencers in files: CSV, XLSX or JSON, as tools export them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from agents.imports.files import sheets_of
from agents.imports.sheets import Sheet, Unreadable
from agents.text_files import FileError
from streams.drafts.roster import RosterInfluencer, is_roster, read_roster
from streams.imports.rows import Refusal

_HEADER_WITHIN: Final = 60
"""Rows in which the header is looked for."""


class RosterError(RuntimeError):
    """A file that is no roster; one line, for users."""


def read_roster_file(
    path: Path, platform: str = "", currency: str = ""
) -> tuple[list[RosterInfluencer], list[Refusal]]:
    """Return the influencers of a roster, and what of its rows was not taken.

    Args:
        path: the file.
        platform: that of profiles which do not say theirs.
        currency: that of fees which do not say theirs.

    Raises:
        RosterError: it cannot be read, or none of its sheets has the columns of a roster.
    """
    try:
        sheets = [sheet for ways in sheets_of(path) for sheet in ways]
        for sheet in sheets:
            head = enumerate(islice(sheet.rows(), _HEADER_WITHIN))
            for number, (_, cells) in head:
                if not isinstance(cells, Unreadable) and is_roster(cells):
                    return read_roster(cells, _rows(sheet, number + 1), platform, currency)
    except FileError as error:
        raise RosterError(f"{path}: {error}") from None
    except OSError as error:
        raise RosterError(f"{path}: {error.strerror}") from None
    raise RosterError(
        f"{path}: no roster: no row has headers as handle and platform, profile url, or instagram, tiktok, youtube"
    )


def _rows(sheet: Sheet, first: int) -> Iterator[tuple[int, list[str]]]:
    for line, cells in islice(sheet.rows(), first, None):
        if not isinstance(cells, Unreadable):
            yield line, list(cells)
