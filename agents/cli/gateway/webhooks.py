"""``campaign-pulse gateway webhooks``: who is told of alerts and milestones, and whether they take it."""

import asyncio
import base64
import importlib
import logging
import secrets
import sys
from typing import Any, Final
from urllib.parse import urlsplit

import click
import msgspec
from aiokafka.errors import KafkaError
from rich.table import Table

from agents.broker.dead_letter_log import DeadLetterLogError
from agents.broker.topic_admin import TopicError, ensure_topics, look_at_topics
from agents.cli.common import UsageFailure, for_people, print_table, settings_or_exit
from agents.clock import wall_clock
from agents.settings import Settings
from agents.terminal import visible, visible_json
from models.topics import WEBHOOKS
from models.webhooks import WebhookRules
from streams.connectors.credentials import parse_secrets
from streams.sources.times import shown
from streams.webhooks.messages import trial_message
from streams.webhooks.rules import SECRET_PREFIX, parse_webhooks, problem_of_secrets

_SECRET_BYTES: Final = 32
_SHOWN_CHARACTERS: Final = 500


def check_webhooks(settings: Settings) -> None:
    """Check that every webhook that signs has a secret.

    Raises:
        UsageFailure: one has none.
    """
    known = parse_webhooks(settings.gateway_webhooks)
    if problem := problem_of_secrets(known, parse_secrets(settings.gateway_webhook_secrets)):
        raise UsageFailure(f"PULSE_GATEWAY_WEBHOOK_SECRETS: {problem}")


@click.group()
def webhooks() -> None:
    """Look at outgoing webhooks, try one, turn one on again: see docs/webhooks.md.

    They are sent by a running gateway. What is configured: PULSE_GATEWAY_WEBHOOKS and PULSE_GATEWAY_WEBHOOK_SECRETS.
    """


@webhooks.command()
@click.argument("name")
def secret(name: str) -> None:
    """Make a secret for the webhook NAME: the line for PULSE_GATEWAY_WEBHOOK_SECRETS goes to stdout.

    To change a secret put the new line above the old one: both sign until the old line goes.
    """
    made = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    line = f"{name}={made}"
    try:
        parse_secrets(line)
    except ValueError:
        raise UsageFailure(f"NAME {name!r}: expected letters, digits, dot, dash or underscore, 64 at most") from None
    click.echo(visible(line))


@webhooks.command()
@click.argument("name")
def test(name: str) -> None:
    """Send a message of type `test` to the webhook NAME, once, and print what it answers.

    Exit codes: 0 when it is taken (2xx); 1 for another answer or none; 2 for a usage error.
    """
    settings = settings_or_exit()
    rules = _configured(settings, name)
    check_webhooks(settings)
    posting = _gateway("gateway.webhooks.posting")
    message = trial_message(rules, secrets.token_hex(16), wall_clock())
    own = parse_secrets(settings.gateway_webhook_secrets).get(name, ())

    async def post() -> Any:
        poster = posting.Poster(settings.gateway_webhook_seconds)
        try:
            return await poster.post(rules, own, message.message_id, message.body)
        finally:
            await poster.close()

    attempt = asyncio.run(post())
    said = f"{attempt.status} {attempt.told[:_SHOWN_CHARACTERS]}".rstrip() if attempt.status else "no answer"
    click.echo(for_people(f"{message.message_id}: {said}" + (f" ({attempt.problem})" if attempt.problem else "")))
    sys.exit(0 if attempt.is_taken else 1)


@webhooks.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a webhook.")
def list_(as_json: bool) -> None:
    """Print the webhooks that are configured: on or off, how many messages wait, and what the last attempt met.

    Exit codes: 0; 1 when one is off; 2 for a usage error, or when Kafka cannot be reached.
    """
    settings = settings_or_exit()
    known = parse_webhooks(settings.gateway_webhooks)
    outbox = _outbox(settings) if known else None
    told = [_described(rules, outbox) for rules in known.values()]
    if as_json:
        for each in told:
            click.echo(visible_json(msgspec.json.encode(each).decode()))
    else:
        table = Table(
            "webhook", "host", "format", "state", "sent", "waiting", "oldest", "last trouble", box=None, pad_edge=False
        )
        for each in told:
            state = f"off since {shown(each['off_ms'])}" if each["off_ms"] is not None else "on"
            oldest = "" if each["oldest_ms"] is None else shown(each["oldest_ms"])
            row = (
                each["webhook"],
                each["host"],
                each["format"],
                state,
                f"{each['sent']:,}",
                f"{each['waiting']:,}",
                oldest,
                each["trouble"],
            )
            table.add_row(*(visible(cell) for cell in row))
        print_table(table)
    if any(each["off_ms"] is not None for each in told):
        sys.exit(1)


@webhooks.command()
@click.argument("name")
def enable(name: str) -> None:
    """Turn the webhook NAME on again, after it has answered 410 Gone. What waits for it is sent.

    Exit codes: 0 when it is on; 2 for a usage error, or when Kafka cannot be reached.
    """
    settings = settings_or_exit()
    _configured(settings, name)
    if not _outbox(settings).is_off(name):
        click.echo(for_people(f"{name} is on"))
        return
    module, outbox = _gateway("gateway.webhooks.outbox_log"), _gateway("gateway.webhooks.outbox")

    async def write() -> None:
        log = module.OutboxLog(settings.kafka_connection)
        await log.start()
        try:
            await log.write([(outbox.switch_key(name), outbox.Switch())])
        finally:
            await log.stop()

    asyncio.run(write())
    click.echo(for_people(f"{name} is on again"))


def _configured(settings: Settings, name: str) -> WebhookRules:
    known = parse_webhooks(settings.gateway_webhooks)
    if name not in known:
        names = ", ".join(sorted(known)) or "none is there"
        raise UsageFailure(f"NAME {name!r} is no webhook of PULSE_GATEWAY_WEBHOOKS ({names})")
    return known[name]


def _gateway(name: str) -> Any:
    try:
        # By name: the gateway's package stands above this one, and is not installed everywhere.
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the extra `gateway` is not installed: {error}") from None


def _outbox(settings: Settings) -> Any:
    """Return what the topic of outgoing messages says."""
    # Connection errors come back as one message; the libraries' own would stand above it.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("campaign_pulse").setLevel(logging.ERROR)
    try:
        if not look_at_topics(settings, [WEBHOOKS]):
            ensure_topics(settings)
        return asyncio.run(_gateway("gateway.webhooks.outbox_log").read_outbox(settings.kafka_connection))
    except TopicError as error:
        raise UsageFailure(str(error)) from None
    except (KafkaError, TimeoutError, OSError, DeadLetterLogError) as error:
        raise UsageFailure(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None


def _described(rules: WebhookRules, outbox: Any) -> dict[str, Any]:
    waiting = [message for _, message in outbox.waiting_of(rules.name)]
    troubles = [message for message in waiting if message.problem]
    last = max(troubles, key=lambda message: message.next_ms, default=None)
    switch = outbox.switches.get(rules.name)
    return {
        "webhook": rules.name,
        # Its path may be a secret.
        "host": urlsplit(rules.url).hostname or "",
        "format": rules.format,
        "off_ms": None if switch is None else switch.off_ms,
        # In the last week: longer it is not remembered.
        "sent": sum(done.webhook == rules.name and done.outcome == "sent" for done in outbox.done.values()),
        "waiting": len(waiting),
        "oldest_ms": outbox.oldest_ms(rules.name),
        "next_ms": min((message.next_ms for message in waiting), default=None),
        "trouble": "" if last is None else f"{last.problem}, {last.attempts} attempts",
    }
