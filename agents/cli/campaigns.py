"""``campaign-pulse campaigns``: definition files to the definitions topic."""

import sys
from pathlib import Path

import click
import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError
from rich.markup import escape
from rich.table import Table

from agents.broker.topic_admin import LARGEST_MESSAGE_BYTES, TopicError, ensure_topics
from agents.cli.campaign_draft import init
from agents.cli.common import UsageFailure, campaign_argument, print_table, settings_or_exit
from agents.cli.purge import purge
from agents.clock import make_clock
from agents.stages.definitions import DefinitionsError, current_definitions, encode_definition, read_definitions
from agents.terminal import visible, visible_json
from models.campaigns import CampaignDefinition
from models.times import epoch_ms
from models.topics import DEFINITIONS
from streams.giveaway.explained import dates_of, explained
from streams.giveaway.rule_warnings import warnings_of
from streams.giveaway.rules import RuleBook


def definitions_or_exit(path: Path) -> list[CampaignDefinition]:
    """Read a definition file, or end with the file, line, field and value that are wrong."""
    try:
        return read_definitions(path)
    except DefinitionsError as error:
        raise UsageFailure(str(error)) from None


def report_unreadable(key: bytes | None, problem: str) -> None:
    """Print that a record of the definitions topic is none; what it stands among is shown all the same."""
    click.echo(visible(f"{key!r} is not a campaign definition: {problem}"), err=True)


@click.group()
def campaigns() -> None:
    """Publish, check and list campaign definitions; purge campaigns that are over."""


@campaigns.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only check the file.")
def apply(file: Path, dry_run: bool) -> None:
    """Validate FILE (YAML, one campaign per document) and publish its definitions.

    Workers follow the topic, so nothing has to be restarted. A file with any error changes nothing.
    """
    definitions = definitions_or_exit(file)
    if not dry_run:
        _publish([(each.campaign_id, encode_definition(each)) for each in definitions])
    for each in definitions:
        what = "valid" if dry_run else "applied"
        click.echo(visible(f"{what}: {each.campaign_id} ({each.name}), {len(each.influencers)} influencers"))
        for warning in warnings_of(each):
            click.echo(visible(f"warning: {each.campaign_id}: {warning}"), err=True)


@campaigns.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 1 when there is a warning.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def check(file: Path, strict: bool, as_json: bool) -> None:
    """Say what the definitions in FILE mean, in words: moments, influencers, rules, and what is likely a mistake.

    Needs no broker. Exit codes: 0, with warnings too; 1 with --strict when there is a warning; 2 for a file that
    `campaigns apply` would refuse.
    """
    definitions = definitions_or_exit(file)
    if as_json:
        shown = [
            {
                "campaign_id": each.campaign_id,
                "dates": dict(dates_of(each)),
                "meaning": _meaning(each),
                "warnings": warnings_of(each),
            }
            for each in definitions
        ]
        click.echo(visible_json(msgspec.json.encode(shown).decode()))
    else:
        for each in definitions:
            _explain(each)
    if strict and any(warnings_of(each) for each in definitions):
        sys.exit(1)


def _meaning(definition: CampaignDefinition) -> list[str]:
    codes = sum(len(each.discount_codes) for each in definition.influencers)
    links = sum(len(each.links) + len(each.click_ids) for each in definition.influencers)
    platforms = ", ".join(sorted({each.platform for each in definition.influencers})) or "no platform"
    lines = [f"{len(definition.influencers)} influencers on {platforms}; {codes} discount codes, {links} links"]
    if definition.rate_card is not None:
        lines.append(f"earned media value in {definition.rate_card.currency}, prices of {definition.rate_card.dated}")
    lines.append(
        "people's data: no date of deletion is given (personal_data_until); it stays until `campaigns purge`"
        if definition.personal_data_until is None
        else f"people's data: due to be deleted from {definition.personal_data_until.isoformat()} on, "
        "by `campaigns purge` or `campaigns purge --due`"
    )
    lines.append("alert rules: " + ("the defaults" if definition.alerts is None else "changed in this definition"))
    if definition.giveaway is None:
        return [*lines, "no giveaway"]
    return lines + [f"giveaway: {line}" for line in explained(RuleBook(definition))]


def _explain(definition: CampaignDefinition) -> None:
    click.echo(visible(f"{definition.campaign_id}: {definition.name}"))
    for field, moment in dates_of(definition):
        click.echo(visible(f"  {field}: {moment}"))
    for line in _meaning(definition):
        click.echo(visible(f"  {line}"))
    for warning in warnings_of(definition):
        click.echo(visible(f"  warning: {warning}"))


@campaigns.command()
@click.argument("campaign_id", callback=campaign_argument)
def remove(campaign_id: str) -> None:
    """Take the definition of CAMPAIGN_ID back. Its events still count, and its data stays: see `campaigns purge`."""
    _publish([(campaign_id, None)])
    click.echo(visible(f"removed: {campaign_id}"))


campaigns.add_command(purge)


@campaigns.command("list")
def list_() -> None:
    """List the definitions in force."""
    settings = settings_or_exit()
    try:
        definitions = current_definitions(settings, report_unreadable)
    except DefinitionsError as error:
        raise UsageFailure(str(error)) from None
    now_ms = make_clock(settings.clock)()
    table = Table("campaign", "name", "from", "to", "influencers", "personal data until", box=None, pad_edge=False)
    for definition in definitions:
        table.add_row(
            escape(visible(definition.campaign_id)),
            escape(visible(definition.name)),
            definition.starts_at.isoformat(),
            definition.ends_at.isoformat(),
            str(len(definition.influencers)),
            _until(definition, now_ms),
        )
    print_table(table)


def _until(definition: CampaignDefinition, now_ms: int) -> str:
    until = definition.personal_data_until
    return "-" if until is None else until.isoformat() + (" (due)" if epoch_ms(until) <= now_ms else "")


def _publish(values: list[tuple[str, bytes | None]]) -> None:
    settings = settings_or_exit()
    try:
        ensure_topics(settings)
        producer = KafkaProducer(
            **settings.kafka_connection.kafka_python_arguments(),
            acks="all",
            max_request_size=LARGEST_MESSAGE_BYTES,
            allow_auto_create_topics=False,
        )
        try:
            sent = [producer.send(DEFINITIONS, key=key.encode(), value=value) for key, value in values]
            for future in sent:
                future.get(timeout=30)
        finally:
            producer.close()
    except TopicError as error:
        raise UsageFailure(str(error)) from None
    except KafkaError as error:
        raise UsageFailure(f"PULSE_BROKER={settings.broker}: {error}") from None


campaigns.add_command(init)
