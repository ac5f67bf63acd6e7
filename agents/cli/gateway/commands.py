"""``campaign-pulse gateway``: from platforms, shops and tools to the stream."""

import importlib
import logging
import secrets
import sys
from typing import Final

import click

from agents.broker.topic_admin import NoBrokerError, TopicError, ensure_topics, look_at_topics
from agents.cli.common import UsageFailure, settings_or_exit
from agents.cli.gateway.check import check
from agents.cli.gateway.poll import poll
from agents.cli.gateway.read_key import read_key
from agents.cli.gateway.remap import remap
from agents.cli.gateway.send import send
from agents.cli.gateway.urls import urls
from agents.cli.gateway.webhooks import check_webhooks, webhooks
from agents.cli.worker import log_to_stderr
from agents.listening import ListenError, check_can_listen
from agents.private_files import keep_files_private
from agents.settings import Settings
from agents.terminal import visible
from models.topics import ALERTS, DEAD_LETTERS, DEFINITIONS, INBOX, INPUT_TOPICS, ROLLUPS, WEBHOOKS
from streams.connectors.credentials import KEY_PREFIX, hash_of, parse_keys, parse_secrets
from streams.connectors.handshakes import keys_among, verify_token
from streams.webhooks.rules import parse_webhooks

log: Final = logging.getLogger("campaign_pulse")


@click.group(invoke_without_command=True)
@click.pass_context
def gateway(context: click.Context) -> None:
    """Take in what platforms, shops and tools send, and show the numbers: see docs/sources.md, api.md and live.md.

    Without a command it runs until SIGTERM or SIGINT; start as many as you like behind a load balancer. It needs the
    extra `gateway` (pip install 'campaign-pulse[gateway]') and PULSE_GATEWAY_SECRETS, PULSE_GATEWAY_KEYS or
    PULSE_GATEWAY_READ_KEYS.
    """
    if context.invoked_subcommand is None:
        _run()


def _run() -> None:
    settings = settings_or_exit()
    log_to_stderr(settings)
    try:
        # By name: the gateway's package stands above this one, and is not installed everywhere.
        served = importlib.import_module("gateway.serve")
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the extra `gateway` is not installed: {error}") from None
    if not (
        settings.gateway_secrets
        or settings.gateway_keys
        or settings.gateway_read_keys
        or parse_webhooks(settings.gateway_webhooks)
    ):
        raise UsageFailure(
            "none of PULSE_GATEWAY_SECRETS, PULSE_GATEWAY_KEYS, PULSE_GATEWAY_READ_KEYS and PULSE_GATEWAY_WEBHOOKS is "
            "set: nobody could send or read anything, or be told"
        )
    check_webhooks(settings)
    try:
        check_can_listen("PULSE_GATEWAY", settings.gateway_host, settings.gateway_port)
    except ListenError as error:
        raise UsageFailure(str(error)) from None
    keep_files_private()  # deliveries that wait in the spool hold people's data
    try:
        try:
            _check_topics(settings)
        except NoBrokerError as error:
            if not settings.gateway_spool_directory:
                raise
            log.warning("gateway: %s; what is sent only once is kept on disk until one does", error)
        code = served.serve(settings)
    except TopicError as error:
        raise UsageFailure(str(error)) from None
    except served.SpoolError as error:
        raise UsageFailure(f"PULSE_GATEWAY_SPOOL_DIRECTORY: {error}") from None
    sys.exit(code)


def _check_topics(settings: Settings) -> None:
    """Check that the gateway's topics exist; make them all where one is missing. Theirs are all the rights it needs.

    Raises:
        TopicError: the broker does not answer or refuses, or the right to make them is missing.
    """
    names = [*INPUT_TOPICS, INBOX, DEAD_LETTERS, DEFINITIONS]
    if parse_webhooks(settings.gateway_webhooks):
        names += [WEBHOOKS, ALERTS, ROLLUPS]
    if len(look_at_topics(settings, names)) < len(names):
        ensure_topics(settings)


@gateway.command()
@click.argument("name")
def key(name: str) -> None:
    """Make a key for the sender NAME. The key goes to stdout, once; the line for PULSE_GATEWAY_KEYS to stderr."""
    made = KEY_PREFIX + secrets.token_urlsafe(32)
    line = f"{name}={hash_of(made)}"
    try:
        parse_keys(line)
    except ValueError:
        raise UsageFailure(f"NAME {name!r}: expected letters, digits, dot, dash or underscore, 64 at most") from None
    click.echo(visible(made))
    click.echo(visible(f"for PULSE_GATEWAY_KEYS: {line}"), err=True)


@gateway.command()
@click.argument("source")
def token(source: str) -> None:
    """Print the verify token that Meta asks for when the address of SOURCE is entered."""
    known = keys_among(parse_secrets(settings_or_exit().gateway_secrets).get(source, ()))
    if not known:
        raise UsageFailure(f"PULSE_GATEWAY_SECRETS has no secret of {source!r}")
    click.echo(visible(verify_token(known[0], source)))


for command in (check, poll, read_key, remap, send, urls, webhooks):
    gateway.add_command(command)
