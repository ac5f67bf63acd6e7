"""The contract of the Redis read model: keys as they have always been, and health that reads as it was written."""

import msgspec
import pytest

from models.read_model import AlertKeys, Keys, WorkerHealth, decode_health, encode_health

HEALTH = WorkerHealth(
    worker="w1",
    started_at_ms=1_776_000_000_000,
    updated_at_ms=1_776_000_060_000,
    partitions=8,
    events_total=1_000,
    duplicates_total=50,
    forwarded_total=7,
    rejected_total=5,
    rejected={"invalid_json": 3, "out_of_range": 2},
    events_per_second=16.7,
    lag=12,
    watermark_delay_seconds=0.125,
    flush_seconds=0.0312,
    influencers=40,
)
FIELDS = {
    "started_at_ms": "1776000000000",
    "updated_at_ms": "1776000060000",
    "partitions": "8",
    "events_total": "1000",
    "duplicates_total": "50",
    "forwarded_total": "7",
    "rejected_total": "5",
    "rejected": '{"invalid_json":3,"out_of_range":2}',
    "events_per_second": "16.7",
    "lag": "12",
    "watermark_delay_seconds": "0.125",
    "flush_seconds": "0.0312",
    "influencers": "40",
}


def stored(fields: dict[str, str]) -> dict[bytes, bytes]:
    """Return a hash as Redis gives it."""
    return {name.encode(): text.encode() for name, text in fields.items()}


def test_keys_are_those_that_were_given_out() -> None:
    """Keys are read by others: each text is written out here, ids percent-encoded so that none can add a part."""
    keys, alerts = Keys("pulse"), AlertKeys("pulse")
    campaign, influencer = "sp:ring/1", "@ana b"
    found = [
        (keys.campaigns, "pulse:campaigns"),
        (keys.updates, "pulse:updates"),
        (keys.campaign(campaign), "pulse:campaign:sp%3Aring%2F1"),
        (keys.influencers(campaign), "pulse:campaign:sp%3Aring%2F1:influencers"),
        (keys.influencer(campaign, influencer), "pulse:influencer:sp%3Aring%2F1:%40ana%20b"),
        (keys.influencer(campaign, ""), "pulse:influencer:sp%3Aring%2F1:"),
        (keys.giveaway(campaign, ""), "pulse:campaign:sp%3Aring%2F1:giveaway"),
        (keys.giveaway(campaign, influencer), "pulse:influencer:sp%3Aring%2F1:%40ana%20b:giveaway"),
        (keys.leaderboard(campaign, "1h", "comments"), "pulse:leaderboard:sp%3Aring%2F1:1h:comments"),
        (keys.channel(campaign), "pulse:updates:sp%3Aring%2F1"),
        (keys.review(campaign), "pulse:review:sp%3Aring%2F1"),
        (keys.review_reasons(campaign), "pulse:review:sp%3Aring%2F1:reasons"),
        (keys.review_summary(campaign), "pulse:review:sp%3Aring%2F1:summary"),
        (keys.frozen(campaign), "pulse:frozen:sp%3Aring%2F1"),
        (keys.worker("pulse-0.host"), "pulse:worker:pulse-0.host"),
        (keys.worker(""), "pulse:worker:"),
        (alerts.campaigns, "pulse:alerts:campaigns"),
        (alerts.active(campaign), "pulse:alerts:sp%3Aring%2F1:active"),
        (alerts.history(campaign), "pulse:alerts:sp%3Aring%2F1:history"),
        (alerts.channel(campaign), "pulse:alerts:sp%3Aring%2F1"),
    ]
    assert [key for key, _ in found] == [text for _, text in found]


@pytest.mark.parametrize(
    ("kind", "influencer_id", "key"),
    [
        ("campaign", "", "pulse:campaign:campaign%3A1"),
        ("influencer", "ana", "pulse:influencer:campaign%3A1:ana"),
        ("influencer", "", "pulse:influencer:campaign%3A1:"),
        ("giveaway", "", "pulse:campaign:campaign%3A1:giveaway"),
        ("giveaway", "ana", "pulse:influencer:campaign%3A1:ana:giveaway"),
    ],
)
def test_an_update_names_its_hash(kind: str, influencer_id: str, key: str) -> None:
    """The hash of an update follows from its kind and ids, whatever the ids look like."""
    assert Keys("pulse").entity(kind, "campaign:1", influencer_id) == key


def test_health_is_written_as_it_has_always_been() -> None:
    """Names, order and decimals of a worker's hash are a contract."""
    assert list(encode_health(HEALTH).items()) == list(FIELDS.items())
    assert list(FIELDS) == [name for name in WorkerHealth.__struct_fields__ if name != "worker"]


def test_health_reads_as_it_was_written() -> None:
    """Writer and reader agree about every field."""
    assert decode_health("w1", stored(encode_health(HEALTH))) == HEALTH


def test_numbers_are_written_with_the_digits_that_mean_something() -> None:
    """Rates have one decimal, delays milliseconds, flushes tenths of them."""
    health = WorkerHealth(worker="w", events_per_second=1 / 3, watermark_delay_seconds=2.0, flush_seconds=1e-5)
    fields = encode_health(health)
    assert (fields["events_per_second"], fields["watermark_delay_seconds"]) == ("0.3", "2.000")
    assert fields["flush_seconds"] == "0.0000"


def test_fields_that_are_not_there_are_unknown() -> None:
    """A hash of another version may lack fields and have more; what is unknown is not written."""
    assert decode_health("w", stored({"lag": "3", "colour": "red"})) == WorkerHealth(worker="w", lag=3)
    assert "started_at_ms" not in encode_health(WorkerHealth(worker="w"))


@pytest.mark.parametrize("fields", [{"lag": "much"}, {"rejected": "{"}, {"rejected": '{"a":"b"}'}])
def test_health_that_cannot_be_read_is_an_error(fields: dict[str, str]) -> None:
    """Nothing that is not health is shown as health."""
    with pytest.raises(msgspec.DecodeError):
        decode_health("w", stored(fields))
