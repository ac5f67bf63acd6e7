"""What imports cost: rows a second on one core, and the largest memory of the process, for a million rows.

    python -m bench.imports [--rows 1000000] [--only csv]

Makes an export of comments as CSV, as XLSX (shared strings, as Excel writes it) and as JSON lines, an export of orders
as CSV, and runs ``campaign-pulse import`` on each in a process of its own, bound to one core. Rows a second are by the
processor time of that process, its start included: the machines that this runs on are shared.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

TARGET_ROWS_PER_SECOND: Final = 20_000
TARGET_MB: Final = 300
_START: Final = datetime(2026, 4, 18, 14, tzinfo=UTC)
_DEFINITION: Final = """\
campaign_id: spring
name: Spring
starts_at: "2026-04-18T16:00:00+02:00"
ends_at: "2026-04-18T22:00:00+02:00"
influencers: [{influencer_id: ana, handle: "@ana", platform: instagram, discount_codes: [ANA]}]
"""
_COMMENT: Final = ("comment_id", "post_id", "username", "user_id", "created_at", "text", "parent_comment_id", "likes")
_ORDER: Final = ("Name", "Financial Status", "Total", "Created at", "Currency", "Discount Code", "Id", "Lineitem name")


def comments(rows: int) -> Iterator[tuple[str, ...]]:
    """Yield made-up comments, of 90,000 people, six hours long."""
    for number in range(rows):
        moment = _START + timedelta(seconds=number * 6 * 3600 // rows)
        yield (
            str(17900000000000000 + number),
            "18000000000000001",
            f"fan_{number % 90_000}",
            str(5_000_000 + number % 90_000),
            moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            f"I'm in! 🎉 @mia_{number % 1000} @tom.b number {number}",
            "",
            str(number % 7),
        )


def orders(rows: int) -> Iterator[tuple[str, ...]]:
    """Yield made-up orders of a shop."""
    for number in range(rows):
        moment = _START + timedelta(seconds=number * 6 * 3600 // rows)
        yield (
            f"#{number}", "paid", f"{number % 90}.90", moment.strftime("%Y-%m-%d %H:%M:%S +0000"), "EUR",
            "ANA" if number % 3 else "", str(5_900_000_000_000 + number), "Serum",
        )  # fmt: skip


def write_csv(path: Path, header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    """Write a table; no cell needs quotes but the text of comments."""
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(header) + "\n")
        for row in rows:
            file.write(",".join(row) + "\n")


def write_lines(path: Path, header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    """Write JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) + "\n")


def write_workbook(path: Path, header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    """Write a workbook as Excel does: every text once, in the shared strings."""
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    strings: dict[str, int] = {}

    def cell(column: int, line: int, text: str) -> str:
        reference = f"{chr(65 + column)}{line}"
        if not text:
            return ""
        if text.isdigit() and len(text) < 10:
            return f'<c r="{reference}"><v>{text}</v></c>'
        return f'<c r="{reference}" t="s"><v>{strings.setdefault(text, len(strings))}</v></c>'

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
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
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(b"<worksheet><sheetData>")
            for line, row in enumerate(chain((header,), rows), start=1):
                sheet.write(_row(line, "".join(cell(column, line, text) for column, text in enumerate(row))))
            sheet.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as shared:
            shared.write(b"<sst>")
            for text in strings:
                shared.write(f"<si><t>{text}</t></si>".encode())
            shared.write(b"</sst>")


def _row(line: int, cells: str) -> bytes:
    return f'<row r="{line}">{cells}</row>'.encode()


CASES: Final[dict[str, Callable[[Path, int], None]]] = {
    "csv": lambda path, rows: write_csv(path, _COMMENT, comments(rows)),
    "xlsx": lambda path, rows: write_workbook(path, _COMMENT, comments(rows)),
    "ndjson": lambda path, rows: write_lines(path, _COMMENT, comments(rows)),
    "orders": lambda path, rows: write_csv(path, _ORDER, orders(rows)),
}
_ADDITIONS: Final = 3_000_000
_MOST_OF_A_SHEET: Final = 1_048_575


def measure(name: str, rows: int, folder: Path) -> bool:
    """Make the file of a case, import it, print the figures; return whether they reach the targets."""
    path, definition = folder / f"{name}.data", folder / "definition.yaml"
    definition.write_text(_DEFINITION)
    rows = min(rows, _MOST_OF_A_SHEET) if name == "xlsx" else rows
    CASES[name](path, rows)
    out = folder / "events.ndjson"
    command = [sys.executable, "-m", "agents.cli", "import", str(path), "-d", str(definition), "--out", str(out)]
    core = sorted(os.sched_getaffinity(0))[-1]
    began = time.perf_counter()
    child = subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    told = child.stderr.read().decode() if child.stderr is not None else ""
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    if child.stderr is not None:
        child.stderr.close()
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"{name}: the import failed: {told}")
    with out.open("rb") as lines:
        events = sum(1 for _ in lines)
    if events != rows:
        raise RuntimeError(f"{name}: {events:,} events of {rows:,} rows")
    cpu = usage.ru_utime + usage.ru_stime
    # Linux counts kilobytes.
    megabytes = usage.ru_maxrss * 1024 / 1e6
    is_met = rows / cpu >= TARGET_ROWS_PER_SECOND and megabytes < TARGET_MB
    print(
        f"{name:7} {rows:>9,} rows, {path.stat().st_size / 1e6:5.0f} MB: {rows / cpu:7,.0f} rows per CPU second, "
        f"{megabytes:4.0f} MB at most; {seconds:.0f} s elapsed{'' if is_met else '  MISSED'}"
    )
    path.unlink()
    out.unlink()
    return is_met


def pace() -> float:
    """Return how many millions of additions a second of this process makes: what a busy machine leaves of a core."""
    began, total = time.process_time(), 0
    for number in range(_ADDITIONS):
        total += number
    return _ADDITIONS / 1e6 / (time.process_time() - began)


def main() -> None:
    """Measure every case; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=sorted(CASES))
    arguments = parser.parse_args()
    print(f"targets: {TARGET_ROWS_PER_SECOND:,} rows per CPU second, below {TARGET_MB} MB")
    print(f"this core makes {pace():.0f} million additions a second now")
    with tempfile.TemporaryDirectory() as folder:
        names = [arguments.only] if arguments.only else list(CASES)
        reached = [measure(name, arguments.rows, Path(folder)) for name in names]
        if not all(reached):
            sys.exit(1)


if __name__ == "__main__":
    main()
