"""``campaign-pulse campaigns``: definition files to the definitions topic."""

from pathlib import Path

import click
from kafka import KafkaProducer
from kafka.errors import KafkaError
from rich.markup import escape
from rich.table import Table

from agents.broker.topic_admin import LARGEST_MESSAGE_BYTES, TopicError, ensure_topics
from agents.cli.common import UsageFailure, print_table, settings_or_exit
from agents.stages.definitions import DefinitionsError, current_definitions, encode_definition, read_definitions
from agents.terminal import visible
from models.campaigns import CampaignDefinition
from models.topics import DEFINITIONS


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
    """Publish, check and list campaign definitions."""


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


@campaigns.command()
@click.argument("campaign_id")
def remove(campaign_id: str) -> None:
    """Take the definition of CAMPAIGN_ID back. Its events still count."""
    _publish([(campaign_id, None)])
    click.echo(visible(f"removed: {campaign_id}"))


@campaigns.command("list")
def list_() -> None:
    """List the definitions in force."""
    try:
        definitions = current_definitions(settings_or_exit(), report_unreadable)
    except DefinitionsError as error:
        raise UsageFailure(str(error)) from None
    table = Table("campaign", "name", "from", "to", "influencers", box=None, pad_edge=False)
    for definition in definitions:
        table.add_row(
            escape(visible(definition.campaign_id)),
            escape(visible(definition.name)),
            definition.starts_at.isoformat(),
            definition.ends_at.isoformat(),
            str(len(definition.influencers)),
        )
    print_table(table)


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
