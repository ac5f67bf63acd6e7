"""Where Faust reads a changelog partition on, that goes and comes back while it is being recovered."""

import asyncio
from types import SimpleNamespace

import faust
from faust.types import TP

from agents.connection.kafka import KafkaConnection
from agents.state.faust_table import StoredTable
from agents.state.stores import MemoryStore


def test_a_partition_that_comes_back_is_read_from_its_beginning() -> None:
    """What Faust took for read while the partition was elsewhere, or still has in its queue, the store has not got."""
    asyncio.run(_come_back())


async def _come_back() -> None:
    app = faust.App("recovery", broker="kafka://127.0.0.1:1", Table=StoredTable, web_enabled=False)
    table = app.Table("state", key_type=bytes, value_type=bytes, partitions=2, options={"state": MemoryStore()})
    table.connection = KafkaConnection(address="127.0.0.1:1")
    recovery, queue = app.tables.recovery, app.tables.changelog_queue
    stays, comes = (TP(table.changelog_topic_name, partition) for partition in (0, 1))
    recovery.active_offsets[stays] = 30
    recovery.active_offsets[comes] = 1220  # as the XXX in Faust's _slurp_changelogs leaves it
    for tp, offset in ((comes, 1221), (stays, 31), (comes, 1222), (stays, 32)):
        queue.force_put_nowait(SimpleNamespace(message=SimpleNamespace(tp=tp, offset=offset)))

    await table.on_rebalance({stays, comes}, set(), {comes})

    for tp in (stays, comes):
        recovery.add_active(table, tp)
    assert (recovery.active_offsets[stays], recovery.active_offsets[comes]) == (30, None)
    assert [queue.get_nowait().message.offset for _ in range(queue.qsize())] == [31, 32]
