"""What the marks of redrives say, whatever order runs write them in."""

from types import SimpleNamespace
from typing import Any

from agents.broker.dead_letter_log import Redrives, Survey, hindrance_of
from models.deadletters import ATTEMPT, LARGEST_HEADERS_BYTES, DeadLetter, Headers
from models.redrives import RedriveMark, Stage
from models.topics import COMMENTS

A, B = b"a" * 16, b"b" * 16


def mark(stage: Stage, run: str, *identities: bytes) -> RedriveMark:
    """A mark about some letters."""
    return RedriveMark(stage=stage, run=run, identities=[each.hex() for each in identities])


def states(*marks: RedriveMark) -> tuple[str, str]:
    """The states of two letters after these marks."""
    redrives = Redrives()
    for each in marks:
        redrives.take(each, 0)
    return redrives.state(A), redrives.state(B)


def letter(**fields: Any) -> DeadLetter:
    """A dead letter."""
    plain: dict[str, Any] = {"reason": "invalid_json", "detail": "", "topic": COMMENTS, "partition": 1, "offset": 2}
    return DeadLetter(**{**plain, "key": b"k", "value": b"{", **fields})


def test_a_letter_is_open_begun_or_redriven() -> None:
    """Begun until a mark says done; withdrawn by the run that began, and by no other."""
    assert states() == ("open", "open")
    assert states(mark("begun", "1", A)) == ("begun", "open")
    assert states(mark("begun", "1", A, B), mark("done", "1", A)) == ("redriven", "begun")
    assert states(mark("begun", "1", A, B), mark("withdrawn", "1", A)) == ("open", "begun")
    assert states(mark("begun", "1", A), mark("begun", "2", A), mark("withdrawn", "2", A)) == ("begun", "open")
    assert states(mark("done", "1", A), mark("begun", "2", A)) == ("redriven", "open")


def test_a_letter_written_twice_is_one_and_another_log_s_is_not() -> None:
    """By what was refused and where it stood; null and empty differ."""
    assert letter().identity == letter(detail="other words", reason="wrong_type").identity
    others = [letter(offset=3), letter(partition=2), letter(key=None), letter(key=b""), letter(value=b"k{", key=b"")]
    assert len({each.identity for each in (letter(), *others)}) == 6


def test_original_headers_go_into_a_letter_and_come_out_of_it() -> None:
    """In their order, doubled names and null values too; names of ours are ours, and forged ones do not count."""
    came: Headers = (("a", b"1"), ("a", None), ("pulse.reason", b"forged"), (ATTEMPT, b"4"))
    headers = letter(original_headers=came).headers()
    again = DeadLetter.from_record(b"k", b"{", headers)
    assert again.original_headers == (("a", b"1"), ("a", None), (ATTEMPT, b"4"))
    assert (again.reason, again.attempts) == ("invalid_json", 4)
    for forged in (b"", b"x", b"9" * 100, "\u0663".encode()):
        assert letter(original_headers=((ATTEMPT, forged),)).attempts == 0


def test_headers_that_would_not_fit_are_left_out_and_counted() -> None:
    """A dead letter must be written whatever came."""
    headers = letter(original_headers=(("big", b"x" * LARGEST_HEADERS_BYTES), ("small", b""))).headers()
    assert headers[0] == ("pulse.headers-dropped", b"2")
    assert DeadLetter.from_record(b"k", b"{", headers).original_headers == ()


def test_what_cannot_be_sent_again_says_why() -> None:
    """A value that is not whole, a topic that is no input, and a batch that nobody can read."""
    assert hindrance_of(letter()) == ""
    assert hindrance_of(letter(cut_from_bytes=9_000_000)) == "cut from 9,000,000 bytes"
    assert hindrance_of(letter(topic="campaign.dead-letters.v1")) == "not from an input topic"
    assert "cannot be decoded" in hindrance_of(letter(reason="undecodable_batch"))


def test_a_survey_tells_letters_marks_and_strangers() -> None:
    """Whatever somebody writes into the topic."""
    survey = Survey()
    records: list[tuple[bytes | None, Headers]] = [
        (b"{", letter().headers()),
        (b"{", letter().headers()),
        (b"hello", []),
        (b"{", [("pulse.redrive", b"done")]),
        (b'{"stage":"done","run":"1","identities":["no hex"]}', [("pulse.redrive", b"done")]),
        (mark("done", "1", letter().identity).encode(), mark("done", "1").headers()),
        (b"{", [*letter(offset=5).headers(), ("pulse.redrive", b"done")]),
    ]
    for offset, (value, headers) in enumerate(records):
        record = SimpleNamespace(partition=0, offset=offset, timestamp=7, key=b"k", value=value, headers=headers)
        survey.add(record, lambda placed: True)
    assert [(each.offset, survey.redrives.state(each.identity)) for each in survey.places] == [
        (0, "redriven"),
        (6, "open"),
    ]
    assert survey.strangers == 3
