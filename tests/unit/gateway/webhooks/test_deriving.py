"""Messages made of records, with the sender killed between any two records that it writes: none missing, none twice."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from gateway.webhooks.deriving import Deriving
from gateway.webhooks.outbox import Outbox, Waiting, encoded
from models.rollups import GiveawayRollup
from models.topics import ALERTS, ROLLUPS
from models.webhooks import WebhookRules
from streams.webhooks.schedule import LONGEST_MS
from tests.unit.alert_changes import transition

HOOKS = [
    msgspec.convert({"name": "a", "url": "https://a.example/", "alerts": ["opened"]}, WebhookRules),
    msgspec.convert(
        {"name": "b", "url": "https://b.example/", "alerts": ["opened"], "milestones": {"every_entries": 10}},
        WebhookRules,
    ),
]


class Record(Struct, frozen=True):
    """A record as a consumer gives it."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    partition: int = 0


def alert(offset: int, number: int, timestamp: int = 0) -> Record:
    """An alert that opens."""
    return Record(ALERTS, offset, f"a{number}".encode(), msgspec.json.encode(transition(number)), timestamp)


def entries(offset: int, count: int) -> Record:
    """A giveaway's rollup."""
    rollup = GiveawayRollup(
        campaign_id="spring",
        influencer_id="",
        as_of_ms=0,
        status="open",
        opens_ms=0,
        closes_ms=1,
        time_left_ms=0,
        entries=count,
    )
    return Record(ROLLUPS, offset, msgspec.json.encode(["spring", "", "giveaway"]), msgspec.json.encode(rollup))


def name_of(campaign_id: str) -> str:
    """A campaign's name."""
    return campaign_id.title()


def recovered(log: list[tuple[bytes, bytes | None]]) -> Outbox:
    """What a sender knows that has just begun."""
    outbox = Outbox()
    for key, value in log:
        outbox.take(key, value)
    return outbox


@given(
    alerts=st.lists(st.integers(0, 8), max_size=12),
    counts=st.lists(st.integers(0, 60), max_size=12),
    steps=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 12)), max_size=12),
)
def test_killed_between_any_two_records_every_message_is_made_once(
    alerts: list[int], counts: list[int], steps: list[tuple[int, int]]
) -> None:
    """Each step reads some records and writes a part of what it should, or all; then another sender begins."""
    topics = {
        ALERTS: [alert(offset, number) for offset, number in enumerate(alerts)],
        ROLLUPS: [entries(offset, count) for offset, count in enumerate(counts)],
    }
    log: list[tuple[bytes, bytes | None]] = []
    bodies: dict[str, set[bytes]] = {}
    for read, written in [*steps, (100, 10_000)]:
        outbox = recovered(log)
        deriving = Deriving(HOOKS, outbox, name_of)
        for topic, records in topics.items():
            begin = deriving.places.get((topic, 0), 0)
            for record in records[begin : begin + read]:
                deriving.take(record, 0)
        changes = deriving.changes(0)
        log += [encoded(*each) for each in changes[:written]]
        if written >= len(changes):
            assert set(deriving.saved(changes)) <= set(outbox.waiting)
        for message_id, message in recovered(log).waiting.items():
            bodies.setdefault(message_id, set()).add(message.body)
    made = recovered(log).waiting.values()
    told = [(each.webhook, msgspec.json.decode(each.body)["data"].get("alert_id")) for each in made]
    opened = [(name, f"a{number}") for name in "ab" for number in set(alerts)]
    multiples = [each for each in made if each.type == "milestone.entries"]
    assert sorted(each for each in told if each[1] is not None) == sorted(opened)
    reached = [msgspec.json.decode(each.body)["data"]["threshold"] for each in multiples]
    assert sorted(reached) == list(range(10, max(counts, default=0) + 1, 10))
    assert all(len(each) == 1 for each in bodies.values())


def test_what_was_taken_is_not_made_again_and_what_is_none_is_passed_over(caplog: Any) -> None:
    """A worker tells a change twice after a crash; a record may be anything; alerts of last week wake nobody."""
    outbox = Outbox()
    deriving = Deriving(HOOKS, outbox, name_of)
    for record in (
        alert(0, 1, LONGEST_MS),
        alert(1, 1, LONGEST_MS),
        alert(2, 2, 0),
        Record(ALERTS, 3, b"a", b"{", LONGEST_MS),
        Record(ROLLUPS, 0, msgspec.json.encode(["spring"]), b"\xff"),
        Record(ROLLUPS, 1, msgspec.json.encode(["spring", "ana"]), b"not looked at"),
        Record(ROLLUPS, 2, msgspec.json.encode(["spring"]), None),
    ):
        deriving.take(record, 2 * LONGEST_MS - 1)
    changes = deriving.changes(5)
    made = deriving.saved(changes)
    assert len(made) == 2
    assert {type(value) for _, value in changes[:2]} == {Waiting}
    assert deriving.changes(6) == []
    deriving.take(alert(4, 1, LONGEST_MS), LONGEST_MS)
    assert not deriving.has_made
    assert [each.getMessage().split()[-1] for each in caplog.records] == ["alert", "rollup"]
