"""Files as they come: delimiters, encodings, title rows, workbooks, JSON in all its forms."""

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from agents.text_files import FileError
from tests.unit.agents.imports.exports import imported, written

HEADER = ("comment_id", "post_id", "username", "created_at", "text")
ROWS = (
    ("17900000000000001", "18000000000000001", "zoë", "2026-04-18T16:04:05Z", "Grüße, Zoë; ça va?"),
    ("17900000000000002", "18000000000000001", "tom", "2026-04-18T16:05:00Z", 'two\nlines, "quoted"'),
)


def table(delimiter: str = ",", end: str = "\n", above: str = "") -> str:
    """Return the rows as CSV."""

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if set(text) & {delimiter, '"', "\n"} else text

    return above + "".join(delimiter.join(map(cell, row)) + end for row in (HEADER, *ROWS))


def texts_of(path: Path, **options: Any) -> list[tuple[str, str]]:
    """Return authors and texts of a file's comments; nothing may be refused."""
    events, refused, _ = imported(path, **options)
    assert refused == []
    return [(each["author_handle"], each["text"]) for each in events]


WANTED = [(row[2], row[4]) for row in ROWS]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "mac_roman"])
def test_delimiters_and_encodings(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """A table is read with any delimiter, in any encoding that people's programs write."""
    assert texts_of(written(tmp_path / "c.csv", table(delimiter, "\r\n"), encoding)) == WANTED


def test_excel_line(tmp_path: Path) -> None:
    """Excel's line sep=; says the delimiter, and is no header."""
    assert texts_of(written(tmp_path / "c.csv", table(";", above="sep=;\n"))) == WANTED


def test_titles_and_old_line_ends(tmp_path: Path) -> None:
    """Title rows of any width stand above a header, and lines may end as on old Macs."""
    above = "Comments\rExported for, Ana\r,,,,\r\r"
    text = above + table(end="\r").replace("\n", " ").replace("two lines", "two\nlines")
    assert texts_of(written(tmp_path / "c.csv", text)) == WANTED


def test_gzip(tmp_path: Path) -> None:
    """A packed file is read like the file."""
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(table().encode()))
    assert texts_of(path) == WANTED


def test_cyrillic(tmp_path: Path) -> None:
    """A script that is not Latin is recognised by its bytes, or named by the user."""
    russian = "Я хочу выиграть этот приз и спасибо большое за розыгрыш"
    text = "username,comment,date,post id,comment id\n" + "".join(
        f"fan{number},{russian},2026-04-18T16:04:05Z,1,1790000000000000{number}\n" for number in range(1, 9)
    )
    assert texts_of(written(tmp_path / "c.csv", text, "cp1251"), platform="instagram")[0] == ("fan1", russian)


def workbook(path: Path, rows: list[list[Any]], title: str = "Comments") -> Path:
    """Write a workbook with a sheet of notes and one of rows."""
    book = openpyxl.Workbook()
    notes = book.active
    assert notes is not None
    notes.title = "Notes"
    notes.append(["Exported by Ana"])
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_workbook(tmp_path: Path) -> None:
    """The sheet that is a table is read: dates as local times, numbers with their digits, texts as they are."""
    rows: list[list[Any]] = [["Comments of Ana"], [], list(HEADER)]
    rows.append(["17900000000000001", "18000000000000001", "zoë", datetime(2026, 4, 18, 18, 4, 5), "=cmd"])  # noqa: DTZ001
    rows.append(["17900000000000002", None, None, "2026-04-18T16:05:00Z", "nobody"])
    rows[3][4] = "'=cmd"
    rows.append(["17900000000000003", "18000000000000001", "tom", "2026-04-18T16:06:00Z", "two\nlines _x0041_ 🎉"])
    events, refused, report = imported(workbook(tmp_path / "c.xlsx", rows))
    assert [(each["event_id"], each["occurred_at"], each["text"]) for each in events] == [
        ("17900000000000001", "2026-04-18T16:04:05Z", "'=cmd"),
        ("17900000000000003", "2026-04-18T16:06:00Z", "two\nlines A 🎉"),
    ]
    assert [(each.line, each.column) for each in refused] == [(5, "username")]
    assert report.read_as == [
        "comments (comments in any table with a text, a time and an author); XLSX, sheet 'Comments'"
    ]


def test_ids_that_a_workbook_rounded(tmp_path: Path) -> None:
    """An id that was typed into a workbook as a number has lost its last digits: it is refused."""
    rows: list[list[Any]] = [list(HEADER)]
    rows += [[1.79e16, "18000000000000001", "zoë", "2026-04-18T16:04:05Z", "a"]]
    rows += [[1.7900000000000004e16, "18000000000000001", "tom", "2026-04-18T16:05:00Z", "b"]]
    events, refused, _ = imported(workbook(tmp_path / "c.xlsx", rows))
    assert (events, [each.column for each in refused]) == ([], ["comment_id", "comment_id"])


def test_formulas(tmp_path: Path) -> None:
    """A formula without its result is no number; it is refused with the way out."""
    rows: list[list[Any]] = [["order id", "date", "total", "currency"], ["7", "2026-04-18T16:04:05Z", "=1+1", "EUR"]]
    _, refused, _ = imported(workbook(tmp_path / "o.xlsx", rows))
    assert [(each.column, each.value) for each in refused] == [("total", "=1+1")]
    assert "save the values" in refused[0].reason


RECORDS = [dict(zip(HEADER, row, strict=True)) for row in ROWS]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=1),
        "\n".join(json.dumps(each) for each in RECORDS),
        "\ufeff" + "\r\n".join(json.dumps(each) for each in RECORDS) + "\r\n\r\n",
        json.dumps({"data": RECORDS}),
        json.dumps({"meta": {"total": 2}, "data": {"comments": RECORDS}}, indent=2),
    ],
    ids=["array", "indented array", "lines", "lines with a mark", "document", "indented document"],
)
def test_json(tmp_path: Path, text: str) -> None:
    """Records are read from arrays, lines and documents."""
    assert texts_of(written(tmp_path / "c.json", text)) == WANTED


def test_numbers_of_json(tmp_path: Path) -> None:
    """A bare 64-bit number keeps its digits, an amount is no float, and a ruined id is refused."""
    orders = '[{"order_id":7247303576418566913,"date":"2026-04-18T16:04:05Z","total":34.10,"currency":"EUR"},'
    orders += '{"order_id":1.79E+16,"date":"2026-04-18T16:04:05Z","total":1,"currency":"EUR"}]'
    events, refused, _ = imported(written(tmp_path / "o.json", orders))
    assert [(each["order_id"], each["amount"]) for each in events] == [("7247303576418566913", "34.10")]
    assert [(each.line, each.value) for each in refused] == [(2, "1.79E+16")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n\n \n", "empty"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "xls"),
        (b"PK\x03\x04" + bytes(100), "damaged workbook"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (gzip.compress(gzip.compress(b"a,b\n", mtime=0), mtime=0), "twice"),
        (bytes(5000), "no text"),
        (b'{"data": [\n{"id": 1},\n', "cut off"),
        (b"Vorname,Nachname\nMia,Muster\n", "no header of a source"),
        (b'[{"id": 1}]', "no header of a source"),
    ],
)
def test_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """What is no export is refused as a whole, by what it is."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FileError, match=reason):
        imported(path)


def test_day_order_of_the_whole_column(tmp_path: Path) -> None:
    """One date far down decides how all are read; where none does, each that could be two is refused."""
    lines = [f"{1790000000000 + number},1,fan,03/04/2026 10:00,hi" for number in range(3_000)]
    text = "comment_id,post_id,username,date,text\n" + "\n".join(lines)
    events, refused, _ = imported(written(tmp_path / "a.csv", text), platform="instagram")
    assert (len(events), len(refused)) == (0, 3_000)
    decided = text + "\n1790000009999,1,fan,13/04/2026 10:00,hi\n"
    events, refused, _ = imported(written(tmp_path / "b.csv", decided), platform="instagram")
    assert (len(events), refused, events[0]["occurred_at"]) == (3_001, [], "2026-04-03T08:00:00Z")
    events, _, _ = imported(tmp_path / "a.csv", platform="instagram", order="mdy")
    assert events[0]["occurred_at"] == "2026-03-04T09:00:00Z"


def test_same_rows_same_ids(tmp_path: Path) -> None:
    """Comments without ids have the same ones in another order, another delimiter and beside others."""
    rows = ["mia,hi,2026-04-18T16:04:05Z", "tom,hi,2026-04-18T16:04:05Z", "mia,hi again,2026-04-18T16:04:05Z"]
    first, _, report = imported(
        written(tmp_path / "a.csv", "\n".join(["username,comment,date", *rows])), platform="instagram"
    )
    text = "\n".join(["username;comment;date", *reversed(rows)]).replace(",", ";")
    second, _, _ = imported(written(tmp_path / "b.csv", text), platform="instagram")
    assert [each["event_id"] for each in second] == [each["event_id"] for each in reversed(first)]
    assert len({each["event_id"] for each in first}) == 3
    assert all(each["event_id"].startswith("derived:") for each in first)
    assert any("derived" in note for note in report.notes)


def test_row_numbers_are_no_ids(tmp_path: Path) -> None:
    """A column headed ID that numbers the rows is none of ids."""
    text = "ID,username,comment,date\n1,mia,hi,2026-04-18T16:04:05Z\n2,tom,hi,2026-04-18T16:04:05Z\n"
    events, _, _ = imported(written(tmp_path / "a.csv", text), platform="instagram")
    assert len(events) == 2
    assert all(each["event_id"].startswith("derived:") for each in events)


def test_deleted_users_and_replies(tmp_path: Path) -> None:
    """A deleted account is nobody to count; a reply that is only indented has the comment above it as its parent."""
    text = (
        "comment id,type,username,comment,date\n"
        "17900000000000001,comment,mia,hi,2026-04-18T16:04:05Z\n"
        "17900000000000002,reply,tom,hello,2026-04-18T16:04:06Z\n"
        "17900000000000003,comment,[deleted],gone,2026-04-18T16:04:07Z\n"
        "17900000000000004,comment,↳ zoe,hm,2026-04-18T16:04:08Z\n"
    )
    events, refused, _ = imported(written(tmp_path / "a.csv", text))
    assert [(each["author_id"], each.get("parent_id")) for each in events] == [
        ("mia", None),
        ("tom", "17900000000000001"),
        ("zoe", "17900000000000001"),
    ]
    assert [(each.line, each.value) for each in refused] == [(4, "[deleted]")]


def test_totals_and_blank_rows(tmp_path: Path) -> None:
    """Totals, averages and blank rows are no posts, wherever they stand."""
    text = (
        "Date (GMT),Post ID,Post Permalink,Social Network,Likes,Comments,Video Views\n"
        ",,,,,,\n"
        'Grand total,,,,"1,224",155,29232\n'
        "2026-04-18 16:00,18000000000000001,https://www.instagram.com/p/DxAb/,Instagram,1.2K,N/A,-1\n"
        "Average,,,,612,77,14616\n"
    )
    events, refused, report = imported(written(tmp_path / "p.csv", text))
    assert [{name: each.get(name) for name in ("likes", "comments", "views")} for each in events] == [
        {"likes": 1200, "comments": None, "views": None}
    ]
    assert (refused, report.skipped) == ([], {"totals": 2, "empty rows": 1})


def test_no_event_beyond_the_clock(tmp_path: Path) -> None:
    """An event in the future is refused with the row's line, as a worker would."""
    text = "comment_id,post_id,username,created_at,text\n17900000000000001,1,mia,2036-04-18T16:04:05Z,hi\n"
    _, refused, _ = imported(written(tmp_path / "c.csv", text))
    assert [(each.line, each.column) for each in refused] == [(2, "")]
    assert "lies after" in refused[0].reason
