"""``campaign-pulse giveaway freeze``: the entry list of a draw, and which random value will decide it."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.announcement import AnnouncementError, announcement
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.recording import NewFiles, log_or_exit, record_step
from agents.cli.giveaway.review import giveaway_or_exit, tell_doubts
from agents.cli.giveaway.verify import say_unfilled
from agents.clock import make_clock
from agents.read_model.connection import REDIS_ERRORS
from agents.read_model.refusals import described
from agents.settings import Settings
from agents.stages.review import redis_of
from models.draws import FrozenEntries
from models.giveaway import MAX_WINNERS
from models.read_model import Keys
from streams.giveaway.drand import address_of
from streams.giveaway.draw_log import LOG_FILE, DrawLogError, log_of, next_place
from streams.giveaway.freeze import ENTRIES_FILE, LEFT_OUT_FILE, FreezeError, freeze_list, leaves_out
from streams.suspicion.review import suspects_of

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.argument("directory", type=_DIRECTORY)
@click.option("--winners", type=click.IntRange(1, MAX_WINNERS), help="How many win.  [default: as the rules say, or 1]")
@click.option("--substitutes", type=click.IntRange(0, 100_000), default=0, show_default=True, help="How many follow.")
@click.option("--source", help="Another public random value than drand's, in words; published in advance.")
@click.option("--drand-round", type=click.IntRange(min=1), help="The drand round, where the rules name none.")
@click.option("--at", metavar="MOMENT", help='Instead: the first round from "Monday 12:00", "2026-11-29 12:00" on.')
@click.option(
    "--drand-chain", metavar="NAME|HASH|FILE|URL", help="quicknet, default, or drand's /info.  [default: quicknet]"
)
@click.option("--reason", help="Why the list is frozen again; for everybody to read, in the record and the log.")
@click.option("--fewer", is_flag=True, help="Freeze although there are fewer entrants than winners.")
@click.option("--before-closing", is_flag=True, help="Freeze although the giveaway is still open.")
def freeze(
    campaign_id: str,
    directory: Path,
    winners: int | None,
    substitutes: int,
    source: str | None,
    drand_round: int | None,
    at: str | None,
    drand_chain: str | None,
    reason: str | None,
    fewer: bool,
    before_closing: bool,
) -> None:
    """Freeze the entry list of CAMPAIGN for a draw, into the new DIRECTORY.

    Reads the ledger to its end, applies rules and policy, and writes frozen.json, entries.txt, left-out.txt, log.json
    (publish these, and the commitment, before the random value exists) and secret.key (keep it). The round is the one
    that the rules name (draw: minutes_after_closing); where they name none, --drand-round or --at does (local times are
    of the giveaway's time_zone). It must not exist yet. The freeze is a step in the campaign's log, campaign.draws.v1;
    a second one needs a --reason. Exit code 2 when the round exists, when the giveaway is still open, or when nobody or
    too few take part.
    """
    settings = settings_or_exit()
    data = giveaway_or_exit(settings, campaign_id)
    tell_doubts(data)
    now_ms = make_clock(settings.clock)()
    if now_ms < data.book.closes_ms and not before_closing:
        raise UsageFailure(
            f"the giveaway closes at {data.rules.closes_at.isoformat()}; --before-closing freezes anyway"
        )
    if winners is not None and data.rules.winners not in (None, winners):
        raise UsageFailure(f"--winners is {winners}, the rules say {data.rules.winners}")
    policy = data.rules.suspicion
    key = draw_files.new_key()
    try:
        announced = announcement(
            source, chain_name=drand_chain, number=drand_round, at=at, rules=data.rules, now_ms=now_ms
        )
        place = next_place(log_of(log_or_exit(campaign_id, settings)), "freeze", reason)
        frozen = freeze_list(
            data,
            suspects_of(data, policy) if leaves_out(policy) else {},
            key,
            frozen_at=_moment_text(now_ms),
            winners=winners or data.rules.winners or 1,
            substitutes=substitutes,
            randomness=announced,
            fewer=fewer,
            place=place,
        )
        with NewFiles(directory) as files:
            files.write(draw_files.KEY, draw_files.encode_key(key))
            files.write(ENTRIES_FILE, frozen.entries)
            files.write(LEFT_OUT_FILE, frozen.left_out)
            encoded = record_step(files, directory, draw_files.FROZEN, frozen.record, campaign_id)
    except (AnnouncementError, DrawLogError, FreezeError, DrawFileError) as error:
        raise UsageFailure(str(error)) from None
    record, commitment = frozen.record, draw_files.sha256_of(encoded)
    if settings.redis_url:
        _publish(settings, record, commitment, encoded)
    click.echo(f"commitment  {commitment}")
    click.echo(f"step        {place.number} in the campaign's log, freeze {place.attempt}")
    click.echo(f"entrants    {record.entries.lines}, {record.chances} chances")
    click.echo(f"left out    {record.left_out.lines} held or excluded, with reasons in {LEFT_OUT_FILE}")
    click.echo(f"publish     {draw_files.FROZEN}, {ENTRIES_FILE}, {LEFT_OUT_FILE} and {LOG_FILE} of {directory}")
    click.echo(for_people(f"value       of {announced.source}"))
    if announced.chain is not None:
        named = "the rules name it" if announced.chosen_by == "rules" else "the rules name none: the record says so"
        click.echo(f"round       {announced.round} of drand chain {announced.chain.hash} ({named})")
        click.echo(f"made at     {_local(str(announced.round_at), data.rules.time_zone)}: publish before")
        address = address_of(announced.chain, int(announced.round or 0))
        if address is not None:
            click.echo(f"then        campaign-pulse giveaway draw {directory} --randomness-from {address}")
    say_unfilled(record)


def _moment_text(at_ms: int) -> str:
    """Return a moment (epoch milliseconds) as records carry it."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")


def _local(at: str, time_zone: str | None) -> str:
    """Return a time as records carry it, and in a zone where there is one."""
    if time_zone is None:
        return at
    return f"{at} ({datetime.fromisoformat(at).astimezone(ZoneInfo(time_zone)):%A %Y-%m-%d %H:%M:%S} in {time_zone})"


def _publish(settings: Settings, record: FrozenEntries, commitment: str, encoded: bytes) -> None:
    fields: dict[Any, Any] = {
        "commitment": commitment,
        "frozen_at": record.frozen_at,
        "entrants": record.entries.lines,
        "chances": record.chances,
        "record": encoded,
    }
    try:
        with closing(redis_of(settings)) as redis:
            redis.hset(Keys(settings.redis_prefix).frozen(record.campaign_id), mapping=fields)
    except REDIS_ERRORS as error:
        # The record is in its files already; Redis is a copy for those who watch.
        click.echo(f"not shown in Redis: it {described(error, settings.redis_url)}", err=True)
