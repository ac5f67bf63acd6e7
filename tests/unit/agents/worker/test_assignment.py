"""The order in which partitions are taken over and let go of, with parts that write down what happens to them."""

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from unittest import mock

from faust.types import TP

from agents.broker.membership import FencedOut
from agents.state.table import Stored
from agents.worker.assignment import Assignment
from models.topics import CLOSED_WINDOWS, INPUT_TOPICS
from streams.changelog.log_positions import LogStart, same_log
from streams.events.registry import Registry

COMMITTED = {TP(topic, partition): 10 + partition for topic in (*INPUT_TOPICS, CLOSED_WINDOWS) for partition in (0, 1)}


def starts_of(partition: int) -> tuple[dict[str, LogStart], dict[str, Any]]:
    """The same logs as before, from the committed offsets on."""
    return {topic: same_log(10 + partition) for topic in INPUT_TOPICS}, {}


def an_assignment() -> tuple[Assignment, list[Any]]:
    """An assignment of two partitions that are there to be taken, and what happens."""
    happened: list[Any] = []
    partitions: dict[int, object] = {}

    def stage(name: str) -> Any:
        return SimpleNamespace(
            assign=lambda *told: happened.append((name, *told)),
            release=lambda: happened.append((name, sorted(partitions))),
        )

    alerts, board = stage("alerts"), stage("board")
    entries = stage("entries")
    entries.assign = lambda held: happened.append(("entries", sorted(held)))
    parts: dict[str, Any] = {
        "app": SimpleNamespace(consumer_generation_id=3, should_stop=False, crashed=False),
        "health": mock.Mock(ready=lambda owned: happened.append(("ready", owned))),
        "pipeline": SimpleNamespace(
            partitions=partitions,
            registry=Registry(),
            assign=lambda partition, *_: partitions.__setitem__(partition, partition),
            revoke=partitions.pop,
        ),
        "table": mock.Mock(
            read=lambda partition, _: happened.append(("read", partition)) or Stored([], {}, {}, []),
            log_position=lambda *_: None,
        ),
        "changelog": "changelog",
        "fence": mock.Mock(
            take_over=mock.AsyncMock(side_effect=lambda owned, *_: happened.append(("fence", owned))),
            let_go=lambda: happened.append("fence"),
            membership=SimpleNamespace(is_lost=False),
        ),
        "set_aside": mock.Mock(),
        "flusher": mock.Mock(flush=mock.AsyncMock(side_effect=lambda: happened.append("flush"))),
        "collector": mock.Mock(),
        "inputs": SimpleNamespace(changelog_ends={}, rejoin=lambda: happened.append("rejoin")),
        "logs": SimpleNamespace(
            look=mock.AsyncMock(side_effect=lambda owned, _: happened.append(("logs", owned))),
            starts=mock.AsyncMock(side_effect=lambda partition, *_: starts_of(partition)),
        ),
        "alerts": alerts,
        "entries": entries,
        "board": board,
        "stages": [alerts, entries, board],
        "long_work": nullcontext,
        "retire": lambda state: happened.append(("retire", state)),
    }
    return Assignment(**parts), happened


async def assigned(assignment: Assignment) -> None:
    """Have it take over what was recovered."""
    await assignment.recovered()
    await assignment.on_assigned(COMMITTED)


def test_stages_take_over_behind_the_fence() -> None:
    """Old campaigns go first, then an epoch begins, then state and alerts of each partition are read; ready is last."""
    assignment, happened = an_assignment()
    asyncio.run(assigned(assignment))
    assert happened == [
        ("board", []),
        ("fence", [0, 1]),
        ("logs", [0, 1]),
        ("read", 0),
        ("alerts", 0, 10),
        ("read", 1),
        ("alerts", 1, 11),
        ("entries", [0, 1]),
        ("ready", [0, 1]),
    ]


def test_records_of_a_purged_campaign_are_deleted_before_the_state_is_read() -> None:
    """Behind the fence, and first of all: what is read afterwards holds nothing of the campaign."""
    assignment, happened = an_assignment()
    assignment._pipeline.registry = Registry().with_purged("c")
    table, fence = assignment._table, assignment._fence
    table.keys_of = lambda partition, campaigns: [b"row"] if partition == 1 and campaigns == {"c"} else []  # type: ignore[method-assign]
    fence.records = list  # type: ignore[method-assign]
    fence.write = mock.AsyncMock(side_effect=lambda written: happened.append(("deleted", *written)))  # type: ignore[method-assign]
    asyncio.run(assigned(assignment))
    assert happened.index(("read", 0)) < happened.index(("deleted", (1, b"row", None))) < happened.index(("read", 1))
    table.compact.assert_called_once_with()  # type: ignore[attr-defined]


LET_GO = ["fence", ("retire", 0), ("retire", 1), ("alerts", []), ("entries", []), ("board", [])]


def test_what_is_revoked_is_flushed_before_any_part_lets_go() -> None:
    """The fence first, so that nothing is written any more; counts are kept; then every stage, and the campaigns."""
    assignment, happened = an_assignment()

    async def there_and_back() -> None:
        await assigned(assignment)
        happened.clear()
        await assignment.on_revoked()

    asyncio.run(there_and_back())
    assert happened == ["flush", *LET_GO]


def test_lost_partitions_are_dropped_once_and_without_a_flush() -> None:
    """While one flush was refused another may have waited: it finds nothing to drop, and counts nothing."""
    assignment, happened = an_assignment()
    asyncio.run(assigned(assignment))
    happened.clear()
    assignment.on_lost(FencedOut("silent for too long"))
    assignment.on_lost(FencedOut("silent for too long"))
    assert assignment.fenced_out_total == 1
    # The group still counts this worker: nobody else would take them.
    assert happened == [*LET_GO, "rejoin"]


def test_a_seek_before_recovery_takes_nothing_over() -> None:
    """In the middle of a rebalance the assignment is still to come."""
    assignment, happened = an_assignment()
    asyncio.run(assignment.on_assigned(COMMITTED))
    assert happened == []


def test_what_is_given_up_while_it_is_taken_over_is_not_taken() -> None:
    """The next assignment takes everything it has been given, as if there had been nothing before."""
    assignment, happened = an_assignment()

    async def there_back_and_there() -> None:
        await assignment.recovered()
        look = assignment._logs.look

        async def revoked_meanwhile(owned: Any, _: object) -> None:
            await assignment.on_revoked()
            await assignment.recovered()

        assignment._logs.look = revoked_meanwhile
        await assignment.on_assigned(COMMITTED)
        assert ("ready", [0, 1]) not in happened
        assignment._logs.look = look
        await assignment.on_assigned(COMMITTED)

    asyncio.run(there_back_and_there())
    assert happened.count(("fence", [0, 1])) == 2
    assert happened[-1] == ("ready", [0, 1])
