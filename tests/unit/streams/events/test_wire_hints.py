"""What is on the wire instead of an event is named: a byte order mark, a registry's header, half a character."""

import gzip
import json

import pytest

from models.topics import COMMENTS
from streams.events.decode import DECODE_ERRORS, Rejection, read_event, rejection_of
from streams.events.wire_hints import half_surrogate
from tests.unit.events import NOW_MS, value_of

EVENT = value_of("comment.created")


def refused(value: bytes) -> Rejection:
    """Why a value is refused."""
    with pytest.raises(DECODE_ERRORS) as caught:
        read_event(value, COMMENTS, NOW_MS, 1_000_000)
    return rejection_of(caught.value, value)


@pytest.mark.parametrize(
    ("value", "reason", "named"),
    [
        (b"\xef\xbb\xbf" + EVENT, "invalid_json", "byte order mark"),
        (b"\x00\x00\x00\x00\x07" + EVENT, "invalid_json", "schema registry (schema 7)"),
        (b"\x00\x00\x01\x86\xa0\x02ana", "invalid_utf8", "schema registry (schema 100000)"),
        (EVENT.decode().encode("utf-16"), "invalid_utf8", "UTF-16"),
        (EVENT.decode().encode("utf-16-le"), "invalid_json", "UTF-16"),
        (EVENT.decode().encode("utf-16-be"), "invalid_json", "UTF-16"),
        (EVENT.decode().encode("utf-32-be"), "invalid_json", "UTF-32"),
        (gzip.compress(EVENT), "invalid_utf8", "gzip"),
        (b"Obj\x01\x04", "invalid_json", "Avro"),
        (b"<html>", "invalid_json", "XML or HTML"),
        (EVENT.replace(b"fine", b"a\\ud83d b"), "invalid_json", r"the escape \ud83d is half of a surrogate pair"),
        (EVENT.replace(b"fine", b"\\uDE00"), "invalid_json", r"the escape \uDE00 is half of a surrogate pair"),
        (json.dumps(EVENT.decode()).encode(), "wrong_type", "encoded twice"),
        (b"[" + EVENT + b"]", "wrong_type", "not an array"),
        (b'{"schema":{},"payload":' + EVENT + b"}", "missing_field", "Debezium"),
        (b'{"before":null,"after":{},"op":"c"}', "missing_field", "change event of Debezium"),
        (b'{"specversion":"1.0","type":"x","data":{}}', "unknown_type", "CloudEvents"),
    ],
)
def test_what_it_seems_to_be_stands_in_the_detail(value: bytes, reason: str, named: str) -> None:
    """The reason stays what it was; the detail helps to mend the producer, and says nothing of truncation."""
    found = refused(value)
    assert found.reason == reason
    assert named in found.detail
    assert "truncated" not in found.detail


def test_what_is_cut_off_is_still_said_to_be() -> None:
    """With a whole surrogate pair in it, and with an escaped backslash before what looks like one."""
    assert refused(EVENT[:-1]).detail == "Input data was truncated"
    assert refused(EVENT.replace(b"fine", b"\\ud83d\\ude00")[:-1]).detail == "Input data was truncated"
    assert refused(EVENT.replace(b"fine", b"\\\\ud83d")[:-1]).detail == "Input data was truncated"


@pytest.mark.parametrize(
    ("value", "half"),
    [
        (rb"\ud83d\ude00", ""),
        (rb"\ud83d\ud83d\ude00", r"\ud83d"),
        (rb"\ud83dx\ude00", r"\ud83d"),
        (rb"\ud83d\n", r"\ud83d"),
        (rb"\ud83d", r"\ud83d"),
        (rb"\ude00\ud83d", r"\ude00"),
        (rb"\\ud83d", ""),
        (rb"\\\ud83d", r"\ud83d"),
        (b"", ""),
    ],
)
def test_half_a_surrogate_pair(value: bytes, half: str) -> None:
    """Two escapes side by side, the high one first, are a character; anything else is half of one."""
    assert half_surrogate(value) == half
