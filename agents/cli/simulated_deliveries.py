"""``simulate --gateway``: a part of what is simulated comes as signed deliveries through a gateway."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click

from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.simulator.deliveries import ENDPOINT, INSTAGRAM, SHOPIFY, Deliveries, of_the_shop
from agents.simulator.hook_sender import HookSender
from agents.simulator.plan import SimulatedRecord
from agents.simulator.publisher import PublishError
from models.campaigns import CampaignDefinition
from streams.connectors.credentials import parse_secrets

_ADDRESS: Final = re.compile(r"http://[\w.-]+(:\d{1,5})?/?", re.ASCII)


def check_gateway(gateway: str | None, broker: str | None) -> None:
    """Check the option ``--gateway``.

    Raises:
        UsageFailure: it is no address, or there is no broker for the rest.
    """
    if gateway is None:
        return
    if broker is None:
        raise UsageFailure("--gateway needs --broker: it gets a part of the events")
    if not _ADDRESS.fullmatch(gateway):
        raise UsageFailure(f"--gateway {gateway!r}: expected http://HOST:PORT")


@contextmanager
def diverting(
    gateway: str | None, definitions: list[CampaignDefinition]
) -> Iterator[Callable[[SimulatedRecord], SimulatedRecord | None]]:
    """Yield what sends some records to a gateway, and returns the others; behind the block it has taken them all.

    Raises:
        UsageFailure: secrets are missing, the definition does not suit, or the gateway refuses or is away.
    """
    if gateway is None:
        yield lambda record: record
        return
    secrets = parse_secrets(settings_or_exit().gateway_secrets)
    own = {kind: secrets.get(f"{kind}-{ENDPOINT}", ("",))[0] for kind in (INSTAGRAM, SHOPIFY)}
    if not all(own.values()):
        raise UsageFailure(f"PULSE_GATEWAY_SECRETS has no secrets of {INSTAGRAM}-{ENDPOINT} and {SHOPIFY}-{ENDPOINT}")
    try:
        deliveries, sender = Deliveries(definitions), HookSender(gateway, own)
    except ValueError as error:
        raise UsageFailure(f"--gateway: {error}") from None

    def divert(record: SimulatedRecord) -> SimulatedRecord | None:
        if (hook := deliveries.hook(record)) is None:
            return of_the_shop(record)
        sender.send(hook)
        return None

    yield divert
    try:
        sender.finish()
    except PublishError as error:
        raise UsageFailure(str(error)) from None
    told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(sender.taken.items()))
    click.echo(for_people(f"as signed deliveries to {gateway}: {told or 'none'}"), err=True)
