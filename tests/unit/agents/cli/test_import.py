"""`campaign-pulse import` as a user meets it: what goes where, what is told, exit codes."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.common import UsageFailure
from agents.cli.import_run import ImportRun
from agents.cli.root import cli
from agents.imports.importing import Importer
from agents.imports.sinks import Nowhere
from streams.imports.campaign import ImportOptions
from tests.unit.agents.imports.exports import NOW_MS, SAMPLES, campaign
from tests.unit.agents.imports.test_files import workbook

DEFINITION = ("--definition", str(SAMPLES / "campaign.yaml"))


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_CLOCK", str(NOW_MS))
    monkeypatch.delenv("PULSE_GATEWAY_PERSON_KEY", raising=False)


def run(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["import", *map(str, arguments)])


def copied(name: str, folder: Path) -> Path:
    """Return a copy of a sample: refused rows are written beside it."""
    return Path(shutil.copy(SAMPLES / name, folder / name))


def test_everything_read_is_exit_code_0(tmp_path: Path) -> None:
    """Events are lines on stdout; how the file was read and what it came to is on stderr."""
    file = copied("exportcomments_instagram.csv", tmp_path)
    done = run(file, *DEFINITION, "--zone", "Europe/Vienna")
    assert done.exit_code == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["event_id"] for each in events] == ["17900000000000001", "17900000000000003", "17900000000000004"]
    assert "exportcomments (ExportComments: comments of any platform); CSV with commas, UTF-8" in done.stderr
    assert "3 rows: 3 events, 0 refused" in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_refused_rows_are_exit_code_1(tmp_path: Path) -> None:
    """Some rows refused: the others are written, these stand beside the file and on stderr."""
    file, out = copied("comments_generic.csv", tmp_path), tmp_path / "events.ndjson"
    done = run(file, *DEFINITION, "--out", out)
    assert (done.exit_code, done.stdout) == (1, "")
    assert len(out.read_bytes().splitlines()) == 1
    with (tmp_path / "comments_generic.csv.refused.csv").open(encoding="utf-8-sig", newline="") as refused:
        (row,) = csv.DictReader(refused)
    assert (row["file"], row["line"], row["column"], row["value"]) == (str(file), "3", "comment_id", "1.79E+16")
    assert "spreadsheet" in row["reason"]
    assert "line 3, column 'comment_id'" in done.stderr


def test_nothing_read_is_exit_code_2(tmp_path: Path) -> None:
    """A file of which every row is refused, or that is unknown, leaves --out as it was."""
    out = tmp_path / "events.ndjson"
    out.write_text("before\n")
    done = run(copied("exportcomments_instagram.csv", tmp_path), *DEFINITION, "--out", out)
    assert done.exit_code == 2
    assert "--zone" in done.stderr
    unknown = tmp_path / "people.csv"
    unknown.write_text("Vorname,Nachname\nMia,Muster\n")
    done = run(unknown, *DEFINITION, "--out", out)
    assert done.exit_code == 2
    assert "headers found: 'Vorname', 'Nachname'" in done.stderr
    assert "shopify-orders" in done.stderr
    assert out.read_text() == "before\n"
    assert not list(tmp_path.glob(".*"))


def test_one_bad_file_does_not_keep_the_others(tmp_path: Path) -> None:
    """Of several files those that can be read are; the exit code says that one could not."""
    empty = tmp_path / "empty.csv"
    empty.touch()
    done = run(empty, copied("instagram_apify_comments.csv", tmp_path), *DEFINITION)
    assert done.exit_code == 2
    assert len(done.stdout.splitlines()) == 1
    assert f"{empty}: it is empty" in done.stderr


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    """A dry run tells what would become of a file, refused rows too, and writes nothing."""
    done = run(copied("comments_generic.csv", tmp_path), *DEFINITION, "--dry-run")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "2 rows: 1 events, 1 refused" in done.stderr
    assert len(list(tmp_path.iterdir())) == 1


def test_recognised_without_events(tmp_path: Path) -> None:
    """What is recognised and has no events says so, and is no failure."""
    done = run(copied("aspire_sales_tracking_export.csv", tmp_path), *DEFINITION)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "Totals of members are no orders" in done.stderr


def test_refused_formulas_are_harmless(tmp_path: Path) -> None:
    """A refused value that a spreadsheet would compute does not stand so in the file of refused rows."""
    file = tmp_path / "c.csv"
    file.write_text("comment_id,post_id,username,date,text\n17900000000000001,1,mia,=NOW(),hi\n")
    assert run(file, *DEFINITION, "--platform", "instagram").exit_code == 2
    assert ",'=NOW()," in (tmp_path / "c.csv.refused.csv").read_text("utf-8-sig")


def test_map_of_columns(tmp_path: Path) -> None:
    """A table that no source fits is read by a map: fields to headers, with zone and order of days."""
    file, map_file = tmp_path / "c.csv", tmp_path / "map.yaml"
    file.write_text("Wer;Was;Wann\nmia;hi;03/04/2026 10:00\n")
    map_file.write_text(
        "kind: comments\nplatform: instagram\nzone: Europe/Vienna\ndates: dmy\n"
        "columns: {username: Wer, text: Was, time: Wann}\n"
    )
    done = run(file, *DEFINITION, "--map", map_file, "--post", "18000000000000001")
    assert done.exit_code == 0, done.stderr
    (event,) = map(json.loads, done.stdout.splitlines())
    assert (event["author_id"], event["occurred_at"], event["post_id"]) == (
        "mia",
        "2026-04-03T08:00:00Z",
        "18000000000000001",
    )
    map_file.write_text("kind: comments\ncolumns: {who: Wer}\n")
    done = run(file, *DEFINITION, "--map", map_file)
    assert done.exit_code == 2
    assert "'who' is no field of comments" in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--zone", "Vienna"], "--zone: 'Vienna' is neither"),
        (["--influencer", "zoe"], "--influencer: 'zoe' is none of the campaign's: ana, bruno, chloe"),
        (["--currency", "EURO"], "--currency: 'EURO' is not in ISO 4217"),
        (["--encoding", "utf-9"], "--encoding: 'utf-9' is no encoding"),
        (["--post", "=1"], "--post: '=1' is neither ID nor NAME=ID"),
        (["--campaign", "autumn"], "give --campaign, one of spring"),
        (["--to-kafka", "--dry-run"], "--to-kafka goes with neither"),
        (["--source", "friendster"], "'friendster' is no source; there are"),
    ],
)
def test_wrong_use(tmp_path: Path, options: list[str], told: str) -> None:
    """Wrong use names option and value, and what is possible; exit code 2."""
    done = run(copied("comments_generic.csv", tmp_path), *DEFINITION, *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_ledger(tmp_path: Path) -> None:
    """What the ledger has is passed over, whatever file it comes in; a dry run and a failure write nothing into it."""
    ledger, out = tmp_path / "spring.ledger", tmp_path / "events.ndjson"
    file = copied("exportcomments_instagram.csv", tmp_path)
    shared = (*DEFINITION, "--zone", "Europe/Vienna", "--ledger", ledger)
    assert run(file, *shared, "--dry-run").exit_code == 0
    assert not ledger.exists()
    assert run(file, *shared, "--out", tmp_path / "no-such-folder" / "o").exit_code == 2
    assert run(file, *shared, "--out", out).exit_code == 0
    assert len(out.read_bytes().splitlines()) == 3
    graph = copied("instagram_graph_comments.json", tmp_path)
    done = run(file, graph, *shared, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert [json.loads(line)["event_id"] for line in out.read_text().splitlines()] == ["17900000000000005"]
    assert "not events: 3 imported before, by the ledger" in done.stderr
    ledger.write_bytes(ledger.read_bytes()[:-3])
    assert len(run(graph, *shared).stdout.splitlines()) == 1
    ledger.write_text("something else")
    done = run(file, *shared)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "it is no ledger of imports" in done.stderr


def test_inputs_are_not_written_over(tmp_path: Path) -> None:
    """An output that is one of the inputs is refused before anything is written."""
    file = copied("comments_generic.csv", tmp_path)
    before = file.read_bytes()
    for option in ("--out", "--rejects"):
        done = run(file, *DEFINITION, option, file)
        assert (done.exit_code, file.read_bytes()) == (2, before)
        assert "is one of the files to be read" in done.stderr


def test_tools_instead_of_sources(tmp_path: Path) -> None:
    """A tool's name stands for its exports, in any spelling, and generic for the tables of no tool."""
    file = copied("aspire_sales_tracking_export.csv", tmp_path)
    assert "aspire-sales" in run(file, *DEFINITION, "--source", "Aspire").stderr
    file = copied("shopify_orders_export.csv", tmp_path)
    assert "shopify-orders" in run(file, *DEFINITION, "--source", "shopify_orders", "--dry-run").stderr
    file = copied("instagram_apify_comments.csv", tmp_path)
    done = run(file, *DEFINITION, "--source", "generic")
    assert (done.exit_code, ": comments (" in done.stderr) == (0, True)
    done = run(file, *DEFINITION, "--source", "gleam")
    assert done.exit_code == 2
    assert "no header of gleam was found" in done.stderr


@pytest.mark.parametrize("platform", ["instagram", "tiktok"])
def test_comments_without_ids_are_not_sent_unasked(tmp_path: Path, platform: str) -> None:
    """To Kafka, comments without ids of their own end the import: they would count again beside those of hooks."""
    file = tmp_path / "c.csv"
    file.write_text("username,comment,date\nmia,hi,2026-04-18T16:04:05Z\n")
    options = ImportOptions(platform=platform, posts={"": "1"})
    for needs_ids in (False, True):
        importer = Importer(campaign(), options, now_ms=NOW_MS)
        running = ImportRun(importer, None, dry_run=False, needs_ids=needs_ids, ledger=None)
        if needs_ids:
            with pytest.raises(UsageFailure, match="--accept-derived-ids"):
                running.read(file, Nowhere())
        else:
            running.read(file, Nowhere())
            assert (running.events, running.exit_code) == (1, 0)


def test_list_of_sources() -> None:
    """The sources are listed without a file."""
    done = run("--list-sources")
    assert done.exit_code == 0
    assert "exportcomments" in done.stdout
    assert "rafflecopter-entries" in done.stdout


def test_workbook_to_events(tmp_path: Path) -> None:
    """A workbook is read from the command line like any table."""
    rows: list[list[object]] = [["comment_id", "username", "date", "text"]]
    rows += [["17900000000000001", "mia", "2026-04-18T16:04:05Z", "hi"]]
    done = run(workbook(tmp_path / "c.xlsx", rows), *DEFINITION)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["author_id"] == "mia"
