"""A draw that nobody can choose: the rules name the round, every step is in the log, a removed or second one shows."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.cli.giveaway import draw_files
from agents.cli.root import cli
from models.giveaway import DrawRule
from streams.giveaway.drand import KNOWN_CHAINS
from streams.giveaway.loaded import GiveawayData
from tests.unit import drand_chains as made
from tests.unit.agents.cli.giveaway.conftest import MemoryLog, put_in_place
from tests.unit.independent_draw import winners_of
from tests.unit.ledgers import block, comment, loaded

PEOPLE = 30
CLOSES = 1_776_542_400  # 2026-04-18T20:00:00Z, as in tests.unit.ledgers
INFO = json.loads(made.info(made.ON_G1))
ROUND = 1 + -(-(CLOSES + 60 * 60 - made.GENESIS) // made.PERIOD)
"""The first round of the tests' own chain that is made an hour after the closing or later."""


def run(*arguments: object, now: int = CLOSES + 60) -> Result:
    """Run a giveaway command at a moment (epoch seconds), without broker and Redis."""
    environment = {"PULSE_CLOCK": str(now * 1000), "PULSE_REDIS_URL": ""}
    return CliRunner().invoke(cli, ["giveaway", *map(str, arguments)], env=environment)


def giveaway(**rules: Any) -> GiveawayData:
    """Thirty entrants, p00 to p29; the first of each ten has tagged two friends more, so three chances."""
    tags = [" ".join(f"@f{n}" for n in range(3 if number % 10 == 0 else 1)) for number in range(PEOPLE)]
    comments = [comment(number, f"p{number:02d}", tags[number]) for number in range(PEOPLE)]
    return loaded(block(*comments), friends=1, chances="per_friend", most_chances=3, **rules)


@pytest.fixture
def ruled(monkeypatch: pytest.MonkeyPatch) -> GiveawayData:
    """Rules that name three winners and the tests' own chain, an hour after the closing."""
    return put_in_place(monkeypatch, giveaway(winners=3, draw=DrawRule(chain=INFO["hash"], minutes_after_closing=60)))


@pytest.fixture
def info(tmp_path: Path) -> Path:
    """The /info of the tests' own chain."""
    path = tmp_path / "info.json"
    path.write_text(made.info(made.ON_G1))
    return path


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    """Drand's answer for the round of the rules."""
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(made.answer(made.ON_G1, ROUND)))
    return path


@pytest.fixture
def frozen(ruled: GiveawayData, info: Path, tmp_path: Path) -> Path:
    """A list frozen by these rules, with two substitutes."""
    done = run("freeze", "c", tmp_path / "draw", "--substitutes", 2, "--drand-chain", info)
    assert done.exit_code == 0, done.output
    return tmp_path / "draw"


def json_of(path: Path) -> Any:
    """Read a record."""
    return json.loads(path.read_bytes())


def test_the_rules_name_the_round(frozen: Path, answer: Path) -> None:
    """Round, winners and chain are those of the rules; the record says so, `verify` proves it, plain Python agrees."""
    record = json_of(frozen / "frozen.json")
    assert (record["winners"], record["randomness"]["round"]) == (3, ROUND)
    assert record["randomness"]["chosen_by"] == "rules"
    assert record["place"] == {"number": 1, "attempt": 1, "previous": None, "reason": None}
    drawn = run("draw", frozen, "--randomness-from", answer)
    assert drawn.exit_code == 0, drawn.output
    verified = run("verify", frozen / "draw.json")
    assert verified.exit_code == 0, verified.output
    assert "proved      the round follows from the rules: the first one 60 minutes after the closing" in verified.output
    assert "the steps 1, 2 of the campaign's log, 2 long" in verified.output
    assert winners_of(frozen) == [each["entrant"] for each in json_of(frozen / "draw.json")["winners"]]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--at", "Monday 12:00"), "the rules name the round (draw)"),
        (("--drand-round", ROUND + 1), "the rules name the round (draw)"),
        (("--winners", 4), "--winners is 4, the rules say 3"),
        (("--drand-chain", "quicknet"), f"the rules name {INFO['hash']}"),
        (("--drand-chain", None), "give its /info with --drand-chain"),
    ],
)
def test_nothing_else_than_the_rules_is_frozen(
    ruled: GiveawayData, info: Path, tmp_path: Path, options: tuple[object, ...], problem: str
) -> None:
    """Another moment, round, number of winners or chain is refused, and nothing is written."""
    more = ("--drand-chain", info) if "--drand-chain" not in options else ()
    given = () if None in options else options
    refused = run("freeze", "c", tmp_path / "draw", *given, *more)
    assert (refused.exit_code, problem in refused.output) == (2, True), refused.output
    assert not (tmp_path / "draw").exists()


def test_a_round_of_the_rules_that_is_made_already_is_refused(ruled: GiveawayData, info: Path, tmp_path: Path) -> None:
    """Whoever comes too late cannot freeze a list that was fitted to the value: the rules have to change in public."""
    late = made.GENESIS + (ROUND - 1) * made.PERIOD
    refused = run("freeze", "c", tmp_path / "draw", "--drand-chain", info, now=late)
    assert refused.exit_code == 2
    assert "its value exists already. The rules name it" in refused.output
    assert run("freeze", "c", tmp_path / "draw", "--drand-chain", info, now=late - 1).exit_code == 0


def test_a_list_that_was_frozen_before_the_closing_is_said(ruled: GiveawayData, info: Path, tmp_path: Path) -> None:
    """On demand alone, and `verify` tells everybody: entries after it are not in the list."""
    options = ("freeze", "c", tmp_path / "draw", "--drand-chain", info)
    assert run(*options, now=CLOSES - 60).exit_code == 2
    assert run(*options, "--before-closing", now=CLOSES - 60).exit_code == 0
    verified = run("verify", tmp_path / "draw" / "frozen.json")
    assert verified.exit_code == 0
    assert "note        the list was frozen at 2026-04-18T19:59:00Z, before the closing" in verified.output


def test_known_chains_need_no_more_than_the_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`draw: {minutes_after_closing: 90}` alone gives quicknet's first round ninety minutes after the closing."""
    put_in_place(monkeypatch, giveaway(draw=DrawRule(minutes_after_closing=90)))
    done = run("freeze", "c", tmp_path / "draw")
    assert done.exit_code == 0, done.output
    randomness = json_of(tmp_path / "draw" / "frozen.json")["randomness"]
    at = CLOSES + 90 * 60
    assert randomness["round"] == 1 + -(-(at - 1_692_803_367) // 3)
    assert (randomness["source"], randomness["chain"]["hash"]) == ("drand quicknet", KNOWN_CHAINS["quicknet"].hash)


def test_where_the_rules_name_nothing_the_record_says_who_chose(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A moment by hand is taken, and `verify` says that it was chosen; saying nothing at all is refused."""
    put_in_place(monkeypatch, giveaway())
    refused = run("freeze", "c", tmp_path / "a")
    assert (refused.exit_code, "the rules name no round" in refused.output) == (2, True)
    done = run("freeze", "c", tmp_path / "a", "--at", "2026-04-19T12:00Z")
    assert (done.exit_code, "the rules name none: the record says so" in done.output) == (0, True)
    assert json_of(tmp_path / "a" / "frozen.json")["randomness"]["chosen_by"] == "operator"
    verified = run("verify", tmp_path / "a" / "frozen.json")
    assert "not proved  that nobody chose the round" in verified.output


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda record: record["randomness"].update(chosen_by="operator"), "the rules name a drand round"),
        (lambda record: record["rules"].update(draw=None), "says that the rules name it, and they name none"),
        (lambda record: record["rules"]["draw"].update(minutes_after_closing=61), "61 minutes after the closing"),
        (
            lambda record: record["rules"].update(closes_at="2026-04-18T21:00:00Z"),
            f"as the rules say, is {ROUND + 120}",
        ),
        (lambda record: record["rules"]["draw"].update(chain="quicknet"), "the rules name quicknet"),
        (lambda record: record["rules"].update(winners=2), "winners: 3, the rules say 2"),
        (lambda record: record["rules"].update(draw="soon"), "which round they name cannot be read"),
    ],
)
def test_a_record_that_breaks_its_own_rules_is_found(frozen: Path, change: Any, problem: str) -> None:
    """Another round, chain or number of winners than the rules beside it name: exit code 1, and which."""
    record = json_of(frozen / "frozen.json")
    change(record)
    (frozen / "frozen.json").write_text(json.dumps(record))
    verified = run("verify", frozen / "frozen.json")
    assert (verified.exit_code, problem in verified.output) == (1, True), verified.output


def test_a_second_freeze_is_number_two_with_its_reason(frozen: Path, info: Path, tmp_path: Path) -> None:
    """Without a reason it is refused; with one it stands in record, log and `verify`, after the first."""
    refused = run("freeze", "c", tmp_path / "again", "--drand-chain", info)
    assert (refused.exit_code, "this is freeze 2 of the campaign" in refused.output) == (2, True)
    assert not (tmp_path / "again").exists()
    done = run("freeze", "c", tmp_path / "again", "--drand-chain", info, "--reason", "staff was in the list")
    assert done.exit_code == 0, done.output
    place = json_of(tmp_path / "again" / "frozen.json")["place"]
    first = draw_files.sha256_of((frozen / "frozen.json").read_bytes())
    assert place == {"number": 2, "attempt": 2, "previous": first, "reason": "staff was in the list"}
    verified = run("verify", tmp_path / "again" / "frozen.json")
    assert verified.exit_code == 0
    assert "note        this is freeze 2 of 2026-04-18T20:01:00Z (staff was in the list)" in verified.output
    assert "note        step 1 of the log is another: freeze 1 of 2026-04-18T20:01:00Z" in verified.output
    listed = run("log", "c")
    assert (listed.exit_code, listed.output.count("freeze")) == (0, 2)
    assert "staff was in the list" in listed.output


def test_a_deleted_draw_cannot_be_drawn_again_unseen(frozen: Path, answer: Path, draw_log: MemoryLog) -> None:
    """The second draw wants a reason, is draw 2, and shows the first one; no other value is taken."""
    assert run("draw", frozen, "--randomness-from", answer).exit_code == 0
    first = json_of(frozen / "draw.json")
    (frozen / "draw.json").unlink()
    assert run("draw", frozen, "--randomness", "anything the operator likes").exit_code == 2
    refused = run("draw", frozen, "--randomness-from", answer)
    assert (refused.exit_code, "this is draw 2 of the campaign" in refused.output) == (2, True)
    done = run("draw", frozen, "--randomness-from", answer, "--reason", "the disk was lost")
    assert done.exit_code == 0, done.output
    second = json_of(frozen / "draw.json")
    assert (second["winners"], second["place"]["attempt"]) == (first["winners"], 2)
    verified = run("verify", frozen / "draw.json")
    assert verified.exit_code == 0
    assert "note        this is draw 2" in verified.output
    assert "(the disk was lost)" in verified.output
    assert "note        step 2 of the log is another: draw 1" in verified.output
    assert [entry.place.attempt for entry in draw_log.entries] == [1, 1, 2]


def test_a_draw_as_if_it_were_the_first_is_found(frozen: Path, answer: Path, draw_log: MemoryLog) -> None:
    """A record that claims the place of a draw that was made before, and of one that the log does not have."""
    assert run("draw", frozen, "--randomness-from", answer).exit_code == 0
    log = (frozen / "log.json").read_bytes()
    record = json_of(frozen / "draw.json")
    record["drawn_at"] = "2026-04-18T22:00:00Z"
    (frozen / "draw.json").write_bytes(json.dumps(record).encode())
    found = run("verify", frozen / "draw.json")
    assert (found.exit_code, "differs: log: step 2 is draw 1" in found.output) == (1, True)
    (frozen / "log.json").write_text(json.dumps(json.loads(log)[:1]))
    found = run("verify", frozen / "draw.json")
    assert (found.exit_code, "is step 2, the log has 1" in found.output) == (1, True)
    (frozen / "log.json").write_bytes(log)
    record["place"] = None
    (frozen / "draw.json").write_bytes(json.dumps(record).encode())
    found = run("verify", frozen / "draw.json")
    assert (found.exit_code, "it has no place in the log of draws, and its list has one" in found.output) == (1, True)


def test_a_step_that_was_taken_out_of_the_log_is_found(
    frozen: Path, info: Path, answer: Path, tmp_path: Path, draw_log: MemoryLog
) -> None:
    """From log.json or from the topic: a gap is named by `verify` and `log`, and no step is taken behind it."""
    assert run("freeze", "c", tmp_path / "b", "--drand-chain", info, "--reason", "again").exit_code == 0
    assert run("draw", tmp_path / "b", "--randomness-from", answer).exit_code == 0
    draw = tmp_path / "b" / "draw.json"
    assert run("verify", draw).exit_code == 0
    assert run("verify", draw, "--log", "kafka").exit_code == 0
    del draw_log.entries[0]
    assert run("verify", draw).exit_code == 0
    found = run("verify", draw, "--log", "kafka")
    assert found.exit_code == 1
    assert "what it follows from is missing" in found.output
    listed = run("log", "c")
    assert (listed.exit_code, "not taken up" in listed.output) == (1, True)
    refused = run("freeze", "c", tmp_path / "d", "--drand-chain", info, "--reason", "again")
    assert (refused.exit_code, "the log of draws has a gap" in refused.output) == (2, True)
    entries = json_of(tmp_path / "b" / "log.json")
    (tmp_path / "copy.json").write_text(json.dumps(entries[:1] + entries[2:]))
    assert run("verify", draw, "--log", tmp_path / "copy.json").exit_code == 1
    (tmp_path / "copy.json").write_text("[]]")
    assert run("verify", draw, "--log", tmp_path / "copy.json").exit_code == 2


def test_without_the_log_nothing_is_drawn(frozen: Path, answer: Path, draw_log: MemoryLog) -> None:
    """A broker that is away, or somebody who was faster, leaves no draw.json behind."""
    draw_log.away = True
    refused = run("draw", frozen, "--randomness-from", answer)
    assert (refused.exit_code, "no Kafka broker answers" in refused.output) == (2, True)
    assert not (frozen / "draw.json").exists()
    draw_log.away = False
    assert run("draw", frozen, "--randomness-from", answer).exit_code == 0
    assert run("verify", frozen / "draw.json").exit_code == 0
    (frozen / "log.json").unlink()
    verified = run("verify", frozen / "draw.json")
    assert verified.exit_code == 0
    assert "not proved  that there was no other freeze or draw: these are the steps 1, 2" in verified.output


def test_whoever_was_slower_takes_the_files_back(frozen: Path, answer: Path, draw_log: MemoryLog) -> None:
    """Two draws at once: the step is the faster one's, the other is shown as not taken up, and everything verifies."""
    read, other = draw_log.read, list(draw_log.entries)

    def behind(settings: object, campaign_id: str, on_bad: object) -> list[Any]:
        if len(draw_log.entries) == 2 and other:
            return [other.pop()]
        return read(settings, campaign_id, on_bad)

    assert run("draw", frozen, "--randomness-from", answer).exit_code == 0
    kept = (frozen / "draw.json").read_bytes()
    (frozen / "draw.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agents.cli.giveaway.sources.read_draw_log", behind)
        late = run("draw", frozen, "--randomness-from", answer, "--reason", "so that the records differ")
    assert (late.exit_code, "somebody else was faster" in late.output) == (2, True)
    assert not (frozen / "draw.json").exists()
    (frozen / "draw.json").write_bytes(kept)
    listed = run("log", "c")
    assert (listed.exit_code, listed.output.count("not taken up")) == (0, 1)
    verified = run("verify", frozen / "draw.json", "--log", "kafka")
    assert verified.exit_code == 0
    assert "note        step 2 of the log is another: draw 1" in verified.output


def test_every_file_that_is_named_is_compared(frozen: Path, answer: Path) -> None:
    """A changed, swapped or missing file, whichever it is: exit code 1 with its difference, or 2 with its name."""
    assert run("exclude", frozen, "@p05", "--reason", "not of age").exit_code == 0
    assert run("draw", frozen, "--randomness-from", answer).exit_code == 0
    assert run("verify", frozen / "draw.json").exit_code == 0
    names = ("frozen.json", "entries.txt", "left-out.txt", "exclusion-1.json", "log.json")
    for name in names:
        kept = (frozen / name).read_bytes()
        (frozen / name).write_bytes(kept.replace(b"1", b"2", 1) if kept else b"0" * 32 + b" hold 0.9 ring\n")
        assert run("verify", frozen / "draw.json").exit_code in (1, 2), name
        (frozen / name).unlink()
        missing = run("verify", frozen / "draw.json")
        assert missing.exit_code == {"exclusion-1.json": 1, "log.json": 0}.get(name, 2), (name, missing.output)
        (frozen / name).write_bytes(kept)
    record = json_of(frozen / "frozen.json")
    record["left_out"]["file"] = "../left-out.txt"
    (frozen / "frozen.json").write_text(json.dumps(record))
    refused = run("verify", frozen / "frozen.json")
    assert (refused.exit_code, "a name beside it is expected" in refused.output) == (2, True)


def test_whoever_is_excluded_before_the_draw_is_passed_over(frozen: Path, answer: Path, tmp_path: Path) -> None:
    """Without the one who would have won first, the others of the order follow; the draw names the record."""
    done = run("draw", frozen, "--randomness-from", answer)
    first = [each["entrant"] for each in json_of(frozen / "draw.json")["winners"]]
    (frozen / "draw.json").unlink()
    done = run("exclude", frozen, first[0], "--reason", "not of age")
    assert done.exit_code == 0, done.output
    again = run("draw", frozen, "--randomness-from", answer, "--reason", "somebody was excluded")
    assert again.exit_code == 0, again.output
    record = json_of(frozen / "draw.json")
    assert [each["entrant"] for each in record["winners"]][:2] == first[1:]
    assert [each["file"] for each in record["exclusions"]] == ["exclusion-1.json"]
    verified = run("verify", frozen / "draw.json")
    assert verified.exit_code == 0, verified.output
    assert f"note        {first[0]} was excluded before the draw, passed over in it: not of age" in verified.output
    assert winners_of(frozen) == [each["entrant"] for each in record["winners"]]


def test_a_winner_is_replaced_by_the_next_in_the_order(frozen: Path, answer: Path) -> None:
    """Substitute 1 takes the place, then substitute 2, then whoever follows; others keep theirs; Python agrees."""
    assert run("draw", frozen, "--randomness-from", answer).exit_code == 0
    record = json_of(frozen / "draw.json")
    winners, substitutes = ([each["entrant"] for each in record[role]] for role in ("winners", "substitutes"))
    assert run("replace", frozen, substitutes[0], "--reason", "x").exit_code == 2
    done = run("replace", frozen, winners[1], "--reason", "did not answer")
    assert done.exit_code == 0, done.output
    assert winners_of(frozen) == [winners[0], substitutes[0], winners[2]]
    assert run("replace", frozen, winners[0], "--reason", "declined").exit_code == 0
    assert winners_of(frozen) == [substitutes[1], substitutes[0], winners[2]]
    assert run("replace", frozen, substitutes[0], "--reason", "declined too").exit_code == 0
    now = winners_of(frozen)
    assert (now[0], now[2]) == (substitutes[1], winners[2])
    assert now[1] not in [*winners, *substitutes, None]
    assert run("replace", frozen, winners[1], "--reason", "again").exit_code == 2
    assert run("exclude", frozen, winners[1], "--reason", "again").exit_code == 2
    verified = run("verify", frozen / "draw.json")
    assert verified.exit_code == 0, verified.output
    assert f"{winners[1]} was excluded as winner 2, replaced by the next in the order" in verified.output
    assert f"winner 2    {now[1]}" in verified.output
    named = json.loads(run("winners", frozen, "--format", "json").output)
    assert [row["entrant"] for row in named[:3]] == now
    assert [row["place"] for row in named[3:]] == [
        "replaced as winner 2",
        "replaced as winner 1",
        "replaced as winner 2",
    ]
    assert named[3]["reason"] == "did not answer"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"winner": 1}, "recomputed: winner 2"),
        ({"replaced_by": None}, "recomputed: winner 2, replaced by"),
        ({"entrant": "0" * 32}, "is not in the entry list"),
        ({"frozen": "0" * 64}, "it is about the list 0000"),
        ({"draw": "0" * 64}, "it is about a draw with SHA-256 0000"),
        ({"draw": None}, "it replaces a winner before there is one"),
    ],
)
def test_a_changed_exclusion_is_found(frozen: Path, answer: Path, change: dict[str, Any], problem: str) -> None:
    """Another place, successor, person, list or draw in the record of an exclusion: exit code 1 and which."""
    assert run("draw", frozen, "--randomness-from", answer).exit_code == 0
    winner = json_of(frozen / "draw.json")["winners"][1]["entrant"]
    assert run("replace", frozen, winner, "--reason", "did not answer").exit_code == 0
    path = frozen / "exclusion-1.json"
    path.write_text(json.dumps({**json_of(path), **change}))
    found = run("verify", frozen / "draw.json")
    assert (found.exit_code, problem in found.output) == (1, True), found.output


def test_a_removed_exclusion_is_found(frozen: Path, answer: Path) -> None:
    """The log has it, the directory has not: nobody is put back among the winners silently."""
    assert run("draw", frozen, "--randomness-from", answer).exit_code == 0
    winner = json_of(frozen / "draw.json")["winners"][0]["entrant"]
    assert run("replace", frozen, winner, "--reason", "did not answer").exit_code == 0
    (frozen / "exclusion-1.json").unlink()
    found = run("verify", frozen / "draw.json")
    assert (found.exit_code, "is about this list, and its record is not here" in found.output) == (1, True)
    assert run("verify", frozen / "frozen.json").exit_code == 0


def test_who_is_excluded_is_found_by_name(frozen: Path, draw_log: MemoryLog) -> None:
    """By handle in any spelling, by author id; nobody, somebody outside the list and a missing reason are refused."""
    assert run("exclude", frozen, "@P07", "--reason", "staff").exit_code == 0
    assert run("exclude", frozen, "id-p08", "--reason", "staff").exit_code == 0
    assert [entry.place.reason for entry in draw_log.entries] == [None, "staff", "staff"]
    for person, problem in (
        ("@p07", "is excluded already"),
        ("@nobody", "nobody in the ledger"),
        ("0" * 32, "is not in entries.txt"),
    ):
        refused = run("exclude", frozen, person, "--reason", "x")
        assert (refused.exit_code, problem in refused.output) == (2, True), refused.output
    assert run("exclude", frozen, "@p09").exit_code == 2
    for reason in ("  ", "x" * 1001, "two\nlines", "\x1b[31m", "\udce4"):
        assert run("exclude", frozen, "@p09", "--reason", reason).exit_code == 2
    assert run("replace", frozen, "@p09", "--reason", "x").exit_code == 2
    assert len(list(frozen.glob("exclusion-*"))) == 2


def test_fewer_entrants_than_winners_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Five winners of three: refused, or drawn with empty places on demand; replaced until nobody is left."""
    put_in_place(monkeypatch, loaded(block(*(comment(n, f"p{n}") for n in range(3)))))
    refused = run("freeze", "c", tmp_path / "a", "--winners", 5, "--source", "dice")
    assert (refused.exit_code, "3 entrants for 5 winners: 2 places" in refused.output) == (2, True)
    assert run("freeze", "c", tmp_path / "a", "--winners", 5, "--source", "dice", "--fewer").exit_code == 0
    assert run("draw", tmp_path / "a", "--randomness", "4 2 6").exit_code == 0
    record = json_of(tmp_path / "a" / "draw.json")
    assert (len(record["winners"]), record["unfilled"]) == (3, 2)
    assert run("replace", tmp_path / "a", "@p1", "--reason", "gone").exit_code == 0
    assert run("verify", tmp_path / "a" / "draw.json").exit_code == 0
    assert winners_of(tmp_path / "a").count(None) == 1


@pytest.mark.parametrize(
    ("chain", "recorded"), [("quicknet", made.QUICKNET_1000), ("default", made.DEFAULT_30)], ids=["quicknet", "default"]
)
def test_draws_with_recorded_rounds_of_two_chains(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chain: str, recorded: dict[str, Any]
) -> None:
    """Real answers of both chains of the League of Entropy: drawn, verified offline and by plain Python; others not."""
    put_in_place(monkeypatch, giveaway())
    genesis, period = {"quicknet": (1_692_803_367, 3), "default": (1_595_431_050, 30)}[chain]
    before = genesis + (recorded["round"] - 1) * period - 1
    options = ("--drand-round", recorded["round"], "--drand-chain", chain, "--winners", 3, "--substitutes", 2)
    done = run("freeze", "c", tmp_path / "a", *options, "--before-closing", now=before)
    assert done.exit_code == 0, done.output
    other = made.DEFAULT_30 if chain == "quicknet" else made.QUICKNET_1000
    wrong: list[Any] = [
        made.DEFAULT_1,
        made.QUICKNET_42,
        {**other, "round": recorded["round"]},
        {**recorded, "round": recorded["round"] + 1},
        {**recorded, "round": str(recorded["round"])},
        {**recorded, "signature": recorded["signature"][:-2]},
        {**recorded, "signature": made.answer(made.ON_G1, 7)["signature"]},
        {**recorded, "randomness": "00" * 32},
        {**recorded, "chain_hash": "00" * 32},
        {"round": recorded["round"], "randomness": recorded.get("randomness", "11" * 32)},
        json.dumps(recorded)[:-5],
        f"<html><body>{json.dumps(recorded)}</body></html>",
        '{"error":"425 Too Early"}',
        recorded["signature"],
        "",
    ]
    place = tmp_path / "answer"
    for each in wrong:
        place.write_text(each if isinstance(each, str) else json.dumps(each))
        assert run("draw", tmp_path / "a", "--randomness-from", place).exit_code == 2, each
        assert not (tmp_path / "a" / "draw.json").exists()
    place.write_text(f"\n\t{json.dumps(recorded, indent=3)}\r\n")
    assert run("draw", tmp_path / "a", "--randomness-from", place).exit_code == 0
    assert run("verify", tmp_path / "a" / "draw.json").exit_code == 0
    record = json_of(tmp_path / "a" / "draw.json")
    assert winners_of(tmp_path / "a") == [each["entrant"] for each in record["winners"]]
