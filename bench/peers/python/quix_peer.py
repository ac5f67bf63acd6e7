"""The job in Quix Streams: three topics as one stream, one stateful function in RocksDB with changelog, Redis.

Each commit, once a second, flushes state, changelog and the sink: at least once, the default.
"""

import logging
import os

from job import TOPICS, add, decode, delta, first, millis, text, total_fields
from quixstreams import Application
from quixstreams.sinks import BaseSink
from redis import Redis


class RedisSink(BaseSink):
    """The newest row of each influencer and window since the last commit; the library's own writes every update."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, tuple] = {}
        self._windows: dict[tuple[str, str], list] = {}

    def setup(self) -> None:
        host, port = os.environ["PEER_REDIS"].split(":")
        self._redis = Redis(host, int(port))

    def add(self, value, key, timestamp, headers, topic, partition, offset) -> None:
        total, windows = value
        self._rows[key] = total
        for field, stats in windows:
            self._windows[key, field] = stats

    def flush(self) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for key, total in self._rows.items():
            pipe.hset(f"p:{key}", mapping=total_fields(total[0], total[1:]))
        for (key, field), stats in self._windows.items():
            pipe.hset(f"p:{key}", field, text(stats))
        pipe.execute()
        self._rows.clear()
        self._windows.clear()


class StoredPosts:
    """The posts of an influencer, as ``job.snapshot`` wants them, one state entry each."""

    def __init__(self, state) -> None:
        self._state = state
        self._touched: dict[str, list] = {}

    def get(self, post_id: str):
        known = self._state.get(f"p{post_id}")
        if known is not None:
            self._touched[post_id] = known
        return known

    def __setitem__(self, post_id: str, known: list) -> None:
        self._touched[post_id] = known

    def store(self) -> None:
        for post_id, known in self._touched.items():
            self._state.set(f"p{post_id}", known)


def count(value, state):
    first()
    mark, raw = value
    event = decode(raw)
    event_id = f"{mark}{event.platform}\0{event.event_id}"
    if state.exists(event_id):
        return None
    state.set(event_id, 1)
    ms = millis(event.occurred_at)
    posts = StoredPosts(state)
    change = delta(event, ms, posts)
    posts.store()
    total = state.get("t", None) or [0, 0, 0, 0, {}]
    total[0] += 1
    windows = []
    if change[0] or change[1] or change[2]:
        stats = total[1:]
        add(stats, *change)
        total[1:] = stats
        for label, size in (("1m", 60_000), ("5m", 300_000)):
            field = f"{label}:{ms - ms % size}"
            stats = state.get(field, None) or [0, 0, 0, {}]
            add(stats, *change)
            state.set(field, stats)
            windows.append((field, stats))
    state.set("t", total)
    return total, windows


def main() -> None:
    app = Application(
        broker_address=os.environ["PEER_BROKER"],
        consumer_group=os.environ["PEER_GROUP"],
        auto_offset_reset="earliest",
        state_dir=os.environ["PEER_STATE_DIR"],
        commit_interval=1.0,
        consumer_extra_config={"fetch.queue.backoff.ms": 10, "fetch.wait.max.ms": 100},
        loglevel=logging.WARNING,
    )
    streams = []
    for topic in TOPICS:
        source = app.topic(topic, key_deserializer="str", value_deserializer="bytes")
        streams.append(app.dataframe(source).apply(lambda value, mark=topic[9:12]: (mark, value)))
    rows = streams[0].concat(streams[1]).concat(streams[2]).apply(count, stateful=True)
    rows.filter(lambda row: row is not None).sink(RedisSink())
    app.run()


if __name__ == "__main__":
    main()
