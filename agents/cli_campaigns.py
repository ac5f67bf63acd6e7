"""``campaign-pulse campaigns``: definition files to the definitions topic."""

from pathlib import Path

import click
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from rich.markup import escape
from rich.table import Table

from agents.cli_common import UsageFailure, print_table, settings_or_exit
from agents.definition_feed import UNREADABLE, decode_definition, encode_definition
from agents.settings import Settings
from agents.topic_admin import LARGEST_MESSAGE_BYTES, TopicError, ensure_topics
from models.campaigns import CampaignDefinition
from models.topics import DEFINITIONS
from streams.definitions import DefinitionError, parse_definitions


def read_definitions(path: Path) -> list[CampaignDefinition]:
    """Read a definition file, or end with the file, line, field and value that are wrong."""
    try:
        return parse_definitions(path.read_text(encoding="utf-8"))
    except DefinitionError as error:
        raise UsageFailure(f"{path}:{error.line}: {error.field}: {error.problem}" + _shown(error.value)) from None
    except UnicodeDecodeError as error:
        raise UsageFailure(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from None


def _shown(value: str) -> str:
    return f" (value: {value})" if value else ""


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
    definitions = read_definitions(file)
    if not dry_run:
        _publish([(each.campaign_id, encode_definition(each)) for each in definitions])
    for each in definitions:
        what = "valid" if dry_run else "applied"
        click.echo(f"{what}: {each.campaign_id} ({each.name}), {len(each.influencers)} influencers")


@campaigns.command()
@click.argument("campaign_id")
def remove(campaign_id: str) -> None:
    """Take the definition of CAMPAIGN_ID back. Its events still count."""
    _publish([(campaign_id, None)])
    click.echo(f"removed: {campaign_id}")


@campaigns.command("list")
def list_() -> None:
    """List the definitions in force."""
    table = Table("campaign", "name", "from", "to", "influencers", box=None, pad_edge=False)
    for definition in current_definitions(settings_or_exit()):
        table.add_row(
            escape(definition.campaign_id),
            escape(definition.name),
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
            bootstrap_servers=settings.bootstrap_servers, acks="all", max_request_size=LARGEST_MESSAGE_BYTES
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


def current_definitions(settings: Settings) -> list[CampaignDefinition]:
    """Read the definitions topic from its beginning to its end, as a worker does: what is no definition is skipped."""
    found: dict[str, CampaignDefinition] = {}
    try:
        ensure_topics(settings)
        consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap_servers, enable_auto_commit=False)
        try:
            partition = TopicPartition(DEFINITIONS, 0)
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)
            end = consumer.end_offsets([partition])[partition]
            while consumer.position(partition) < end:
                for records in consumer.poll(timeout_ms=500).values():
                    for record in records:
                        if not record.value:
                            found.pop((record.key or b"").decode("utf-8", "replace"), None)
                            continue
                        try:
                            definition = decode_definition(record.value)
                        except UNREADABLE as error:
                            click.echo(f"{record.key!r} is not a campaign definition: {error}", err=True)
                            continue
                        found[definition.campaign_id] = definition
        finally:
            consumer.close()
    except TopicError as error:
        raise UsageFailure(str(error)) from None
    except KafkaError as error:
        raise UsageFailure(f"PULSE_BROKER={settings.broker}: {error}") from None
    return [found[key] for key in sorted(found)]
