"""The job in faust-streaming the ordinary way: one agent a topic, JSON values, tables in memory with their changelogs.

A timer writes what changed to Redis once a second.
"""

import logging
import os
from datetime import UTC, datetime
from typing import Any

import faust
from job import TOPICS, add, delta, first, millis, text, total_fields
from redis.asyncio import Redis

PARTITIONS = 8


class Posted(faust.Record, serializer="json", validation=False):
    """What the job needs of an event; other fields are ignored."""

    type: str
    event_id: str
    platform: str
    occurred_at: Any
    post_id: str | None = None
    likes: int | None = None
    shares: int | None = None
    saves: int | None = None
    kind: str | None = None
    count: int = 1
    test: bool = False
    amount: str | None = None
    currency: str | None = None


app = faust.App(
    os.environ["PEER_GROUP"],
    broker=f"kafka://{os.environ['PEER_BROKER']}",
    store="memory://",
    value_serializer="json",
    datadir=os.environ["PEER_STATE_DIR"],
    topic_partitions=PARTITIONS,
    topic_disable_leader=True,
    web_enabled=False,
    broker_commit_interval=1.0,
    consumer_auto_offset_reset="earliest",
    worker_redirect_stdouts=False,
)
seen = app.Table("seen", default=bool, partitions=PARTITIONS)
posts = app.Table("posts", partitions=PARTITIONS)
totals = app.Table("totals", default=lambda: [0, 0, 0, 0, {}], partitions=PARTITIONS)
# By window start: what Faust's own tumbling tables do inside, without their wrappers.
windows = app.Table("windows", default=lambda: [0, 0, 0, {}], partitions=PARTITIONS)
changed: dict[str, set[str]] = {}


def time_ms(given: Any) -> int:
    return given if isinstance(given, int) else millis(datetime.fromisoformat(given).astimezone(UTC))


class Posts:
    """The posts of an influencer, as ``job.snapshot`` wants them."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._touched: dict[str, list] = {}

    def get(self, post_id: str) -> Any:
        known = posts.get(f"{self._key}/{post_id}")
        if known is not None:
            known = self._touched[post_id] = [tuple(each) for each in known]
        return known

    def __setitem__(self, post_id: str, known: list) -> None:
        self._touched[post_id] = known

    def store(self) -> None:
        for post_id, known in self._touched.items():
            posts[f"{self._key}/{post_id}"] = known


async def count(topic: str, stream: Any) -> None:
    mark = topic[9:12]
    async for event in stream.events():
        first()
        key, value = event.key.decode() if isinstance(event.key, bytes) else event.key, event.value
        event_id = f"{mark}{value.platform}\0{value.event_id}"
        if event_id in seen:
            continue
        seen[event_id] = True
        ms = time_ms(value.occurred_at)
        mine = Posts(key)
        change = delta(value, ms, mine)
        mine.store()
        total = totals[key]
        total[0] += 1
        dirty = changed.setdefault(key, set())
        if change[0] or change[1] or change[2]:
            stats = total[1:]
            add(stats, *change)
            total[1:] = stats
            for label, size in (("1m", 60_000), ("5m", 300_000)):
                field = f"{label}:{ms - ms % size}"
                stats = windows[f"{key}|{field}"]
                add(stats, *change)
                windows[f"{key}|{field}"] = stats
                dirty.add(field)
        totals[key] = total


redis: Redis | None = None


@app.timer(1.0)
async def show() -> None:
    global redis
    if not changed:
        return
    if redis is None:
        host, port = os.environ["PEER_REDIS"].split(":")
        redis = Redis(host=host, port=int(port))
    pipe = redis.pipeline(transaction=False)
    for key, dirty in changed.items():
        total = totals[key]
        fields = total_fields(total[0], total[1:])
        for field in dirty:
            fields[field] = text(windows[f"{key}|{field}"])
        pipe.hset(f"p:{key}", mapping=fields)
    changed.clear()
    await pipe.execute()


for each in TOPICS:

    def made(topic: str) -> Any:
        async def agent(stream: Any) -> None:
            await count(topic, stream)

        return agent

    app.agent(app.topic(each, key_type=bytes, key_serializer="raw", value_type=Posted), name=each)(made(each))


def create_changelogs() -> None:
    """Create the changelogs beforehand.

    Faust creates them too, but then does not know yet that they have partitions, and on Apache Kafka its first
    events fail with PartitionsMismatch.
    """
    from kafka.admin import KafkaAdminClient, NewTopic

    admin = KafkaAdminClient(bootstrap_servers=os.environ["PEER_BROKER"])
    names = [table.changelog_topic.get_topic_name() for table in (seen, posts, totals, windows)]
    admin.create_topics(
        [
            NewTopic(
                name=name, num_partitions=PARTITIONS, replication_factor=1, topic_configs={"cleanup.policy": "compact"}
            )
            for name in names
        ]
    )
    admin.close()


if __name__ == "__main__":
    create_changelogs()
    logging.basicConfig(level=logging.ERROR)
    faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False).execute_from_commandline()
