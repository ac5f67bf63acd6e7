"""``campaign-pulse giveaway freeze``: the entry list of a draw, and which random value will decide it."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from msgspec import Struct

from agents.cli.common import UsageFailure, for_people
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.announcement import AnnouncementError, announcement
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.recording import NewFiles, record_step
from agents.cli.giveaway.review import tell_doubts
from agents.cli.giveaway.sources import Source, giveaway_or_exit, log_or_exit, source_options
from agents.cli.giveaway.verify import say_unfilled
from agents.cli.tables import moment
from agents.clock import make_clock
from agents.read_model.connection import REDIS_ERRORS
from agents.read_model.refusals import described
from agents.settings import Settings
from agents.stages.review import redis_of
from models.draws import FrozenEntries
from models.giveaway import MAX_WINNERS
from models.read_model import Keys
from models.suspicion import Suspect
from streams.giveaway.drand import address_of
from streams.giveaway.draw_log import LOG_FILE, DrawLogError, log_of, next_place
from streams.giveaway.freeze import ENTRIES_FILE, LEFT_OUT_FILE, FreezeError, freeze_list
from streams.giveaway.loaded import GiveawayData
from streams.suspicion.review import left_out_of

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
_KEY_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


class Choices(Struct, frozen=True, kw_only=True):
    """What whoever freezes a list decides; see the options of the command."""

    winners: int | None = None
    substitutes: int = 0
    value_source: str | None = None
    drand_round: int | None = None
    at: str | None = None
    drand_chain: str | None = None
    reason: str | None = None
    fewer: bool = False
    before_closing: bool = False
    key_file: Path | None = None


class Frozen(Struct, frozen=True):
    """A list that was frozen: its record, and the SHA-256 of the record's file."""

    record: FrozenEntries
    encoded: bytes

    @property
    def commitment(self) -> str:
        """The commitment."""
        return draw_files.sha256_of(self.encoded)


def freeze_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of ``Choices``; it takes them as ``choices``."""
    options = (
        click.option(
            "--winners", type=click.IntRange(1, MAX_WINNERS), help="How many win.  [default: as the rules say, or 1]"
        ),
        click.option(
            "--substitutes", type=click.IntRange(0, 100_000), default=0, show_default=True, help="How many follow."
        ),
        click.option(
            "--source", "value_source", help="Another public random value than drand's, in words; published in advance."
        ),
        click.option("--drand-round", type=click.IntRange(min=1), help="The drand round, where the rules name none."),
        click.option(
            "--at", metavar="MOMENT", help='Instead: the first round from "Monday 12:00", "2026-11-29 12:00" on.'
        ),
        click.option(
            "--drand-chain",
            metavar="NAME|HASH|FILE|URL",
            help="quicknet, default, or drand's /info.  [default: quicknet]",
        ),
        click.option("--reason", help="Why it is done again; for everybody to read, in the record and the log."),
        click.option("--fewer", is_flag=True, help="Freeze although there are fewer entrants than winners."),
        click.option("--before-closing", is_flag=True, help="Freeze although the giveaway is still open."),
        click.option(
            "--key",
            "key_file",
            type=_KEY_FILE,
            help="The secret.key of an earlier list, so that receipts stay.  [default: new]",
        ),
    )

    @wraps(command)
    def with_choices(*arguments: Any, **given: Any) -> None:
        chosen = Choices(**{name: given.pop(name) for name in Choices.__struct_fields__})
        command(*arguments, choices=chosen, **given)

    for option in reversed(options):
        with_choices = option(with_choices)
    return with_choices


@click.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.argument("directory", type=_DIRECTORY)
@freeze_options
@source_options
def freeze(campaign_id: str, directory: Path, choices: Choices, source: Source) -> None:
    """Freeze the entry list of CAMPAIGN for a draw, into the new DIRECTORY.

    Reads the ledger to its end, applies rules and policy, and writes frozen.json, entries.txt, left-out.txt, log.json
    (publish these, and the commitment, before the random value exists) and secret.key (keep it). The round is the one
    that the rules name (draw: minutes_after_closing); where they name none, --drand-round or --at does (local times are
    of the giveaway's time_zone). It must not exist yet. The freeze is a step in the campaign's log, campaign.draws.v1;
    a second one needs a --reason. Exit code 2 when the round exists, when the giveaway is still open, or when nobody or
    too few take part.
    """
    data = giveaway_or_exit(source, campaign_id)
    tell_doubts(data)
    frozen = freeze_into(directory, source, data, choices)
    if source.is_live and source.settings.redis_url:
        _publish(source.settings, frozen)
    print_frozen(directory, frozen, data.rules.time_zone)
    address = drand_address(frozen.record)
    if address is not None:
        click.echo(for_people(f"then        campaign-pulse giveaway draw {directory} --randomness-from {address}"))
    say_unfilled(frozen.record)


def freeze_into(
    directory: Path,
    source: Source,
    data: GiveawayData,
    choices: Choices,
    suspected: Mapping[int, Suspect] | None = None,
) -> Frozen:
    """Freeze a list into a new directory, as a step of the campaign's log; or end with what is in the way.

    ``suspected`` are the suspects under the policy in the rules, where they were looked for already.
    """
    now_ms = make_clock(source.settings.clock)()
    rules, campaign_id = data.rules, data.definition.campaign_id
    if now_ms < data.book.closes_ms and not choices.before_closing:
        raise UsageFailure(f"the giveaway closes at {rules.closes_at.isoformat()}; --before-closing freezes anyway")
    if choices.winners is not None and rules.winners not in (None, choices.winners):
        raise UsageFailure(f"--winners is {choices.winners}, the rules say {rules.winners}")
    try:
        announced = announcement(
            choices.value_source,
            chain_name=choices.drand_chain,
            number=choices.drand_round,
            at=choices.at,
            rules=rules,
            now_ms=now_ms,
        )
        key = draw_files.new_key() if choices.key_file is None else draw_files.read_key(choices.key_file)
        frozen = freeze_list(
            data,
            left_out_of(data) if suspected is None else suspected,
            key,
            frozen_at=moment(now_ms),
            winners=choices.winners or rules.winners or 1,
            substitutes=choices.substitutes,
            randomness=announced,
            fewer=choices.fewer,
            place=next_place(log_of(log_or_exit(source, campaign_id)), "freeze", choices.reason),
        )
        with NewFiles(directory) as files:
            if choices.key_file != directory / draw_files.KEY:
                files.write(draw_files.KEY, draw_files.encode_key(key))
            files.write(ENTRIES_FILE, frozen.entries)
            files.write(LEFT_OUT_FILE, frozen.left_out)
            encoded = record_step(files, directory, draw_files.FROZEN, frozen.record, campaign_id, source)
    except (AnnouncementError, DrawLogError, FreezeError, DrawFileError) as error:
        raise UsageFailure(str(error)) from None
    return Frozen(frozen.record, encoded)


def print_frozen(directory: Path, frozen: Frozen, time_zone: str | None) -> None:
    """Say what was frozen, what is to be published, and which value is awaited."""
    record, announced = frozen.record, frozen.record.randomness
    click.echo(for_people(f"commitment  {frozen.commitment}"))
    if record.place is not None:
        click.echo(
            for_people(f"step        {record.place.number} in the campaign's log, freeze {record.place.attempt}")
        )
    click.echo(for_people(f"entrants    {record.entries.lines}, {record.chances} chances"))
    click.echo(for_people(f"left out    {record.left_out.lines} held or excluded, with reasons in {LEFT_OUT_FILE}"))
    click.echo(
        for_people(f"publish     {draw_files.FROZEN}, {ENTRIES_FILE}, {LEFT_OUT_FILE} and {LOG_FILE} of {directory}")
    )
    click.echo(for_people(f"value       of {announced.source}"))
    if announced.chain is not None:
        named = "the rules name it" if announced.chosen_by == "rules" else "the rules name none: the record says so"
        click.echo(for_people(f"round       {announced.round} of drand chain {announced.chain.hash} ({named})"))
        click.echo(for_people(f"made at     {_local(str(announced.round_at), time_zone)}: publish before"))


def drand_address(record: FrozenEntries) -> str | None:
    """Return where drand answers the announced round; None where none was announced, or of an unknown chain."""
    announced = record.randomness
    return None if announced.chain is None else address_of(announced.chain, int(announced.round or 0))


def _local(at: str, time_zone: str | None) -> str:
    """Return a time as records carry it, and in a zone where there is one."""
    if time_zone is None:
        return at
    return f"{at} ({datetime.fromisoformat(at).astimezone(ZoneInfo(time_zone)):%A %Y-%m-%d %H:%M:%S} in {time_zone})"


def _publish(settings: Settings, frozen: Frozen) -> None:
    record = frozen.record
    fields: dict[Any, Any] = {
        "commitment": frozen.commitment,
        "frozen_at": record.frozen_at,
        "entrants": record.entries.lines,
        "chances": record.chances,
        "record": frozen.encoded,
    }
    try:
        with closing(redis_of(settings)) as redis:
            redis.hset(Keys(settings.redis_prefix).frozen(record.campaign_id), mapping=fields)
    except REDIS_ERRORS as error:
        # The record is in its files already; Redis is a copy for those who watch.
        click.echo(for_people(f"not shown in Redis: it {described(error, settings.redis_url)}"), err=True)
