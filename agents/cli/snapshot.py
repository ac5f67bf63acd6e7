"""``campaign-pulse snapshot`` and ``tail``: the numbers as they are, and as they come."""

import asyncio
import json
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import click
import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from rich.console import Console

from agents.broker.dead_letter_log import partitions_of
from agents.broker.log_ends import log_bounds
from agents.broker.topic_admin import absent
from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.cli.record_texts import json_field, moment, preview
from agents.connection.reach import UnreachableError, check_reachable
from agents.demo.summary import print_snapshot
from agents.read_model.reader import ReadModel, ReadModelError, Update
from agents.settings import Settings
from agents.terminal import visible, visible_json
from models.alerts import AlertTransition
from models.deadletters import DeadLetter
from models.redrives import is_mark
from models.rollups import WINDOW_NAMES, WindowName
from models.topics import ALERTS, DEAD_LETTERS

_POLL_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 30.0
_decode_transition = msgspec.json.Decoder(AlertTransition).decode


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the whole snapshot as one JSON document.")
@click.option("--campaign", "campaign_id", help="Only this campaign.")
@click.option("--window", type=click.Choice(WINDOW_NAMES), default="1h", show_default=True, help="Window of the table.")
@click.option("--places", type=click.IntRange(min=1), default=20, show_default=True, help="Influencers in the table.")
def snapshot(as_json: bool, campaign_id: str | None, window: WindowName, places: int) -> None:
    """Print the numbers in Redis now.

    The JSON document is the one `campaign-pulse replay --json` prints: campaigns by id, influencers by campaign and
    id, every window. Exit codes: 0, or 1 when there are no numbers yet, 2 when Redis cannot be read.
    """
    settings = settings_or_exit()
    with _read_model(settings) as read_model:
        found = read_model.snapshot(campaign_id)
    if found is None:
        what = "no numbers" if campaign_id is None else f"no numbers of campaign {campaign_id!r}"
        click.echo(for_people(f"{what} in {settings.redis_url} under {settings.redis_prefix}:"), err=True)
        sys.exit(1)
    if as_json:
        click.echo(visible_json(msgspec.json.format(msgspec.json.encode(found), indent=2).decode()))
    else:
        print_snapshot(Console(), found, window, places)


@click.command()
@click.option("--topic", help="Follow this Kafka topic instead of the updates in Redis.")
@click.option("--campaign", "campaign_id", help="Only updates of this campaign.")
@click.option("--influencer", "influencer_id", help="Only updates of this influencer.")
@click.option("--last", type=click.IntRange(min=0), default=0, show_default=True, help="Begin so many entries back.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many entries.  [default: follow until Ctrl-C]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def tail(
    topic: str | None,
    campaign_id: str | None,
    influencer_id: str | None,
    last: int,
    count: int | None,
    as_json: bool,
) -> None:
    """Follow the updates in Redis, or with --topic the records of a Kafka topic.

    `--topic campaign.dead-letters.v1` shows what was refused, why, and where it came from; `--topic campaign.alerts.v1`
    each alert with its sentence. `--last` counts back per partition of a topic.

    Exit code 2 when Redis, the broker or the topic is not there.
    """
    settings = settings_or_exit()
    if topic is not None and (campaign_id is not None or influencer_id is not None):
        raise click.UsageError("--campaign and --influencer filter updates, not the records of a --topic")
    lines = (
        _update_lines(settings, campaign_id, influencer_id, last, as_json=as_json)
        if topic is None
        else _record_lines(settings, topic, last, as_json=as_json)
    )
    try:
        with closing(lines):
            for number, line in enumerate(lines, start=1):
                click.echo(visible_json(line) if as_json else visible(line))
                if number == count:
                    return
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


@contextmanager
def _read_model(settings: Settings) -> Iterator[ReadModel]:
    try:
        with closing(ReadModel(settings.redis_url, settings.redis_prefix)) as read_model:
            yield read_model
    except ReadModelError as error:
        raise UsageFailure(str(error)) from None


def _update_lines(
    settings: Settings, campaign_id: str | None, influencer_id: str | None, last: int, *, as_json: bool
) -> Generator[str]:
    with _read_model(settings) as read_model:
        for update in read_model.follow(last, _POLL_SECONDS):
            if campaign_id is not None and update.campaign_id != campaign_id:
                continue
            if influencer_id is not None and (update.kind, update.influencer_id) != ("influencer", influencer_id):
                continue
            yield msgspec.json.encode(update).decode() if as_json else _update_line(update)


def _update_line(update: Update) -> str:
    who = update.campaign_id
    if update.kind == "influencer":
        who += f" / {update.influencer_id or '(unattributed)'}"
    numbers = "  ".join(f"{name} {value}" for name, value in update.numbers.items())
    return f"{moment(update.as_of_ms)}  {who}  {numbers}"


def _record_lines(settings: Settings, topic: str, last: int, *, as_json: bool) -> Generator[str]:
    try:
        check_reachable(settings.kafka_connection)
        with asyncio.Runner() as runner:
            consumer = runner.run(_consumer_at(settings, topic, last))
            try:
                while True:
                    for records in runner.run(consumer.getmany(timeout_ms=int(_POLL_SECONDS * 1000))).values():
                        for record in records:
                            yield _record_json(record) if as_json else _record_line(record)
            finally:
                runner.run(consumer.stop())
    except UnreachableError as error:
        raise UsageFailure(str(error)) from None
    except (KafkaError, TimeoutError) as error:
        raise UsageFailure(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None


async def _consumer_at(settings: Settings, topic: str, last: int) -> AIOKafkaConsumer:
    """Return a consumer of a topic so many records before its end, in each partition."""
    consumer = AIOKafkaConsumer(
        **settings.kafka_connection.aiokafka_arguments(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # Dead letters are up to a maximal message and its headers.
        max_partition_fetch_bytes=16_000_000,
    )
    try:
        await consumer.start()
        partitions = await partitions_of(consumer, topic)
        if not partitions:
            raise UsageFailure(f"PULSE_BROKER={settings.broker}: {absent(topic)}")
        bounds = await log_bounds(settings.kafka_connection, partitions, _ANSWER_SECONDS)
        consumer.assign(partitions)
        for partition, (first, end) in bounds.items():
            consumer.seek(partition, max(first, end - last))
    except BaseException:
        await consumer.stop()
        raise
    return consumer


def _record_line(record: Any) -> str:
    place = f"{moment(record.timestamp)}  {record.topic}/{record.partition}@{record.offset}"
    if record.topic == DEAD_LETTERS and is_mark(record.headers):
        return f"{place}  mark of a redrive  {preview(record.value)}"
    if record.topic == DEAD_LETTERS:
        try:
            letter = DeadLetter.from_record(record.key, record.value, list(record.headers))
        except ValueError as error:
            return f"{place}  not a dead letter of ours ({error})  {preview(record.value)}"
        source = f"{letter.topic}/{letter.partition}@{letter.offset}"
        return f"{place}  {letter.reason}: {letter.detail}  from {source}  {preview(letter.value)}"
    if record.topic == ALERTS:
        try:
            transition = _decode_transition(record.value)
        except (msgspec.DecodeError, TypeError) as error:
            return f"{place}  not an alert of ours ({error})  {preview(record.value)}"
        alert = transition.alert
        when = f"{moment(transition.at_ms)}  {transition.kind:<8}  {alert.severity:<8}  {alert.rule}"
        return f"{when}  {preview(alert.campaign_id.encode())}  {preview(alert.explanation.encode())}"
    return f"{place}  {preview(record.key)}  {preview(record.value)}"


def _record_json(record: Any) -> str:
    return json.dumps(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp_ms": record.timestamp,
            "headers": {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers},
            **json_field("key", record.key),
            **json_field("value", record.value),
        },
        ensure_ascii=False,
    )
