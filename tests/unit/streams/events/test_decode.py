"""Decoding: every kind of bad input has its reason, and a detail that names the field."""

from typing import get_args

import msgspec
import pytest

from models.currencies import NO_CURRENCY
from models.deadletters import REASONS, VALUE_REASONS, DeadLetter
from models.events import EVENT_TYPES, OrderBooked, PostMetrics, PostReaction, Purchase
from models.times import epoch_ms
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.events.decode import (
    EARLIEST_EVENT_MS,
    FUTURE_TOLERANCE_MS,
    MAX_EVENT_BYTES,
    TOPIC_OF_TYPE,
    TYPES_OF_TOPIC,
    Rejection,
    decode_event,
    tag_of,
)
from streams.pipeline.limits import Limits
from tests.unit.events import NOON_MS, NOW_MS, TYPES, event_of, fields, partition_state, records, value_of

TOPIC_OF_TAG = {tag_of(kind): topic for kind, topic in TOPIC_OF_TYPE.items()}


def letters_of(value: bytes | None, topic: str = COMMENTS, now_ms: int = NOW_MS) -> list[DeadLetter]:
    """Return what becomes a dead letter of one value."""
    state = partition_state()
    state.apply(topic, records([value], first_offset=41, key=b"key"), now_ms)
    assert state.positions[INPUT_TOPICS.index(topic)] == 42
    # What an order changes is no event of its own: its cause is counted.
    is_booking = value is not None and b'"order.booked"' in value
    assert state.events_total == (0 if state.intake.dead_letters or is_booking else 1)
    return state.intake.take_dead_letters()


def rejection_of(value: bytes | None, topic: str = COMMENTS, now_ms: int = NOW_MS) -> Rejection:
    """Return why one value is refused."""
    [letter] = letters_of(value, topic, now_ms)
    assert (letter.topic, letter.partition, letter.offset, letter.key) == (topic, 0, 41, b"key")
    assert letter.value == value
    return Rejection(letter.reason, letter.detail)


COMMENT = value_of("comment.created")
DEEP = COMMENT[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

# Each row: the value, its topic, the reason, and what the detail must name.
ROWS: list[tuple[bytes | None, str, str, str]] = [
    (None, COMMENTS, "empty_value", "null"),
    (b"", COMMENTS, "empty_value", "empty"),
    (b" " * (MAX_EVENT_BYTES + 1), COMMENTS, "too_large", f"{MAX_EVENT_BYTES + 1} bytes"),
    (COMMENT.replace(b"fine", b"\xff\xfe"), COMMENTS, "invalid_utf8", "byte"),
    (COMMENT[:-1] + b',"unknown":"\xc3\x28"}', COMMENTS, "invalid_utf8", "byte"),
    (b"\x80", COMMENTS, "invalid_utf8", "byte 0"),
    (COMMENT[:-1], COMMENTS, "invalid_json", "truncated"),
    (b"nonsense", COMMENTS, "invalid_json", "malformed"),
    (COMMENT + b"x", COMMENTS, "invalid_json", "malformed"),
    (b"   ", COMMENTS, "invalid_json", "truncated"),
    (value_of("comment.created", text="?").replace(b'"?"', b'"\\ud800 alone"'), COMMENTS, "invalid_json", "surrogate"),
    (DEEP, COMMENTS, "nesting_too_deep", "nested"),
    (b"[" * 200_000, COMMENTS, "wrong_type", "object"),
    (b'{"type":"comment.edited"}', COMMENTS, "unknown_type", "comment.edited"),
    (b"{}", COMMENTS, "missing_field", "type"),
    (value_of("comment.created", author_id=None), COMMENTS, "missing_field", "author_id"),
    (value_of("purchase", currency=None), CONVERSIONS, "missing_field", "currency"),
    (b"[]", COMMENTS, "wrong_type", "object"),
    (b'{"type":7}', COMMENTS, "wrong_type", "type"),
    (value_of("comment.created", text=7), COMMENTS, "wrong_type", "text"),
    (COMMENT.replace(b'"fine"', b"null"), COMMENTS, "wrong_type", "text"),
    (value_of("post.metrics", likes=1.5), POSTS, "wrong_type", "likes"),
    (value_of("post.metrics", likes="5"), POSTS, "wrong_type", "likes"),
    (value_of("purchase", amount=10), CONVERSIONS, "wrong_type", "amount"),
    (value_of("click", test="yes"), CONVERSIONS, "wrong_type", "test"),
    (value_of("comment.created", occurred_at=True), COMMENTS, "wrong_type", "occurred_at"),
    (value_of("comment.created", occurred_at=1.5), COMMENTS, "wrong_type", "occurred_at"),
    (value_of("comment.created", event_id=""), COMMENTS, "out_of_range", "event_id"),
    (value_of("comment.created", author_id="a" * 257), COMMENTS, "out_of_range", "author_id"),
    (value_of("comment.created", text="a" * 20_001), COMMENTS, "out_of_range", "text"),
    (value_of("post.metrics", likes=-1), POSTS, "out_of_range", "likes"),
    (value_of("post.metrics", views=10**12 + 1), POSTS, "out_of_range", "views"),
    (value_of("post.reaction", count=-5), POSTS, "out_of_range", "count"),
    (value_of("purchase", amount="-1"), CONVERSIONS, "out_of_range", "amount"),
    (value_of("purchase", amount="1e3"), CONVERSIONS, "out_of_range", "amount"),
    (value_of("purchase", amount="1\n"), CONVERSIONS, "out_of_range", "amount"),
    (value_of("purchase", amount="1.1234567"), CONVERSIONS, "out_of_range", "amount"),
    (value_of("purchase", currency="eur"), CONVERSIONS, "out_of_range", "currency"),
    (value_of("comment.created", time_source="guess"), COMMENTS, "out_of_range", "time_source"),
    (value_of("comment.created", occurred_at="2026-04-12T12:00:00"), COMMENTS, "out_of_range", "occurred_at"),
    (value_of("comment.created", occurred_at="yesterday"), COMMENTS, "out_of_range", "occurred_at"),
    (value_of("comment.created", occurred_at=-1), COMMENTS, "out_of_range", "occurred_at"),
    (COMMENT.replace(str(NOON_MS).encode(), b"9" * 5_000), COMMENTS, "out_of_range", "occurred_at"),
    (value_of("purchase", currency="XYZ"), CONVERSIONS, "unknown_currency", "XYZ"),
    (value_of("refund", currency=NO_CURRENCY), CONVERSIONS, "unknown_currency", NO_CURRENCY),
    (value_of("click"), COMMENTS, "wrong_topic", "click"),
    (COMMENT, POSTS, "wrong_topic", "comment.created"),
    (value_of("purchase"), POSTS, "wrong_topic", "purchase"),
    (value_of("comment.created", occurred_at=0), COMMENTS, "event_time_implausible", "occurred_at"),
    (value_of("comment.created", occurred_at=NOON_MS // 1_000), COMMENTS, "event_time_implausible", "occurred_at"),
    (value_of("purchase", occurred_at="1999-12-31T23:59:59Z"), CONVERSIONS, "event_time_implausible", "occurred_at"),
    (value_of("comment.created", occurred_at="3000-01-01T00:00:00Z"), COMMENTS, "event_time_future", "occurred_at"),
    (value_of("purchase", occurred_at=10**17), CONVERSIONS, "event_time_future", "occurred_at"),
    (COMMENT.replace(str(NOON_MS).encode(), b"9" * 30), COMMENTS, "event_time_future", "occurred_at"),
]
BY_STATE = {
    *("too_many_order_events", "unusable_field", "unknown_campaign", "too_many_unknown_rows"),
    *("too_many_influencers", "too_many_posts", "too_many_currencies"),
}
"""Reasons that no event has by itself, or whole: see ``test_order_desk``, ``test_posts`` and ``test_admission``."""


@pytest.mark.parametrize(("value", "topic", "reason", "named"), ROWS)
def test_bad_input_is_refused_with_its_reason_and_field(
    value: bytes | None, topic: str, reason: str, named: str
) -> None:
    """The dead letter says why in one word, names the place, and holds the original bytes."""
    rejection = rejection_of(value, topic)
    assert rejection.reason == reason, rejection
    assert named in rejection.detail


def test_every_reason_has_a_row_above() -> None:
    """A reason nobody can produce would be a lie of the documentation."""
    assert {reason for _, _, reason, _ in ROWS} == set(VALUE_REASONS) - BY_STATE


@pytest.mark.parametrize("kind", TYPES)
def test_valid_event_of_each_type_is_accepted_in_its_topic_and_no_other(kind: str) -> None:
    """One catalogue says which type belongs where."""
    for topic in INPUT_TOPICS:
        letters = letters_of(value_of(kind), topic)
        assert [letter.reason for letter in letters] == ([] if TOPIC_OF_TAG[kind] == topic else ["wrong_topic"])


def test_catalogue_knows_every_event_type_once() -> None:
    """No struct is forgotten by the topics or by the builders of these tests."""
    every = {*EVENT_TYPES, OrderBooked}
    assert set(TOPIC_OF_TYPE) == every
    assert sum(len(kinds) for kinds in TYPES_OF_TOPIC.values()) == len(every)
    assert {tag_of(kind) for kind in every} == set(TYPES)


def test_one_bad_value_does_not_stop_the_next() -> None:
    """Good and bad values of one batch are told apart one by one."""
    state = partition_state()
    state.apply(COMMENTS, records([b"{", COMMENT, None, value_of("comment.created", "e2"), b"\xff"]), NOW_MS)
    assert [letter.offset for letter in state.intake.dead_letters] == [0, 2, 4]
    assert state.events_total == 2
    assert state.intake.rejected_total == {"invalid_json": 1, "empty_value": 1, "invalid_utf8": 1}


def test_unknown_fields_are_ignored() -> None:
    """Producers may be newer than we are."""
    newer = {**fields("comment.created"), "reply_depth": {"a": [1, None]}, "influencer": 7}
    assert decode_event(msgspec.json.encode(newer)) == event_of("comment.created")


def test_absent_optional_fields_have_their_defaults() -> None:
    """Absent is unknown for metrics, 1 for a reaction's count and no test for an order."""
    metrics, reaction, purchase = event_of("post.metrics"), event_of("post.reaction"), event_of("purchase")
    assert isinstance(metrics, PostMetrics)
    assert (metrics.likes, metrics.followers, metrics.time_source) == (None, None, "payload")
    assert isinstance(reaction, PostReaction)
    assert reaction.count == 1
    assert isinstance(purchase, Purchase)
    assert purchase.test is False


def test_event_times_are_cut_to_the_millisecond() -> None:
    """An event's time with more digits belongs to the millisecond in which it lies."""
    event = event_of("click", occurred_at="2026-04-12T14:00:00.9996+02:00")
    assert epoch_ms(event.occurred_at) == NOON_MS + 999


@pytest.mark.parametrize("kind", TYPES)
def test_event_time_bounds_are_inclusive(kind: str) -> None:
    """Exactly 2000-01-01 and exactly the tolerance ahead are accepted, one millisecond further is not."""
    latest_ms = NOON_MS + FUTURE_TOLERANCE_MS
    topic = TOPIC_OF_TAG[kind]
    for at_ms, reasons in (
        (EARLIEST_EVENT_MS, []),
        (latest_ms, []),
        (EARLIEST_EVENT_MS - 1, ["event_time_implausible"]),
        (latest_ms + 1, ["event_time_future"]),
    ):
        letters = letters_of(value_of(kind, "e", at_ms), topic, NOON_MS)
        assert [letter.reason for letter in letters] == reasons


def test_size_limit_is_inclusive_and_configurable() -> None:
    """A value of exactly the limit is read."""
    state = partition_state(limits=Limits(max_event_bytes=len(COMMENT)))
    state.apply(COMMENTS, records([COMMENT, COMMENT + b" "]), NOW_MS)
    assert [letter.reason for letter in state.intake.dead_letters] == ["too_large"]


def test_dead_letter_survives_its_kafka_headers() -> None:
    """Value and key stay byte for byte, everything else travels in headers, whatever bytes the detail quotes."""
    letter = DeadLetter(
        reason="unknown_type",
        detail="Invalid 'ü\ud800'",
        topic=COMMENTS,
        partition=3,
        offset=9,
        key=None,
        value=b"\xff",
    )
    again = DeadLetter.from_record(None, b"\xff", letter.headers())
    assert (again.reason, again.topic, again.partition, again.offset) == ("unknown_type", COMMENTS, 3, 9)
    assert (again.key, again.value) == (None, b"\xff")
    assert again.detail.startswith("Invalid 'ü")


@pytest.mark.parametrize("spoiled", ["pulse.reason", "pulse.detail", "pulse.topic", "pulse.partition", "pulse.offset"])
def test_dead_letter_without_a_header_is_refused_by_name(spoiled: str) -> None:
    """A record of somebody else's making is not taken for a dead letter."""
    [letter] = letters_of(b"{")
    headers = [header for header in letter.headers() if header[0] != spoiled]
    with pytest.raises(ValueError, match=spoiled):
        DeadLetter.from_record(None, b"{", headers)
    with pytest.raises(ValueError, match=r"pulse\.reason: 'bored'"):
        DeadLetter.from_record(None, b"{", [*letter.headers()[1:], ("pulse.reason", b"bored")])


def test_every_reason_is_a_word_for_a_metric_label() -> None:
    """Reasons become label values."""
    assert get_args(DeadLetter.__annotations__["reason"]) == REASONS
    assert all(reason.replace("_", "").isalnum() and reason.islower() for reason in REASONS)
