"""``campaign-pulse giveaway clear-record``: a record in the ledger's topic that was never ours is accepted as such."""

import asyncio
import re
from typing import Final

import click
from aiokafka.errors import KafkaError

from agents.broker.producers import start_producer
from agents.broker.topic_admin import LARGEST_MESSAGE_BYTES
from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.clock import make_clock
from agents.settings import Settings
from agents.stages.ledger_reader import read_whole_ledger
from models.topics import ENTRIES
from streams.ledger.compaction import LedgerError, PoisonedPlace, replacements_of
from streams.ledger.sealing import key_of

_PLACE: Final = re.compile(rf"{re.escape(ENTRIES)}/(\d{{1,9}})@(\d{{1,18}})", re.ASCII)
_SHOWN_BYTES: Final = 200


@click.command("clear-record")
@click.argument("places", metavar="[PLACE]...", nargs=-1)
@click.option("--all", "all_places", is_flag=True, help="Every record that is none and not cleared yet.")
@click.option("--accept", is_flag=True, help="Accept it as no record of the ledger. Without it, it is only shown.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for everybody to read: name nobody.")
def clear_record(places: tuple[str, ...], all_places: bool, accept: bool, reason: str) -> None:
    """Clear PLACE (campaign.entries.v1/PARTITION@OFFSET) of the ledger, at which no record of ours stands.

    Workers pass over what was never ours, and tell. Commands that read a whole ledger (review, freeze, forget and more)
    refuse: a fact may have been overwritten. Look at what stands there, then --accept it: a mark behind it says that it
    is none. What had its key before is written again; where nothing had, the key is deleted, so that compaction removes
    the record. A list that is frozen afterwards names the place, and the hash of what stood there, in frozen.json.
    Exit codes: 0, or 1 when nothing is to be cleared, 2 when a place is none or holds a record of ours.
    """
    if all_places == bool(places):
        raise click.UsageError("name one PLACE or more, or --all")
    settings = settings_or_exit()
    try:
        ledger = read_whole_ledger(settings)
    except LedgerError as error:
        raise UsageFailure(str(error)) from None
    found = {place.name: place for place in ledger.poisoned}
    if all_places:
        wanted = list(found.values())
    else:
        cleared = {place.name for place in ledger.cleared}
        wanted = []
        for name in places:
            if _PLACE.fullmatch(name) is None:
                raise UsageFailure(f"{name!r} is no place: {ENTRIES}/PARTITION@OFFSET is one")
            if name in cleared:
                click.echo(for_people(f"{name} is cleared already"), err=True)
            elif name not in found:
                raise UsageFailure(f"at {name} stands a record of ours, or none: there is nothing to be cleared")
            else:
                wanted.append(found[name])
    for place in wanted:
        _show(place)
    if not wanted:
        click.echo("nothing is to be cleared", err=True)
        raise SystemExit(1)
    if not accept:
        click.echo("nothing was changed: --accept accepts it as no record of the ledger", err=True)
        return
    now_ms, id_key = make_clock(settings.clock)(), key_of(settings.id_key)
    records = [
        (place.partition, *each) for place in wanted for each in replacements_of(ledger, place, reason, now_ms, id_key)
    ]
    try:
        asyncio.run(_send(settings, records))
    except (KafkaError, OSError, TimeoutError) as error:
        raise UsageFailure(f"PULSE_BROKER={settings.broker}: {error}") from None
    click.echo(f"cleared: {len(wanted)}")


def _show(place: PoisonedPlace) -> None:
    key = "no key" if place.key is None else f"key {place.key[:_SHOWN_BYTES]!r}"
    kind = place.fault or "newer version"
    click.echo(for_people(f"{place.name}  {kind}: {place.problem}; {key}, sha256 {place.sha256}"))


async def _send(settings: Settings, records: list[tuple[int, bytes, bytes | None]]) -> None:
    producer = await start_producer(settings.kafka_connection, max_request_size=LARGEST_MESSAGE_BYTES)
    try:
        # One after the other: the mark comes last.
        for partition, key, value in records:
            await producer.send_and_wait(ENTRIES, key=key, value=value, partition=partition)
    finally:
        await producer.stop()
