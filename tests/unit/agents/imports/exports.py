"""The exports that tests import: files of ``tests/samples/exports``, and the campaign that they are of."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from agents.imports.importing import Event, FileReport, Importer
from agents.stages.definitions import read_definitions
from models.campaigns import CampaignDefinition
from streams.imports.campaign import ImportOptions
from streams.imports.rows import Refusal

SAMPLES: Final = Path(__file__).parents[3] / "samples" / "exports"
VIENNA: Final = ZoneInfo("Europe/Vienna")
NOW_MS: Final = int(datetime(2026, 4, 20, tzinfo=UTC).timestamp() * 1000)
AS_OF_MS: Final = int(datetime(2026, 4, 18, 19, tzinfo=UTC).timestamp() * 1000)
"""19:00 UTC: minute 29,608,980 since 1970."""


def campaign() -> CampaignDefinition:
    """Return the campaign of the samples: ana on Instagram, bruno on TikTok, chloe on YouTube."""
    return read_definitions(SAMPLES / "campaign.yaml")[0]


def imported(
    path: Path, *, source: str = "", definition: CampaignDefinition | None = None, **options: Any
) -> tuple[list[dict[str, Any]], list[Refusal], FileReport]:
    """Return a file's events, its refused rows, and the report."""
    report = FileReport()
    given = {"zone": VIENNA, "as_of_ms": AS_OF_MS, **options}
    importer = Importer(definition or campaign(), ImportOptions(**given), source=source, now_ms=NOW_MS)
    events, refused = [], []
    for each in importer.read(path, report):
        if isinstance(each, Event):
            events.append(msgspec.json.decode(each.value))
        else:
            refused.append(each)
    return events, refused, report


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a file as it stands, line ends and all."""
    path.write_bytes(text.encode(encoding))
    return path
