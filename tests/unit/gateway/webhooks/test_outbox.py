"""What the topic of outgoing messages says, from any record on, and the order in which messages are tried."""

from gateway.webhooks.hook_queue import HookQueue
from gateway.webhooks.outbox import (
    Done,
    High,
    Outbox,
    Place,
    Switch,
    Value,
    Waiting,
    encoded,
    high_key,
    message_key,
    place_key,
    switch_key,
)
from streams.webhooks.messages import Totals


def message(made_ms: int = 0, attempts: int = 0, next_ms: int = 0) -> Waiting:
    """A message that waits."""
    return Waiting(
        webhook="ops",
        type="test",
        campaign_id="spring",
        made_ms=made_ms,
        body=b'{"a":"\xc3\xbc"}',
        attempts=attempts,
        next_ms=next_ms,
    )


def test_of_each_key_the_last_record_counts() -> None:
    """Waiting, then taken, then forgotten; switches, places and totals likewise; strangers are counted."""
    outbox = Outbox()
    records: list[tuple[tuple[str, ...], Value | None]] = [
        (message_key("m1"), message(5)),
        (message_key("m2"), message(7, attempts=2)),
        (message_key("m3"), message(9)),
        (message_key("m1"), Done(webhook="ops", at_ms=6, outcome="sent")),
        (message_key("m3"), Done(webhook="ops", at_ms=6, outcome="sent")),
        (message_key("m3"), None),
        (switch_key("ops"), Switch(off_ms=3, reason="gone")),
        (switch_key("old"), Switch()),
        (switch_key("old"), None),
        (place_key("t", 1), Place(next=4)),
        (place_key("t", 2), Place(next=4)),
        (place_key("t", 2), None),
        (high_key("spring"), High(totals=Totals(orders=1, revenue={"EUR": "1.50"}))),
        (("future", "thing"), Place(next=1)),
    ]
    for record in records:
        outbox.take(*encoded(*record))
    outbox.take(b"no key", b"{}")
    outbox.take(encoded(message_key("m9"), None)[0], b'{"what":"unknown"}')
    assert outbox.waiting == {"m2": message(7, attempts=2)}
    assert list(outbox.done) == ["m1"]
    assert (outbox.knows("m1"), outbox.knows("m2"), outbox.knows("m3")) == (True, True, False)
    assert outbox.is_off("ops")
    assert list(outbox.switches) == ["ops"]
    assert outbox.places == {("t", 1): 4}
    assert outbox.highs["spring"].revenue == {"EUR": "1.50"}
    assert outbox.oldest_ms("ops") == 7
    assert outbox.unreadable == 3


def test_new_messages_keep_their_order_and_failed_ones_hold_up_nothing() -> None:
    """Failed ones when they are due, the earliest first; nothing while the receiver has asked for nothing."""
    queue = HookQueue([("late", message(attempts=1, next_ms=200)), ("a", message()), ("b", message())])
    queue.add("early", message(attempts=3, next_ms=100))
    assert [queue.take(50, new=True) for _ in range(3)] == ["a", "b", None]
    assert queue.take(50, new=False) is None
    assert queue.seconds_until_due(50, new=False, most=5) == 0.05
    assert [queue.take(300, new=False) for _ in range(3)] == ["early", "late", None]
    queue.add("c", message())
    queue.paused_until_ms = 2_000
    assert queue.take(1_999, new=True) is None
    assert queue.seconds_until_due(1_000, new=True, most=5) == 1.0
    assert queue.take(2_000, new=True) == "c"
