"""`campaign-pulse giveaway freeze`, `draw` and `verify` with a drand round: nothing but that round decides."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from agents.cli.giveaway import draw_files
from agents.cli.root import cli
from streams.giveaway.drand import KNOWN_CHAINS
from streams.giveaway.loaded import GiveawayData
from tests.unit import drand_chains as made
from tests.unit.agents.cli.giveaway.conftest import put_in_place
from tests.unit.ledgers import block, comment, loaded

CASES = Path(__file__).parents[3] / "golden" / "draws"
OF_42 = "8ada64bae5c6c0f5540a6a13af56e663240edfbd2c76ac6a8f27671eb7259ce3"
# 2026-11-27, a Friday, 12:00 UTC; 13:00 in Berlin.
NOW_MS = 1_795_780_800_000
PEOPLE = 12


def run(*arguments: object, now_ms: int = NOW_MS) -> Result:
    """Run a giveaway command at a moment, without broker and Redis."""
    environment = {"PULSE_CLOCK": str(now_ms), "PULSE_REDIS_URL": ""}
    return CliRunner().invoke(cli, ["giveaway", *map(str, arguments)], env=environment)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> GiveawayData:
    """A giveaway in Berlin with twelve entrants, in place of the one that Kafka has."""
    comments = [comment(number, f"p{number:02d}") for number in range(PEOPLE)]
    data = loaded(block(*comments), time_zone="Europe/Berlin")
    return put_in_place(monkeypatch, data)


@pytest.fixture
def frozen(ledger: GiveawayData, tmp_path: Path) -> Path:
    """A list frozen for round 7 of a chain of the tests' own, a minute before that round."""
    (tmp_path / "info.json").write_text(made.info(made.ON_G1))
    directory = tmp_path / "draw"
    done = run(
        *("freeze", "c", directory, "--winners", 3, "--substitutes", 2, "--source", "drand", "--drand-round", 7),
        *("--drand-chain", tmp_path / "info.json", "--before-closing"),
        now_ms=(made.GENESIS + 6 * made.PERIOD - 60) * 1000,
    )
    assert done.exit_code == 0, done.output
    return directory


def answered(directory: Path, answer: dict[str, Any] | str) -> Path:
    """Write an answer beside a draw."""
    path = directory.parent / "answer"
    path.write_text(answer if isinstance(answer, str) else json.dumps(answer))
    return path


def json_of(path: Path) -> Any:
    """Read a record."""
    return json.loads(path.read_bytes())


@pytest.mark.parametrize("indent", [None, 8])
def test_d01_the_value_is_the_signatures_hash(tmp_path: Path, indent: int | None) -> None:
    """D01: an answer of version 2 gives SHA-256 of its signature, however it is spaced; `verify` checks it again."""
    directory = tmp_path / "draw"
    shutil.copytree(CASES / "D01-drand-v2-answer", directory)
    answer = answered(directory, json.dumps(json_of(directory / "answer.txt"), indent=indent))
    done = run("draw", directory, "--randomness-from", answer)
    assert done.exit_code == 0, done.output
    record = json_of(directory / draw_files.DRAW)
    assert (record["randomness"], record["origin"]) == (OF_42, "drand")
    assert record["drand"] == {**made.QUICKNET_42, "previous_signature": None}
    assert record["chain"]["hash"] == KNOWN_CHAINS["quicknet"].hash
    verified = run("verify", directory / draw_files.DRAW)
    assert verified.exit_code == 0
    assert "that of round 42 of drand chain 52db" in verified.output
    # The record is of format 1 and its round years old: this is said.
    assert "unknown at the freeze, '2026-03-30T08:00:00Z': the round is of 2023-08-23T15:11:30Z" in verified.output


def test_d02_another_round_is_refused(tmp_path: Path) -> None:
    """D02: round 41 where 42 was announced leaves the draw undrawn."""
    directory = tmp_path / "draw"
    shutil.copytree(CASES / "D02-drand-v2-other-round", directory)
    refused = run("draw", directory, "--randomness-from", directory / "answer.txt")
    assert refused.exit_code == 2
    assert "this is round 41, announced was round 42" in refused.output
    assert not (directory / draw_files.DRAW).exists()


def test_d05_a_round_that_exists_is_refused(ledger: GiveawayData, tmp_path: Path) -> None:
    """D05: round 42 of quicknet is of 2023; so is a round of this very second. The next one is accepted."""
    options = ("--source", "drand quicknet", "--drand-round")
    refused = run("freeze", "c", tmp_path / "a", *options, 42)
    assert refused.exit_code == 2
    assert "is of 2023-08-23T15:11:30Z, and it is 2026-11-27T12:00:00Z: its value exists already" in refused.output
    now = (NOW_MS // 1000 - 1_692_803_367) // 3 + 1
    assert run("freeze", "c", tmp_path / "a", *options, now).exit_code == 2
    assert not (tmp_path / "a").exists()
    assert run("freeze", "c", tmp_path / "a", *options, now + 1).exit_code == 0
    assert run("freeze", "c", tmp_path / "b", *options, 10**14).exit_code == 2


def test_a_round_is_worked_out_from_a_moment(ledger: GiveawayData, tmp_path: Path) -> None:
    """Monday 12:00 in the giveaway's zone gives the first round from then on, printed and recorded with its chain."""
    done = run("freeze", "c", tmp_path / "a", "--source", "drand quicknet", "--at", "Monday 12:00")
    assert done.exit_code == 0, done.output
    randomness = json_of(tmp_path / "a" / draw_files.FROZEN)["randomness"]
    at = 1_796_036_400  # 2026-11-30T11:00:00Z
    assert randomness["round"] == 1 + -(-(at - 1_692_803_367) // 3)
    assert randomness["round_at"] == "2026-11-30T11:00:00Z"
    chain = KNOWN_CHAINS["quicknet"]
    assert (randomness["chain"]["hash"], randomness["chain"]["public_key"]) == (chain.hash, chain.public_key)
    assert f"round       {randomness['round']} of drand chain 52db" in done.output
    assert "2026-11-30T11:00:00Z (Monday 2026-11-30 12:00:00 in Europe/Berlin)" in done.output
    old = run(
        "freeze",
        "c",
        tmp_path / "b",
        "--source",
        "x",
        "--at",
        "2026-11-29 12:00",
        "--drand-chain",
        "default",
        "--reason",
        "again",
    )
    assert old.exit_code == 0
    assert "drand chain 8990" in old.output
    assert f"https://api.drand.sh/v2/beacons/quicknet/rounds/{randomness['round']}" in done.output
    assert "--randomness-from https://api.drand.sh/8990e7a9aaed2ffed73dbd7092123d6f" in old.output
    assert run("verify", tmp_path / "b" / draw_files.FROZEN).exit_code == 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--source", "drand quicknet"), "is drand: say which round, with --at or --drand-round"),
        (("--source", "x", "--drand-chain", "quicknet"), "say which round"),
        (("--source", "x", "--at", "Monday 12:00", "--drand-round", "7"), "either --drand-round or --at"),
        (("--source", "x", "--at", "soon"), "'soon' is no moment"),
        (("--source", "x", "--at", "2026-11-26 12:00"), "its value exists already"),
        (("--source", "x", "--at", "Monday 12:00", "--drand-chain", "slownet"), "slownet is no known chain"),
    ],
)
def test_what_names_no_round_to_come_is_refused(
    ledger: GiveawayData, tmp_path: Path, options: tuple[str, ...], problem: str
) -> None:
    """Drand without a round, two ways at once, no moment, a past one, an unknown chain: nothing is written."""
    refused = run("freeze", "c", tmp_path / "a", *options)
    assert refused.exit_code == 2
    assert problem in refused.output
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("scheme", [made.ON_G1, made.CHAINED, made.UNCHAINED])
def test_a_draw_with_each_scheme_is_verified(ledger: GiveawayData, tmp_path: Path, scheme: str) -> None:
    """Signatures in G1 and G2, chained and not: drawn, verified offline, and the value is plain Python's."""
    (tmp_path / "info.json").write_text(made.info(scheme))
    options = ("--source", "own", "--drand-round", 7, "--drand-chain", tmp_path / "info.json")
    done = run("freeze", "c", tmp_path / "a", "--before-closing", *options, now_ms=made.GENESIS * 1000)
    assert done.exit_code == 0, done.output
    answer = made.answer(scheme, 7)
    drawn = run("draw", tmp_path / "a", "--randomness-from", answered(tmp_path / "a", answer))
    assert drawn.exit_code == 0, drawn.output
    assert json_of(tmp_path / "a" / draw_files.DRAW)["randomness"] == answer["randomness"]
    verified = run("verify", tmp_path / "a" / draw_files.DRAW)
    assert verified.exit_code == 0
    assert "independent: it is none of the League of Entropy" in verified.output


def test_whatever_is_not_the_announced_round_leaves_the_draw_undrawn(frozen: Path) -> None:
    """A page, an error, a typed value, another round or chain, a wrong value: exit code 2, and no draw.json."""
    right = made.answer(made.ON_G1, 7)
    for wrong in (
        "<html>captive portal</html>",
        '{"error": "not found"}',
        "null",
        right["randomness"],
        made.answer(made.ON_G1, 8),
        {**made.answer(made.ON_G1, 8), "round": 7},
        {**made.QUICKNET_1000, "round": 7},
        {**right, "randomness": "00" * 32},
        {**right, "signature": right["signature"][2:]},
    ):
        place = answered(frozen, wrong)
        for options in (("--randomness-from", place), ("--randomness", place.read_text())):
            refused = run("draw", frozen, *options)
            assert refused.exit_code == 2, wrong
            assert "announced was round 7" in refused.output
            assert not (frozen / draw_files.DRAW).exists()
    assert run("draw", frozen, "--randomness-from", answered(frozen, right)).exit_code == 0


def test_an_unproved_value_is_marked(frozen: Path) -> None:
    """A typed value is drawn with on demand alone, marked in the record, and `verify` does not let it pass."""
    value = made.answer(made.ON_G1, 7)["randomness"]
    drawn = run("draw", frozen, "--randomness", value, "--unproved")
    assert drawn.exit_code == 0
    assert "unproved: nothing shows that this is the announced value" in drawn.output
    assert json_of(frozen / draw_files.DRAW)["origin"] == "unproved"
    verified = run("verify", frozen / draw_files.DRAW)
    assert verified.exit_code == 1
    assert "announced was round 7 of drand, nothing proves that this is its value" in verified.output


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"origin": "text"}, "nothing proves that this is its value"),
        ({"drand": None}, "nothing proves that this is its value"),
        ({"format": "campaign-pulse draw 1", "origin": None, "drand": None}, "does not say where it comes from"),
        ({"randomness": "00" * 32}, "it is '0000"),
        ({"drand": made.answer(made.ON_G1, 8)}, "this is round 8, announced was round 7"),
        ({"drand": {**made.answer(made.ON_G1, 8), "round": 7}}, "not that of round 7"),
        ({"drand": {"round": 7, "signature": "00"}}, "signature is '00'"),
        ({"chain": msgspec.to_builtins(KNOWN_CHAINS["quicknet"])}, "the draw names another chain"),
        ({"unfilled": 1}, "unfilled places: 1 published, 0 recomputed"),
    ],
)
def test_a_changed_record_of_a_draw_is_found(frozen: Path, fields: dict[str, Any], problem: str) -> None:
    """Another value, round or signature, or none: exit code 1 and the difference, with no network."""
    assert run("draw", frozen, "--randomness-from", answered(frozen, made.answer(made.ON_G1, 7))).exit_code == 0
    path = frozen / draw_files.DRAW
    document = {**json_of(path), **fields}
    if document["drand"]:
        document["drand"].pop("randomness", None)
    path.write_text(json.dumps(document))
    verified = run("verify", path)
    assert verified.exit_code == 1
    assert problem in verified.output


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"round_at": "2023-01-01T00:00:00Z"}, "the record says '2023-01-01T00:00:00Z'"),
        ({"round": 3}, "it existed when the list was frozen"),
        ({"chain": None}, "one is missing"),
        ({"round": 10**12}, "of no year before 10000"),
    ],
)
def test_an_announcement_that_contradicts_itself_is_found(frozen: Path, fields: dict[str, Any], problem: str) -> None:
    """A round of another time, made before the freeze, or of no chain: `verify` of the frozen record says so."""
    path = frozen / draw_files.FROZEN
    document = json_of(path)
    document["randomness"].update(fields)
    path.write_text(json.dumps(document))
    verified = run("verify", path)
    assert verified.exit_code == 1
    assert problem in verified.output


def test_fewer_entrants_than_places_are_said_and_recorded(ledger: GiveawayData, tmp_path: Path) -> None:
    """Freeze and draw say it, draw.json counts the empty places, `verify` shows them."""
    frozen = run("freeze", "c", tmp_path / "a", "--winners", PEOPLE, "--substitutes", 2, "--source", "dice")
    assert f"only {PEOPLE} entrants for 12 winners and 2 substitutes: 2 places stay empty" in frozen.output
    drawn = run("draw", tmp_path / "a", "--randomness", "4 2 6")
    assert (drawn.exit_code, "2 places stay empty" in drawn.output) == (0, True)
    assert json_of(tmp_path / "a" / draw_files.DRAW)["unfilled"] == 2
    verified = run("verify", tmp_path / "a" / draw_files.DRAW)
    assert (verified.exit_code, "2 places stay empty" in verified.output) == (0, True)


def test_a_draw_of_format_1_still_verifies(tmp_path: Path) -> None:
    """A draw made before values had an origin: recomputed, and it is said that the origin cannot be checked."""
    directory = tmp_path / "draw"
    shutil.copytree(CASES / "format-1", directory)
    verified = run("verify", directory / draw_files.DRAW)
    assert verified.exit_code == 0, verified.output
    assert verified.output.startswith("verified: 2 winners, 1 substitutes; 5 entrants")
    assert "not proved  that the random value is the announced one ('drand quicknet')" in verified.output


def test_a_receipt_by_handle(frozen: Path) -> None:
    """A handle is looked for in the ledger, in any spelling; nobody's is refused by name."""
    by_id = run("receipt", frozen, "tiktok", "id-p03")
    by_handle = run("receipt", frozen, "tiktok", "@P03")
    assert (by_id.exit_code, by_handle.exit_code) == (0, 0)
    assert by_handle.output == f"author   id-p03\n{by_id.output}"
    receipt = dict(line.split(maxsplit=1) for line in by_id.output.splitlines())
    pseudonym = hashlib.sha256(f"{receipt['receipt']}\ntiktok\nid-p03".encode()).hexdigest()[:32]
    assert receipt["entrant"] == pseudonym
    nobody = run("receipt", frozen, "tiktok", "@nobody")
    assert (nobody.exit_code, "has the handle '@nobody' on 'tiktok'" in nobody.output) == (2, True)
    assert run("receipt", frozen, "instagram", "@p03").exit_code == 2
