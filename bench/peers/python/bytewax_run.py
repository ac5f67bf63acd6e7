"""The job in Bytewax: batches of a partition, one stateful operator by influencer, a Redis sink, a recovery store."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from job import TOPICS, Row, decode, first
from redis import Redis

_SECOND = timedelta(seconds=1)


class Count(StatefulBatchLogic):
    """One influencer. What changed is emitted a second after the first change."""

    def __init__(self, row: Row | None) -> None:
        self.row = Row() if row is None else row
        self.due: datetime | None = None if row is None else datetime.now(UTC)

    def on_batch(self, values):
        count = self.row.count
        for topic, event in values:
            count(topic, event)
        if self.due is None:
            self.due = datetime.now(UTC) + _SECOND
        return (), StatefulBatchLogic.RETAIN

    def on_notify(self):
        self.due = None
        return (self.row.changed(),), StatefulBatchLogic.RETAIN

    def notify_at(self):
        return self.due

    def snapshot(self):
        return self.row  # pickled at once by the recovery store


class RedisPartition(StatelessSinkPartition):
    def __init__(self) -> None:
        host, port = os.environ["PEER_REDIS"].split(":")
        self._redis = Redis(host, int(port))

    def write_batch(self, items) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for key, fields in items:
            pipe.hset(f"p:{key}", mapping=fields)
        pipe.execute()


class RedisSink(DynamicSink):
    def build(self, step_id, worker_index, worker_count):
        return RedisPartition()


def parsed(messages):
    first()
    return [(message.key.decode(), (message.topic, decode(message.value))) for message in messages]


flow = Dataflow("peers")
# Each partition has a consumer of its own; a full queue of one is not fed for a whole second by default.
_KAFKA = {"fetch.queue.backoff.ms": "10", "fetch.wait.max.ms": "100", "queued.max.messages.kbytes": "16384"}
events = op.input(
    "events", flow, KafkaSource([os.environ["PEER_BROKER"]], list(TOPICS), add_config=_KAFKA, batch_size=5000)
)
keyed = op.flat_map_batch("parse", events, parsed)
rows = op.stateful_batch("count", keyed, Count)
op.output("redis", rows, RedisSink())

if __name__ == "__main__":
    directory = Path(os.environ["PEER_STATE_DIR"])
    if not any(directory.glob("part-*")):
        init_db_dir(directory, 1)
    cli_main(
        flow, workers_per_process=1, epoch_interval=timedelta(seconds=10), recovery_config=RecoveryConfig(directory)
    )
