"""Files in the encodings and compressions that people have: read, or refused by what they are."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from agents.text_files import FileError, event_lines

EVENTS = [
    {
        "type": "comment.created",
        "event_id": f"e{number}",
        "occurred_at": "2026-04-18T14:10:00Z",
        "campaign_id": "spring",
        "platform": "tiktok",
        "influencer_id": "ana",
        "post_id": "p1",
        "comment_id": f"c{number}",
        "author_id": f"u{number}",
        "text": "süß",
    }
    for number in range(3)
]
LINES = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in EVENTS)
DEFINITION = """
campaign_id: spring
name: Sprïng
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: tiktok}
giveaway:
  opens_at: "2026-04-18T14:00:00Z"
  closes_at: "2026-04-18T20:00:00Z"
"""


def zipped(text: str) -> bytes:
    """A ZIP archive of one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", text)
    return buffer.getvalue()


TEXT_FORMS = {
    "utf8": lambda text: text.encode(),
    "bom": lambda text: text.encode("utf-8-sig"),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "utf16": lambda text: text.encode("utf-16"),
    "utf16be-bom": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf16le-bom": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf32": lambda text: text.encode("utf-32"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip-bom": lambda text: gzip.compress(text.encode("utf-8-sig")),
    "gzip-utf16": lambda text: gzip.compress(text.encode("utf-16")),
    "two-gzips": lambda text: gzip.compress(text[:50].encode()) + gzip.compress(text[50:].encode()),
}
EVENT_FORMS = {
    **{name: form(LINES) for name, form in TEXT_FORMS.items()},
    "utf16le-no-bom": LINES.encode("utf-16-le"),
    "utf16be-no-bom": LINES.encode("utf-16-be"),
    "array": json.dumps(EVENTS).encode(),
    "array-pretty": json.dumps(EVENTS, indent=2).encode("utf-8-sig"),
    "array-gzip-utf16": gzip.compress(("\n\n" + json.dumps(EVENTS, indent=2)).encode("utf-16")),
    "two-boms": b"".join(line.encode("utf-8-sig") for line in LINES.splitlines(keepends=True)),
    "no-last-line-end": LINES.rstrip().encode(),
}
OTHERS = {
    "zip": (zipped(LINES), "ZIP"),
    "bz2": (bz2.compress(LINES.encode()), "bzip2"),
    "xz": (lzma.compress(LINES.encode()), "xz"),
    "zstd": (b"\x28\xb5\x2f\xfd123", "zstd"),
    "parquet": (b"PAR1....", "Parquet"),
    "gzip-twice": (gzip.compress(gzip.compress(LINES.encode())), "twice"),
    "gzip-cut": (gzip.compress(LINES.encode())[:-20], "damaged gzip"),
    "gzip-broken": (gzip.compress(LINES.encode())[:20] + b"xxxxxxxxxxx", "damaged gzip"),
    "utf16-odd": (LINES.encode("utf-16")[:-1], "UTF-16"),
}
NOTHING = {
    "text": (b"hello\nworld\n", "none of its 2 lines"),
    "binary": (bytes(range(256)), "none of its"),
    "latin1": (b"\xe9\xe8\n", "none of its 1 lines"),
    "csv": (b"type,event_id\ncomment.created,e1\n", "none of its 2 lines"),
    "pretty": (json.dumps(EVENTS[0], indent=2).encode(), "none of its"),
    "array-of-numbers": (b"[1, 2]", "none of its 2 lines"),
    "array-cut": (json.dumps(EVENTS, indent=1).encode()[:-1], "JSON array"),
}


def run(tmp_path: Path, data: bytes, *arguments: str, definition: bytes = DEFINITION.encode()) -> Result:
    """A command with FILE and DEFINITION in its arguments replaced by files."""
    (tmp_path / "f").write_bytes(data)
    (tmp_path / "d").write_bytes(definition)
    paths = {"FILE": str(tmp_path / "f"), "DEFINITION": str(tmp_path / "d")}
    return CliRunner().invoke(cli, [paths.get(each, each) for each in arguments])


@pytest.mark.parametrize("data", EVENT_FORMS.values(), ids=EVENT_FORMS)
def test_events_are_read_in_every_form(tmp_path: Path, data: bytes) -> None:
    """By replay and by the check of a giveaway alike."""
    replayed = run(tmp_path, data, "replay", "FILE")
    assert replayed.exit_code == 0, replayed.output
    assert "3 events counted" in replayed.output
    checked = run(tmp_path, data, "giveaway", "check", "DEFINITION", "--events", "FILE")
    assert checked.exit_code == 0, checked.output
    assert "3 entries" in checked.output


@pytest.mark.parametrize(("data", "word"), [*OTHERS.values()], ids=OTHERS)
def test_what_cannot_be_read_is_refused_by_its_name(tmp_path: Path, data: bytes, word: str) -> None:
    """Instead of thousands of refused lines and exit code 0."""
    for arguments in (("replay", "FILE"), ("giveaway", "check", "DEFINITION", "--events", "FILE")):
        result = run(tmp_path, data, *arguments)
        assert result.exit_code == 2, result.output
        assert word in result.output
        assert "Traceback" not in result.output


@pytest.mark.parametrize(("data", "word"), [*NOTHING.values()], ids=NOTHING)
def test_a_file_of_which_nothing_could_be_read_is_no_success(tmp_path: Path, data: bytes, word: str) -> None:
    """Exit code 2 and the reason, also with --json and --alerts."""
    for options in ((), ("--json",), ("--alerts",)):
        result = run(tmp_path, data, "replay", "FILE", *options)
        assert result.exit_code == 2, result.output
        assert word in result.output


@pytest.mark.parametrize(
    "data",
    [b"", b"\n \n", b"[]", b"\xef\xbb\xbf", gzip.compress(b"")],
    ids=["empty", "blank", "array", "mark", "gzip"],  # packed bytes hold the time, and ids must not change
)
def test_a_file_without_a_line_is_a_quiet_day(tmp_path: Path, data: bytes) -> None:
    """There was nothing to read, and nothing went wrong."""
    result = run(tmp_path, data, "replay", "FILE")
    assert result.exit_code == 0, result.output
    assert "0 lines" in result.output


def test_one_unreadable_file_among_others_is_told(tmp_path: Path) -> None:
    """The numbers of the others are printed all the same."""
    (tmp_path / "g").write_bytes(LINES.encode())
    result = run(tmp_path, b"nothing\n", "replay", str(tmp_path / "g"), "FILE")
    assert result.exit_code == 2
    assert "3 events counted" in result.output
    assert f"{tmp_path / 'f'}: none of its 1 lines" in result.output


def test_a_file_of_duplicates_and_one_with_some_bad_lines_are_read(tmp_path: Path) -> None:
    """Refused lines among good ones are counted, as before."""
    assert run(tmp_path, (LINES + LINES + "bad\n[1]\n").encode(), "replay", "FILE").exit_code == 0


@pytest.mark.parametrize("form", TEXT_FORMS.values(), ids=TEXT_FORMS)
def test_definitions_are_read_in_every_form(tmp_path: Path, form: "type[bytes]") -> None:
    """Windows editors write byte order marks and UTF-16."""
    result = run(tmp_path, b"", "campaigns", "apply", "--dry-run", "DEFINITION", definition=form(DEFINITION))  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    assert "Sprïng" in result.output


NO_DEFINITIONS: Final = {
    **{name: data for name, (data, _) in OTHERS.items()},
    "empty": b"",
    "latin": b"\xe9",
    "comment": b"# only a comment\n",
    "list": b"[]",
    "list of nothing": b"[{}]",
    "binary": b"\x00\x01",
}


@pytest.mark.parametrize("data", NO_DEFINITIONS.values(), ids=NO_DEFINITIONS)
def test_definitions_that_are_none_are_refused(tmp_path: Path, data: bytes) -> None:
    """With exit code 2 and no traceback."""
    result = run(tmp_path, b"", "campaigns", "apply", "--dry-run", "DEFINITION", definition=data)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output


def test_lines_of_a_stream_keep_their_numbers() -> None:
    """Blank lines count: messages name the line."""
    raw = io.BufferedReader(io.BytesIO(b'\n\n{"a":1}\n'))  # type: ignore[arg-type]
    assert list(event_lines(raw)) == [b"\n", b"\n", b'{"a":1}\n']
    with pytest.raises(FileError, match="JSON array"):
        list(event_lines(io.BufferedReader(io.BytesIO(b"[1,\n2"))))  # type: ignore[arg-type]
