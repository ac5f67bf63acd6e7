"""``campaign-pulse gateway poll``: ask the platforms' APIs."""

import importlib
import sys

import click

from agents.broker.topic_admin import TopicError, ensure_topics, look_at_topics
from agents.cli.common import UsageFailure, settings_or_exit
from agents.cli.worker import log_to_stderr
from models.topics import CURSORS, DEAD_LETTERS, DEFINITIONS, INBOX, INPUT_TOPICS


@click.command()
@click.option("--once", is_flag=True, help="Ask for everything once, and end.")
def poll(once: bool) -> None:
    """Ask the APIs of Instagram, YouTube, TikTok, X, Shopify, WooCommerce, Traackr, Sprout Social and Hootsuite.

    It brings what their webhooks cannot tell (counts, true times, removed comments) and what did not arrive. Sources
    are those in PULSE_POLL_TOKENS; what is asked for, definitions say: see docs/sources.md. One process is enough; a
    second one would use the vendors' quotas twice, and count nothing twice. It runs until SIGTERM or SIGINT, and serves
    /metrics, /healthz and /readyz on PULSE_METRICS_PORT.

    Exit codes: 0; 1 when --once could not ask for everything; 2 for a usage error, or when Kafka refuses.
    """
    settings = settings_or_exit()
    log_to_stderr(settings)
    try:
        # By name: the gateway's package stands above this one, and is not installed everywhere.
        polling = importlib.import_module("gateway.polling.serve")
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the extra `gateway` is not installed: {error}") from None
    try:
        polling.check(settings)
        names = (*INPUT_TOPICS, INBOX, DEAD_LETTERS, DEFINITIONS, CURSORS)
        if len(look_at_topics(settings, names)) < len(names):
            ensure_topics(settings)
        code = polling.run(settings, once=once)
    except (TopicError, polling.PollError) as error:
        raise UsageFailure(str(error)) from None
    sys.exit(code)
