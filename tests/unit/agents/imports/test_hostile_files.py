"""Files that are damaged, or made to do harm: a reason, bounded time and memory, and the rest of the file."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.imports.importing import FileReport
from agents.text_files import FileError
from streams.imports.rows import Refusal
from tests.unit.agents.imports.exports import imported, written
from tests.unit.agents.imports.test_files import ROWS, table

_CSV = table().encode() * 3
_FILES = {
    "csv": _CSV,
    "utf-16": table().encode("utf-16"),
    "gz": gzip.compress(_CSV),
    "json": json.dumps(
        [{"comment_id": row[0], "username": row[2], "date": row[3], "text": row[4]} for row in ROWS]
    ).encode(),
}
_QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def sheet_xml(rows: str) -> str:
    """Return a worksheet."""
    return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'


def bare_workbook(path: Path, sheet: str, extra: dict[str, str | bytes] | None = None) -> Path:
    """Write a workbook of one worksheet, as its XML stands."""
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns:r="{relation}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships><Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/>'
            "</Relationships>",
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return path


def cells(*texts: str) -> str:
    """Return a row of inline texts."""
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts) + "</row>"


GOOD = cells("comment_id", "post_id", "username", "created_at", "text") + cells(
    "17900000000000001", "1", "mia", "2026-04-18T16:04:05Z", "hi"
)


def read_or_refused(path: Path) -> tuple[list[dict[str, Any]], list[Refusal], FileReport] | str:
    """Return what a file becomes, or the reason why it cannot be read; whatever else is raised is a fault."""
    try:
        return imported(path, platform="instagram", posts={"": "18000000000000001"})
    except FileError as error:
        return str(error)


@_QUICK
@given(name=st.sampled_from(sorted(_FILES)), share=st.floats(0, 1))
def test_cut_anywhere(tmp_path: Path, name: str, share: float) -> None:
    """A file that was cut anywhere gives whole rows and reasons, never half a comment."""
    whole = _FILES[name]
    path = tmp_path / "cut"
    path.write_bytes(whole[: int(len(whole) * share)])
    read = read_or_refused(path)
    if isinstance(read, str):
        return
    events, refused, report = read
    assert {each["text"] for each in events} <= {row[4] for row in ROWS}
    assert len(refused) == report.refused <= 1


@_QUICK
@given(content=st.binary(max_size=2_000), head=st.sampled_from([b"", table().encode(), b"PK\x03\x04", b"[", b"{"]))
def test_any_bytes(tmp_path: Path, content: bytes, head: bytes) -> None:
    """Whatever stands in a file, or behind its good beginning, ends in events, refusals or one reason."""
    path = tmp_path / "any"
    path.write_bytes(head + content)
    read = read_or_refused(path)
    if isinstance(read, str):
        return
    events, refused, report = read
    assert (len(events), len(refused)) == (report.events, report.refused)


@_QUICK
@given(at=st.floats(0, 1), byte=st.integers(0, 255))
def test_damaged_workbook(tmp_path: Path, at: float, byte: int) -> None:
    """A workbook with any byte changed is read or refused with a reason."""
    path = bare_workbook(tmp_path / "b.xlsx", sheet_xml(GOOD))
    content = bytearray(path.read_bytes())
    content[int(at * (len(content) - 1))] = byte
    path.write_bytes(content)
    assert read_or_refused(path)


def test_one_byte_of_another_encoding(tmp_path: Path) -> None:
    """A row with a byte of another encoding is refused; the others, with their umlauts, are read."""
    path = tmp_path / "mixed.csv"
    good = "17900000000000001,1,zoë,2026-04-18T16:04:05Z,Grüße ä ö ü\n".encode()
    bad = "17900000000000002,1,tom,2026-04-18T16:04:05Z,Grüße\n".encode("cp1252")
    path.write_bytes(b"comment_id,post_id,username,created_at,text\n" + good + bad + good.replace(b"1,1,", b"3,1,"))
    events, refused, _ = imported(path)
    assert [each["comment_id"][-1] for each in events] == ["1", "3"]
    assert [(each.line, each.reason[:9]) for each in refused] == [(3, "byte 0xFC")]


def test_quotation_mark_that_is_never_closed(tmp_path: Path) -> None:
    """A loose quotation mark costs its row, not the rest of the file; lines are numbered as before."""
    text = "comment_id,post_id,username,created_at,text\n"
    text += '17900000000000001,1,mia,2026-04-18T16:04:05Z,"open\n'
    text += "".join(f"1790000000000000{number},1,fan,2026-04-18T16:04:05Z,hi\n" for number in range(2, 8))
    text += "17900000000000009,1,\n"
    events, refused, _ = imported(written(tmp_path / "q.csv", text))
    assert len(events) == 6
    assert [each.line for each in refused] == [2, 9]
    assert "never closed" in refused[0].reason


def test_many_loose_quotation_marks(tmp_path: Path) -> None:
    """A file with a loose mark in every row is read in time that grows with its length, not with its square."""
    text = "comment_id,post_id,username,created_at,text\n"
    text += "".join(f'{number},1,mia,2026-04-18T16:04:05Z,"x" y\n' for number in range(20_000))
    began = perf_counter()
    events, refused, report = imported(written(tmp_path / "q.csv", text))
    assert (events, len(refused), report.rows) == ([], 20_000, 20_000)
    assert perf_counter() - began < 30


def test_ten_thousand_columns(tmp_path: Path) -> None:
    """Columns that nobody knows cost nothing but themselves."""
    names = ["comment_id", "post_id", "username", "created_at", "text", *(f"c{number}" for number in range(10_000))]
    row = ["17900000000000001", "1", "mia", "2026-04-18T16:04:05Z", "hi", *("x" for _ in range(10_000))]
    events, refused, _ = imported(written(tmp_path / "w.csv", ",".join(names) + "\n" + (",".join(row) + "\n") * 50))
    assert (len(events), refused) == (50, [])


def test_cells_of_a_megabyte(tmp_path: Path) -> None:
    """A text that is longer than events have is refused with its column; the rows around it are read."""
    rows = [("1", "hi"), ("2", "x" * 1_000_000), ("3", "ho")]
    text = "comment_id,post_id,username,created_at,text\n"
    text += "".join(f"1790000000000000{number},1,mia,2026-04-18T16:04:05Z,{said}\n" for number, said in rows)
    events, refused, _ = imported(written(tmp_path / "m.csv", text))
    assert [each["text"] for each in events] == ["hi", "ho"]
    assert [(each.line, each.column, len(each.value)) for each in refused] == [(3, "text", 200)]


def test_a_line_of_twenty_megabytes(tmp_path: Path) -> None:
    """A line that no row has is passed over in pieces."""
    text = "comment_id,post_id,username,created_at,text\n" + "x" * 20_000_000 + "\n"
    text += "17900000000000001,1,mia,2026-04-18T16:04:05Z,hi\n"
    events, refused, _ = imported(written(tmp_path / "l.csv", text))
    assert (len(events), [each.line for each in refused]) == (1, [2])


def test_cells_that_make_formulas(tmp_path: Path) -> None:
    """Text that looks like a formula is a comment like any other."""
    text = "comment_id,post_id,username,created_at,text\n"
    text += "17900000000000001,1,mia,2026-04-18T16:04:05Z,=cmd|' /C calc'!A0\n"
    (event,), _, _ = imported(written(tmp_path / "f.csv", text))
    assert event["text"] == "=cmd|' /C calc'!A0"


def test_zip_bomb(tmp_path: Path) -> None:
    """A worksheet that was compressed further than any table is refused before it is unpacked."""
    path = bare_workbook(tmp_path / "bomb.xlsx", sheet_xml("<row>" + " " * 200_000_000 + "</row>"))
    assert path.stat().st_size < 1_000_000
    began = perf_counter()
    with pytest.raises(FileError, match="made to fill memories"):
        imported(path)
    assert perf_counter() - began < 5


def test_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    """An archive that declares less than it has is read only as far as it declares."""
    path = bare_workbook(tmp_path / "bomb.xlsx", sheet_xml(GOOD + "<row>" + " " * 100_000_000 + "</row>"))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        real = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    for _ in range(2):
        at = content.index(real)
        content[at : at + 4] = (4_000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(FileError, match="damaged workbook"):
        imported(path)


def test_one_cell_of_ten_megabytes(tmp_path: Path) -> None:
    """A cell of a workbook that is larger than any is a reason to stop."""
    with pytest.raises(FileError, match="a cell of more than"):
        imported(bare_workbook(tmp_path / "c.xlsx", sheet_xml(GOOD + cells("x" * 10_000_000))))


@pytest.mark.parametrize("entity", ['<!ENTITY a "aaaaaaaaaa">', '<!ENTITY a SYSTEM "file:///etc/passwd">'])
def test_entities(tmp_path: Path, entity: str) -> None:
    """Entities are neither expanded nor fetched."""
    sheet = f"<!DOCTYPE worksheet [{entity}]>" + sheet_xml(cells("&a;"))
    with pytest.raises(FileError, match="entities are not expanded"):
        imported(bare_workbook(tmp_path / "e.xlsx", sheet))


def test_macros_and_links(tmp_path: Path) -> None:
    """Macros are not run and links to other files not followed: both are told, and the table is read."""
    extra: dict[str, str | bytes] = {"xl/vbaProject.bin": b"\xd0\xcf", "xl/externalLinks/externalLink1.xml": "<x/>"}
    events, _, report = imported(bare_workbook(tmp_path / "m.xlsm", sheet_xml(GOOD), extra))
    assert len(events) == 1
    assert {"its macros are not run", "its links to other files are not followed"} <= set(report.notes)


@pytest.mark.parametrize("reference", ["ZZZZ1", "1", "a1", "XFE1"])
def test_cells_beyond_every_column(tmp_path: Path, reference: str) -> None:
    """A cell far to the right does not make a row of billions."""
    with pytest.raises(FileError, match="beyond column"):
        imported(bare_workbook(tmp_path / "w.xlsx", sheet_xml(f'<row><c r="{reference}"><v>1</v></c></row>')))


def test_other_archives(tmp_path: Path) -> None:
    """An archive that is no workbook is refused by what it is."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("comments.csv", table())
    with pytest.raises(FileError, match="unpack it first"):
        imported(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(FileError, match="OpenDocument"):
        imported(path)


def test_deep_json(tmp_path: Path) -> None:
    """JSON that is nested a hundred thousand levels deep is refused."""
    with pytest.raises(FileError):
        imported(written(tmp_path / "d.json", "[" * 100_000))
    with pytest.raises(FileError):
        imported(written(tmp_path / "e.json", '{"a":' * 100_000))


def test_array_of_a_long_string(tmp_path: Path) -> None:
    """A string that never ends inside an array costs no square of its length."""
    began = perf_counter()
    text = '[{"comment_id":"17900000000000001","username":"mia","date":"2026-04-18T16:04:05Z","text":"hi"},\n{"text":"'
    text += "x\\n" * 3_000_000
    events, refused, _ = imported(written(tmp_path / "s.json", text), platform="instagram", posts={"": "1"})
    assert (len(events), len(refused)) == (1, 1)
    assert perf_counter() - began < 20
