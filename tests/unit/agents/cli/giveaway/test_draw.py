"""`campaign-pulse giveaway draw`, `verify` and `receipt`: files in, files out, exit codes."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.giveaway import draw_files
from agents.cli.giveaway.recording import NewFiles
from agents.cli.root import cli
from models.draws import FrozenEntries, LedgerEnd, Randomness
from streams.giveaway.draw import entrant_of, list_text, read_list, receipt_of
from streams.giveaway.freeze import ENTRIES_FILE, LEFT_OUT_FILE, listed_file


def run(*arguments: object) -> Result:
    """Run a giveaway command."""
    return CliRunner().invoke(cli, ["giveaway", *map(str, arguments)])


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """Return a directory with a frozen list of a hundred people."""
    key = draw_files.new_key()
    draw_files.write_new(tmp_path / draw_files.KEY, draw_files.encode_key(key))
    people = [entrant_of(receipt_of(key, "instagram", str(n)), "instagram", str(n)) for n in range(100)]
    text = list_text((each, 1 + n % 3) for n, each in enumerate(people))
    left_out = f"{entrant_of(receipt_of(key, 'tiktok', 'bot'), 'tiktok', 'bot')} exclude 0.95 burst\n".encode()
    record = FrozenEntries(
        campaign_id="spring",
        name="Spring",
        frozen_at="2026-04-18T20:05:00Z",
        rules={"friends": 2},
        ledger=LedgerEnd(topic="campaign.entries.v1", offsets={"3": 812}),
        entries=listed_file(ENTRIES_FILE, text),
        chances=read_list(text).total,
        left_out=listed_file(LEFT_OUT_FILE, left_out),
        winners=3,
        substitutes=2,
        randomness=Randomness(source="dice"),
    )
    draw_files.write_new(tmp_path / ENTRIES_FILE, text)
    draw_files.write_new(tmp_path / LEFT_OUT_FILE, left_out)
    draw_files.write_new(tmp_path / draw_files.FROZEN, draw_files.encode_pretty(record))
    return tmp_path


def test_a_draw_is_verified(frozen: Path) -> None:
    """What was drawn verifies, and again from copies elsewhere; a second draw does not overwrite the first."""
    done = run("draw", frozen, "--randomness", "8d3c1f", "--json")
    assert done.exit_code == 0, done.output
    record = json.loads((frozen / draw_files.DRAW).read_bytes())
    assert len(record["winners"]) == 3
    assert len(record["substitutes"]) == 2
    assert record["frozen"] == hashlib.sha256((frozen / draw_files.FROZEN).read_bytes()).hexdigest()
    verified = run("verify", frozen / draw_files.DRAW)
    assert (verified.exit_code, verified.output.split(":")[0]) == (0, "verified")
    assert run("verify", frozen / draw_files.FROZEN).exit_code == 0
    elsewhere = frozen / "copy"
    elsewhere.mkdir()
    (frozen / ENTRIES_FILE).rename(elsewhere / "list")
    assert run("verify", frozen / draw_files.DRAW, "--entries", elsewhere / "list").exit_code == 0
    assert run("verify", frozen / draw_files.DRAW).exit_code == 2
    (elsewhere / "list").rename(frozen / ENTRIES_FILE)
    again = run("draw", frozen, "--randomness", "something else")
    assert again.exit_code == 2
    assert "not overwritten" in again.output


def test_one_changed_entry_is_found(frozen: Path) -> None:
    """A list in which one entrant was replaced is neither drawn from nor verified: exit code 1, and why."""
    assert run("draw", frozen, "--randomness", "v").exit_code == 0
    path = frozen / ENTRIES_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    lines[50] = lines[50][:31] + (b"0" if lines[50][31:32] != b"0" else b"1") + lines[50][32:]
    path.write_bytes(b"".join(sorted(lines)))
    verified = run("verify", frozen / draw_files.DRAW)
    assert verified.exit_code == 1
    assert "differs: entry list: SHA-256" in verified.output
    (frozen / draw_files.DRAW).unlink()
    assert run("draw", frozen, "--randomness", "v").exit_code == 1
    assert not (frozen / draw_files.DRAW).exists()


@pytest.mark.parametrize("name", [draw_files.FROZEN, draw_files.DRAW])
def test_a_changed_record_is_found(frozen: Path, name: str) -> None:
    """More substitutes in the frozen record, or another winner in the draw's: exit code 1."""
    assert run("draw", frozen, "--randomness", "v").exit_code == 0
    document = json.loads((frozen / name).read_bytes())
    if name == draw_files.FROZEN:
        document["substitutes"] = 3
    else:
        document["winners"][0]["entrant"] = document["substitutes"][0]["entrant"]
    (frozen / name).write_text(json.dumps(document))
    verified = run("verify", frozen / draw_files.DRAW)
    assert verified.exit_code == 1
    assert "differs: " in verified.output


def test_a_changed_list_of_those_left_out_is_found(frozen: Path) -> None:
    """Another left-out.txt than the frozen one is neither drawn with nor verified; a copy elsewhere can be named."""
    assert run("draw", frozen, "--randomness", "v").exit_code == 0
    true = (frozen / LEFT_OUT_FILE).read_bytes()
    (frozen / LEFT_OUT_FILE).write_bytes(b"")
    verified = run("verify", frozen / draw_files.DRAW)
    assert (verified.exit_code, "differs: left out: SHA-256" in verified.output) == (1, True)
    (frozen / "copy").write_bytes(true)
    assert run("verify", frozen / draw_files.DRAW, "--left-out", frozen / "copy").exit_code == 0
    (frozen / draw_files.DRAW).unlink()
    assert run("draw", frozen, "--randomness", "v").exit_code == 1
    assert not (frozen / draw_files.DRAW).exists()


def test_a_document_is_no_value(frozen: Path, tmp_path: Path) -> None:
    """Where a text was announced, a page or JSON is refused: its spacing would decide."""
    for text in ('{"value": 7}', "[7]", "<html>"):
        (tmp_path / "answer").write_text(text)
        refused = run("draw", frozen, "--randomness-from", tmp_path / "answer")
        assert (refused.exit_code, "is a document, not a value" in refused.output) == (2, True)


def test_a_receipt_says_where_somebody_is_listed(frozen: Path) -> None:
    """Somebody in the list gets line and receipt; somebody left out or unknown gets exit code 1."""
    done = run("receipt", frozen, "instagram", "42")
    assert done.exit_code == 0
    fields = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    assert fields["entrant"] == entrant_of(fields["receipt"], "instagram", "42")
    assert fields["listed"].startswith("entries.txt, line ")
    left_out = run("receipt", frozen, "tiktok", "bot")
    assert left_out.exit_code == 1
    assert "left-out.txt, line 1" in left_out.output
    unknown = run("receipt", frozen, "tiktok", "mia")
    assert unknown.exit_code == 1
    assert 'should this be a handle, write "@mia"' in unknown.output


def test_unusable_input_is_exit_code_2(frozen: Path, tmp_path: Path) -> None:
    """No value, two values, an unreadable or foreign file: one line that names it."""
    assert run("draw", frozen).exit_code == 2
    assert run("draw", frozen, "--randomness", "a", "--randomness-from", "b").exit_code == 2
    assert run("draw", frozen, "--randomness", "  ").exit_code == 2
    assert run("draw", tmp_path / "nowhere", "--randomness", "a").exit_code == 2
    (tmp_path / "other.json").write_text('{"format": "else"}')
    assert run("verify", tmp_path / "other.json").exit_code == 2
    missing = run("draw", frozen, "--randomness-from", tmp_path / "missing")
    assert missing.exit_code == 2
    assert str(tmp_path / "missing") in missing.output


def test_a_draw_is_its_owners_alone_until_it_is_published(tmp_path: Path) -> None:
    """Under any umask, directories made for it are 0700 and its files 0600; a directory that was there stays."""
    before = os.umask(0)
    try:
        with NewFiles(tmp_path / "draws" / "spring") as files:
            files.write("frozen.json", b"{}")
            draw_files.replace(tmp_path / "draws" / "spring" / "log.json", b"[]")
        (tmp_path / "public").mkdir(mode=0o755)
        with NewFiles(tmp_path / "public"):
            pass
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"draws": 0o700, "spring": 0o700, "frozen.json": 0o600, "log.json": 0o600, "public": 0o755}


def test_the_key_is_its_owners_alone(frozen: Path) -> None:
    """The key's file is not readable by others, and nothing that is published contains it."""
    assert (frozen / draw_files.KEY).stat().st_mode & 0o077 == 0
    key = (frozen / draw_files.KEY).read_text().strip()
    assert all(key not in path.read_text() for path in frozen.iterdir() if path.name != draw_files.KEY)
