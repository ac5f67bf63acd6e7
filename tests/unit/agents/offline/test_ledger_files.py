"""The ledger of files of events: what counts, once, and where each refused line stands."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.offline.event_files import EventFileError, ExportOptions, has_events
from agents.offline.ledger_files import FileEvents, read_event_files
from agents.settings import Settings
from models.campaigns import InfluencerDefinition
from streams.imports.campaign import ImportOptions
from streams.ledger.fact_set import fact_set
from tests.unit.ledgers import OPENS_MS, loaded

NOW_MS = OPENS_MS + 7 * 3_600_000


def line(number: int, **fields: Any) -> str:
    """A comment of campaign ``c``."""
    return json.dumps(
        {
            "type": "comment.created",
            "event_id": f"e{number}",
            "campaign_id": "c",
            "influencer_id": "ana",
            "platform": "tiktok",
            "occurred_at": OPENS_MS + number,
            "post_id": "p",
            "comment_id": f"c{number}",
            "author_id": f"u{number}",
            "text": "in",
            **fields,
        }
    )


def read(*paths: Path) -> FileEvents:
    """Read files of the campaign ``c``."""
    exports = ExportOptions(loaded().definition, "", ImportOptions())
    return read_event_files(paths, [loaded().definition], Settings.from_environment({}), NOW_MS, exports=exports)


def written(path: Path, *lines: str) -> Path:
    """Write a file of lines."""
    path.write_text("\n".join(lines) + "\n")
    return path


def test_overlapping_files_in_any_order_count_once(tmp_path: Path) -> None:
    """Two files that share lines, one of them backwards and packed, are the ledger of one file with all lines."""
    lines = [line(n) for n in range(50)]
    whole = read(written(tmp_path / "whole.ndjson", *lines))
    packed = tmp_path / "packed.ndjson.gz"
    packed.write_bytes(gzip.compress("\n".join(reversed(lines[20:])).encode()))
    parts = read(packed, written(tmp_path / "early.ndjson", *lines[:40], *lines[:5]))
    assert fact_set(parts.ledger["c"].facts) == fact_set(whole.ledger["c"].facts)
    assert (whole.lines, whole.events, whole.duplicates) == (50, 50, 0)
    assert (parts.lines, parts.events, parts.duplicates) == (75, 50, 25)


def test_refused_lines_are_named_by_file_and_line(tmp_path: Path) -> None:
    """Blank lines count as lines of the file; the reasons are those of a worker's dead letters."""
    first = written(tmp_path / "first.ndjson", line(1), "", "", "{", line(2))
    future = line(4, occurred_at=NOW_MS + 3_600_000)
    second = written(tmp_path / "second.ndjson", "", line(3, text=5), line(5), future)
    found = read(first, second)
    assert [(each.path.name, each.line, each.reason) for each in found.refused] == [
        ("first.ndjson", 4, "invalid_json"),
        ("second.ndjson", 2, "wrong_type"),
        ("second.ndjson", 4, "event_time_future"),
    ]
    assert found.rejected == {"event_time_future": 1, "invalid_json": 1, "wrong_type": 1}
    assert found.events == 3


def test_campaigns_without_definition_have_no_ledger(tmp_path: Path) -> None:
    """Their events are read and counted, as by a worker, and are in no giveaway."""
    found = read(written(tmp_path / "x.ndjson", line(1, campaign_id="other"), line(2)))
    assert (list(found.ledger), found.events) == (["c"], 2)


def test_a_file_without_events_is_told(tmp_path: Path) -> None:
    """Of several files the one that has lines and no event; an empty one is none of these."""
    empty, bad = written(tmp_path / "empty.ndjson"), written(tmp_path / "bad.ndjson", line(1, text=5), line(2, text=6))
    assert read(empty, bad, written(tmp_path / "good.ndjson", line(1))).unread == [bad]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """The path, and what the file is."""
    packed = tmp_path / "x.xlsx"
    packed.write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(EventFileError, match=r"x\.xlsx: a damaged workbook"):
        read(packed)
    with pytest.raises(EventFileError, match=r"x\.csv: no header of a source that is known .* has more options"):
        read(written(tmp_path / "x.csv", "id,text", "1,in"))
    with pytest.raises(EventFileError, match="No such file"):
        read(tmp_path / "absent.ndjson")


def test_exports_of_other_tools_are_read_beside_events(tmp_path: Path) -> None:
    """A comments export is the ledger that its events are; rows that are none are told with column and value."""
    export = written(
        tmp_path / "comments.csv",
        "comment_id,post_id,username,user_id,created_at,text",
        "17900000000000001,18000000000000001,fan_77,5000077,2026-04-18T14:04:05Z,I'm in",
        "1.79E+16,18000000000000001,bad_excel,5000081,2026-04-18T14:09:00Z,ruined",
    )
    definition = msgspec.structs.replace(
        loaded().definition,
        influencers=(InfluencerDefinition(influencer_id="ana", handle="@ana", platform="instagram"),),
    )
    wanted = ExportOptions(definition, "", ImportOptions())
    found = read_event_files([export], [definition], Settings.from_environment({}), NOW_MS, exports=wanted)
    [row] = fact_set(found.ledger["c"].facts).comments
    assert (row[3], *row[5:7]) == ("17900000000000001", "fan_77", "I'm in")
    assert (row[0], found.rejected, found.lines) == (OPENS_MS + 245_000, {"refused_row": 1}, 2)
    [refused] = found.refused
    assert (refused.line, refused.reason) == (3, "refused_row")
    assert "1.79E+16" in refused.detail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ('\n\n{"type": "comment.created"}\n', True),
        ('{\n{"type": "click"}\n', True),
        ('[{"type": "purchase", "x": 1}]', True),
        ('{"type": "order", "id": 1}\n', False),
        ("comment_id,text\n1,in\n", False),
    ],
)
def test_files_of_events_are_told_from_exports(tmp_path: Path, text: str, expected: bool) -> None:
    """One event among the first lines decides, also beside a damaged line; a file without lines holds no rows."""
    path = tmp_path / "x"
    path.write_text(text)
    assert has_events(path) is expected
