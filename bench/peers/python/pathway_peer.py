"""The job in Pathway: its own operators for ids, totals and windows, `diff` for snapshots, a subscription to Redis.

Snapshots are put in the order of their times, late ones too, by retracting what they change; so windows differ from the
other peers', which ignore a snapshot that is older than the last one (data.py has both expectations).
"""

import logging
import os
from datetime import datetime
from pathlib import Path

import pathway as pw
from job import first, micros, millis, text, total_fields
from redis import Redis

_KAFKA = {
    "bootstrap.servers": os.environ["PEER_BROKER"],
    "group.id": os.environ["PEER_GROUP"],
    "session.timeout.ms": "45000",
    "auto.offset.reset": "earliest",
    "fetch.queue.backoff.ms": "10",
    "fetch.wait.max.ms": "100",
}


class Common(pw.Schema):
    type: str
    event_id: str
    platform: str
    campaign_id: str
    occurred_at: pw.Json


class Posts(Common):
    influencer_id: str
    post_id: str
    likes: int | None = pw.column_definition(default_value=None)
    shares: int | None = pw.column_definition(default_value=None)
    saves: int | None = pw.column_definition(default_value=None)
    kind: str = pw.column_definition(default_value="")
    count: int = pw.column_definition(default_value=1)


class Comments(Common):
    influencer_id: str


class Conversions(Common):
    influencer_id: str | None = pw.column_definition(default_value=None)
    test: bool = pw.column_definition(default_value=False)
    amount: str = pw.column_definition(default_value="")
    currency: str = pw.column_definition(default_value="")


@pw.udf(deterministic=True)
def time_ms(given: pw.Json) -> int:
    first()
    value = given.value
    return value if isinstance(value, int) else millis(datetime.fromisoformat(value))


@pw.udf(deterministic=True)
def money(amount: str) -> int:
    return micros(amount)


def read(name: str, schema: type[pw.Schema]) -> pw.Table:
    """A topic without its redeliveries: ids are unique per platform."""
    table = pw.io.kafka.read(
        _KAFKA,
        topic=f"campaign.{name}.v1",
        format="json",
        schema=schema,
        name=name,
        autocommit_duration_ms=1000,
        max_backlog_size=100_000,
    )
    table = table.with_columns(instance=pw.make_tuple(table.platform, table.event_id))
    once = table.deduplicate(
        value=table.event_id, instance=table.instance, acceptor=lambda new, old: False, name=f"{name}-ids"
    )
    return once.with_columns(ms=time_ms(once.occurred_at))


posts, comments, conversions = read("posts", Posts), read("comments", Comments), read("conversions", Conversions)


def facts(table: pw.Table, key, comments=0, engagements=0, conversions=0, events=1) -> pw.Table:
    return table.select(
        key=key, ms=table.ms, events=events, comments=comments, engagements=engagements, conversions=conversions
    )


_created = pw.if_else(comments.type == "comment.created", 1, 0)
_counted = pw.if_else(
    (posts.type == "post.reaction") & ((posts.kind == "like") | (posts.kind == "share") | (posts.kind == "save")),
    posts.count,
    0,
)
_key = pw.coalesce(conversions.influencer_id, conversions.campaign_id)
_metrics = posts.filter(posts.type == "post.metrics")
_published = posts.filter(posts.type == "post.published")


def snapshots(metric: str) -> pw.Table:
    seen = _metrics.filter(_metrics[metric].is_not_none())
    seen = seen.select(key=seen.influencer_id, post=seen.post_id, ms=seen.ms, value=pw.unwrap(seen[metric]))
    zero = _published.select(key=_published.influencer_id, post=_published.post_id, ms=_published.ms, value=0)
    both = seen.concat_reindex(zero)
    # Of two snapshots in one millisecond the greater value is the newer; 22 bits are left beside the time.
    smaller = pw.if_else(both.value < 4_194_303, both.value, 4_194_303)
    both = both.with_columns(which=pw.make_tuple(both.key, both.post), order=both.ms * 4_194_304 + smaller)
    both += both.diff(both.order, both.value, instance=both.which)
    both = both.with_columns(change=pw.coalesce(both.diff_value, both.value))
    return facts(both, both.key, engagements=both.change, events=0)


everything = pw.Table.concat_reindex(
    facts(comments, comments.influencer_id, comments=_created, engagements=_created),
    facts(posts, posts.influencer_id, engagements=_counted),
    facts(conversions, _key, conversions=pw.if_else(conversions.test, 0, 1)),
    snapshots("likes"),
    snapshots("shares"),
    snapshots("saves"),
)
everything = everything.with_columns(
    minute=everything.ms - everything.ms % 60_000, five=everything.ms - everything.ms % 300_000
)
purchases = conversions.filter((conversions.type == "purchase") & ~conversions.test)
purchases = purchases.select(
    key=pw.coalesce(purchases.influencer_id, purchases.campaign_id),
    currency=purchases.currency,
    micros=money(purchases.amount),
    minute=purchases.ms - purchases.ms % 60_000,
    five=purchases.ms - purchases.ms % 300_000,
)


def summed(table: pw.Table, *by) -> pw.Table:
    return table.groupby(*by).reduce(
        *by,
        events=pw.reducers.sum(table.events),
        comments=pw.reducers.sum(table.comments),
        engagements=pw.reducers.sum(table.engagements),
        conversions=pw.reducers.sum(table.conversions),
    )


def paid(*by) -> pw.Table:
    return purchases.groupby(*by).reduce(*by, micros=pw.reducers.sum(purchases.micros))


_host, _port = os.environ["PEER_REDIS"].split(":")
redis = Redis(_host, int(_port))
rows: dict[tuple[str, str], list] = {}
changed: set[tuple[str, str]] = set()


def row_of(row: dict, label: str, column: str) -> list:
    field = f"{label}:{row[column]}" if label else ""
    place = row["key"], field
    changed.add(place)
    found = rows.get(place)
    if found is None:
        found = rows[place] = [0, 0, 0, 0, {}]
    return found


def show(time: int) -> None:
    pipe = redis.pipeline(transaction=False)
    for key, field in changed:
        row = rows[key, field]
        if field:
            pipe.hset(f"p:{key}", field, text(row[1:]))
        else:
            pipe.hset(f"p:{key}", mapping=total_fields(row[0], row[1:]))
    changed.clear()
    pipe.execute()


def follow(table: pw.Table, label: str, column: str, name: str) -> None:
    def on_change(key, row, time, is_addition) -> None:
        if is_addition:
            row_of(row, label, column)[:4] = row["events"], row["comments"], row["engagements"], row["conversions"]

    pw.io.subscribe(table, on_change=on_change, on_time_end=show, name=name)


def follow_money(table: pw.Table, label: str, column: str, name: str) -> None:
    def on_change(key, row, time, is_addition) -> None:
        if is_addition:
            row_of(row, label, column)[4][row["currency"]] = row["micros"]

    pw.io.subscribe(table, on_change=on_change, on_time_end=show, name=name)


follow(summed(everything, everything.key), "", "", "totals")
follow(summed(everything, everything.key, everything.minute), "1m", "minute", "minutes")
follow(summed(everything, everything.key, everything.five), "5m", "five", "fives")
follow_money(paid(purchases.key, purchases.currency), "", "", "money")
follow_money(paid(purchases.key, purchases.currency, purchases.minute), "1m", "minute", "money-minutes")
follow_money(paid(purchases.key, purchases.currency, purchases.five), "5m", "five", "money-fives")

if __name__ == "__main__":
    logging.getLogger().setLevel(logging.WARNING)
    store = pw.persistence.Backend.filesystem(str(Path(os.environ["PEER_STATE_DIR"]) / "persistence"))
    pw.run(
        monitoring_level=pw.MonitoringLevel.NONE,
        persistence_config=pw.persistence.Config(store, snapshot_interval_ms=10_000),
    )
