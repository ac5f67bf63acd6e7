"""``campaign-pulse gateway remap``: map once more what a definition or a mapping did not know when it came."""

import asyncio
import importlib
import logging
import sys
from collections import Counter
from typing import Any, Final

import click
import msgspec
from aiokafka.errors import KafkaError
from rich.table import Table

from agents.broker.dead_letter_log import DeadLetterLogError
from agents.broker.producers import NotAuthorisedError
from agents.cli.common import UsageFailure, for_people, print_table, settings_or_exit
from agents.cli.progress import progress
from agents.cli.record_texts import moment
from agents.cli.replay import Moment
from agents.clock import make_clock
from agents.settings import Settings
from agents.stages.definitions import DefinitionsError, current_definitions
from agents.terminal import visible, visible_json

EXIT_NOT_ALL: Final = 1
_MOST_REASONS: Final = 20
_OUTCOMES: Final = ("unmapped", "parked", "ignored")


@click.command()
@click.option("--source", "sources", multiple=True, help="Only of this source (shopify-main) or kind (shopify).")
@click.option("--endpoint", help="Only of endpoints of this name: main is that of shopify-main.")
@click.option("--since", "since_ms", type=Moment(), help="Only what was received from this time on.")
@click.option("--until", "until_ms", type=Moment(), help="Only what was received before this time.")
@click.option(
    "--only",
    "outcomes",
    multiple=True,
    type=click.Choice(_OUTCOMES),
    help="Only what is unmapped, what is parked (it fitted no campaign), or what rules left out.  "
    "[default: unmapped and parked]",
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a delivery.")
def remap(
    sources: tuple[str, ...],
    endpoint: str | None,
    since_ms: int | None,
    until_ms: int | None,
    outcomes: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Map deliveries of the inbox again that fitted no campaign, or could not be mapped, when they came.

    They are kept for four days. Mend first what was missing: apply the definition, or install the version that knows
    the field. Events have their platform's ids, so what is counted counts once; run it as often as you like, also
    beside gateways and after it was killed. A delivery of which a part is counted longer ago than workers remember ids
    (PULSE_DEDUPE_HOURS) is left alone, and said.

    Exit codes: 0 when everything that was meant is mapped now, also when that was nothing; 1 when something is still
    unmapped or parked; 2 for a usage error, or when Kafka cannot be reached or does not confirm.
    """
    # Connection errors come back as one message; the libraries' own would stand above it.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("campaign_pulse").setLevel(logging.ERROR)
    settings = settings_or_exit()
    try:
        # By name: the gateway's package stands above this one, and is not installed everywhere.
        mapping = importlib.import_module("gateway.remap")
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the extra `gateway` is not installed: {error}") from None
    wanted = mapping.Wanted(
        sources=sources,
        endpoint=endpoint,
        since_ms=since_ms,
        until_ms=until_ms,
        outcomes=outcomes or mapping.OPEN,
    )
    told: list[Any] = []

    def tell(each: Any) -> None:
        told.append(each)
        if as_json:
            click.echo(visible_json(msgspec.json.encode(each).decode()))

    try:
        definitions = current_definitions(settings, _skip)
        with progress("remap") as advance:
            asyncio.run(
                mapping.remap(
                    settings,
                    definitions,
                    wanted,
                    now_ms=make_clock(settings.clock)(),
                    is_dry=dry_run,
                    tell=tell,
                    advance=advance,
                )
            )
    except (DefinitionsError, NotAuthorisedError) as error:
        raise UsageFailure(str(error)) from None
    except (mapping.NotConfirmedError, DeadLetterLogError) as error:
        _say(told, dry_run, as_json)
        raise UsageFailure(f"{_where(settings)}: {error}; run the command again for the rest") from None
    except (KafkaError, TimeoutError, OSError) as error:
        raise UsageFailure(f"{_where(settings)}: {type(error).__name__}: {error}") from None
    _say(told, dry_run, as_json)
    if any(each.after in mapping.OPEN for each in told):
        sys.exit(EXIT_NOT_ALL)


def _where(settings: Settings) -> str:
    return f"PULSE_BROKER={settings.broker}"


def _skip(key: bytes | None, problem: str) -> None:
    name = (key or b"").decode("utf-8", "replace")
    click.echo(for_people(f"passed over in the definitions: {name}: {problem}"), err=True)


def _say(told: list[Any], is_dry: bool, as_json: bool) -> None:
    if not as_json and told:
        table = Table("source", "deliveries", "events", "mapped", "unmapped", "parked", box=None, pad_edge=False)
        for source in sorted({each.source for each in told}):
            own = [each for each in told if each.source == source]
            after = Counter(each.after for each in own)
            events = sum(each.events for each in own)
            mapped = after["counted"] + after["ignored"]
            numbers = (len(own), events, mapped, after["unmapped"], after["parked"])
            table.add_row(visible(source), *(f"{number:,}" for number in numbers))
        print_table(table)
    still = [each for each in told if each.reasons and each.after in {"unmapped", "parked"}]
    for each in still[:_MOST_REASONS]:
        where = f"{each.source}, {each.partition}/{each.offset} of {moment(each.received_ms)}"
        for reason in each.reasons[:_MOST_REASONS]:
            click.echo(for_people(f"{each.after}: {where}: {reason}").replace("\n", " "), err=True)
    if len(still) > _MOST_REASONS:
        click.echo(f"{len(still) - _MOST_REASONS:,} more; --json tells all", err=True)
    events = sum(each.events for each in told)
    verb = "would be sent" if is_dry else "sent"
    counts = f"{len(told):,} deliveries looked at, {events:,} events {verb}, {len(still):,} still open"
    click.echo(for_people(counts), err=True)
