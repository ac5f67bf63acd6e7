"""The directory of published draws: one directory a draw, made by ``giveaway publish``; read, never written.

Only files that the protocol publishes are ever handed out (docs/giveaway.md). ``people.json`` is read and never handed
out: which entrant a handle is, by a keyed hash of the handle.
"""

import hashlib
import logging
import re
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.numbers.answers import PublishedDraw
from models.draws import DrawRecord, Exclusion, FrozenEntries, LogEntry
from models.published_draws import PEOPLE_FILE, WINNERS_FILE, AgreedWinner, ListedPeople, mark_of

log: Final = logging.getLogger("campaign_pulse")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_EXCLUSION: Final = re.compile(r"exclusion-[1-9][0-9]{0,5}\.json")
_FILES: Final = ("frozen.json", "entries.txt", "left-out.txt", "draw.json", "log.json")
_LARGEST_BYTES: Final = 64 * 1024 * 1024


class Draw(Struct, frozen=True, kw_only=True):
    """A published draw as its files say it."""

    draw_id: str
    commitment: str
    frozen: FrozenEntries
    drawn: DrawRecord | None
    exclusions: tuple[Exclusion, ...]
    steps: list[LogEntry]
    files: list[str]
    agreed: tuple[AgreedWinner, ...]

    def published(self) -> PublishedDraw:
        """Return what the API says of it."""
        return PublishedDraw(
            draw_id=self.draw_id,
            commitment=self.commitment,
            is_drawn=self.drawn is not None,
            files=self.files,
            steps=self.steps,
        )


class DrawShelf:
    """Published draws in a directory.

    Args:
        directory: has one directory for each draw; None: nothing is published.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._known: dict[str, tuple[tuple[tuple[str, int, int], ...], Draw]] = {}
        self._told: set[str] = set()

    def draw(self, draw_id: str) -> Draw | None:
        """Return a draw, or None where nothing readable of that name is published."""
        folder = self._folder(draw_id)
        if folder is None:
            return None
        try:
            state = tuple(
                sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir())
            )
            known = self._known.get(draw_id)
            if known is None or known[0] != state:
                known = self._known[draw_id] = (state, _read(draw_id, folder))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            if draw_id not in self._told:
                self._told.add(draw_id)
                log.warning("gateway: the published draw %s cannot be read: %s", draw_id, error)
            return None
        return known[1]

    def of_campaign(self, campaign_id: str) -> list[Draw]:
        """Return the draws of a campaign, the newest freeze last."""
        if self._directory is None:
            return []
        try:
            names = sorted(path.name for path in self._directory.iterdir())
        except OSError:
            return []
        found = [draw for name in names if (draw := self.draw(name)) is not None]
        return sorted(
            (each for each in found if each.frozen.campaign_id == campaign_id), key=lambda each: each.frozen.frozen_at
        )

    def newest(self, campaign_id: str) -> tuple[str, bool] | None:
        """Return the id of a campaign's newest draw and whether it is drawn, or None."""
        found = self.of_campaign(campaign_id)
        return (found[-1].draw_id, found[-1].drawn is not None) if found else None

    def file(self, draw_id: str, name: str) -> bytes | None:
        """Return a file that is published with a draw; None for any other name."""
        folder, draw = self._folder(draw_id), self.draw(draw_id)
        if folder is None or draw is None or name not in draw.files:
            return None
        try:
            return (folder / name).read_bytes()
        except OSError:
            return None

    def entrant(self, draw_id: str, handle: str) -> tuple[bool, list[str]] | None:
        """Return whether people can be asked for, and which entrants a handle is; None where there is no such draw."""
        folder, draw = self._folder(draw_id), self.draw(draw_id)
        if folder is None or draw is None:
            return None
        try:
            people = msgspec.json.decode((folder / PEOPLE_FILE).read_bytes(), type=ListedPeople)
        except (OSError, msgspec.DecodeError):
            return False, []
        return True, list(people.entrants.get(mark_of(people.salt, handle), ()))

    def _folder(self, draw_id: str) -> Path | None:
        if self._directory is None or not _ID.fullmatch(draw_id):
            return None
        return self._directory / draw_id


def _read(draw_id: str, folder: Path) -> Draw:
    data = (folder / "frozen.json").read_bytes()
    names = {path.name for path in folder.iterdir() if path.is_file() and path.stat().st_size <= _LARGEST_BYTES}
    exclusions = sorted(
        (name for name in names if _EXCLUSION.fullmatch(name)), key=lambda name: int(re.findall(r"\d+", name)[0])
    )
    drawn = (folder / "draw.json").read_bytes() if "draw.json" in names else None
    steps = (folder / "log.json").read_bytes() if "log.json" in names else b"[]"
    agreed = (folder / WINNERS_FILE).read_bytes() if WINNERS_FILE in names else b"[]"
    return Draw(
        draw_id=draw_id,
        commitment=hashlib.sha256(data).hexdigest(),
        frozen=msgspec.json.decode(data, type=FrozenEntries),
        drawn=None if drawn is None else msgspec.json.decode(drawn, type=DrawRecord),
        exclusions=tuple(msgspec.json.decode((folder / name).read_bytes(), type=Exclusion) for name in exclusions),
        steps=msgspec.json.decode(steps, type=list[LogEntry]),
        files=[name for name in (*_FILES, *exclusions) if name in names],
        agreed=msgspec.json.decode(agreed, type=tuple[AgreedWinner, ...]),
    )
