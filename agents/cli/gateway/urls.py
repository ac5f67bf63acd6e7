"""``campaign-pulse gateway urls``: the addresses to paste into each platform."""

from pathlib import Path
from typing import Final

import click
from rich.table import Table

from agents.cli.campaigns import definitions_or_exit
from agents.cli.common import UsageFailure, print_table
from agents.cli.gateway.check import FILE
from agents.terminal import visible
from models.sources import SourceKind
from streams.connectors.catalogue import CATALOGUE, kind_named
from streams.connectors.placing import Placer

_WHERE: Final[dict[SourceKind, str]] = {
    "gleam": "campaign > Integrations > Web Hooks",
    "instagram": "App dashboard > Webhooks > Instagram, fields comments and live_comments",
    "segment": "Destinations > Webhooks, batching off",
    "shopify": "Settings > Notifications > Webhooks, or the app: orders/create, orders/updated, orders/cancelled",
    "standard": "the tool's webhook, with a secret whsec_...",
    "stripe": "Developers > Webhooks: checkout.session.*, refund.created, refund.updated",
    "sweepwidget": "Account > Developer > Webhooks",
    "tiktok": "POST /open_api/v1.3/business/webhook/update/ with event_type COMMENT",
    "twitch": "POST /helix/eventsub/subscriptions, channel.chat.message and channel.chat.message_delete",
    "viralsweep": "promotion > Integrations > Webhooks",
    "woocommerce": "WooCommerce > Settings > Advanced > Webhooks: Order created, Order updated",
    "x": "POST /2/webhooks, then subscriptions of the Activity API",
    "youtube": "https://pubsubhubbub.appspot.com/subscribe, with a secret",
    "generic": "the tool's webhook",
}


@click.command()
@click.option(
    "--base", default="https://gateway.example", help="Address under which the gateway is reached from outside."
)
@click.option("--definition", "definition_file", type=FILE, help="Print the sources that these definitions name.")
def urls(base: str, definition_file: Path | None) -> None:
    """Print the addresses to paste into each platform, and where.

    Without --definition one address of each kind, named `main`.
    """
    if not base.startswith(("http://", "https://")):
        raise UsageFailure(f"--base {base!r} is no http:// or https:// address")
    table = Table("source", "address", "where", box=None, pad_edge=False)
    for source, kind in _sources(definition_file):
        connector = CATALOGUE[kind]
        if connector.is_hook:
            table.add_row(visible(source), visible(f"{base.rstrip('/')}{path_of(source)}"), _WHERE[kind])
    print_table(table)


def _sources(definition_file: Path | None) -> list[tuple[str, SourceKind]]:
    if definition_file is None:
        return [(f"{kind}-main", kind) for kind in CATALOGUE if kind != "generic"]
    placer = Placer(definitions_or_exit(definition_file))
    found = [(name, placer.rules(name).kind or kind_named(name)) for name in placer.sources]
    return [(name, kind) for name, kind in found if kind is not None]


def path_of(source: str) -> str:
    """Return the path of a source: ``shopify-main`` is the endpoint ``main`` of ``shopify``."""
    kind, _, endpoint = source.partition("-")
    return f"/v1/hooks/{kind}/{endpoint or 'main'}"
