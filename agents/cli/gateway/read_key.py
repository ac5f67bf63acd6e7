"""``campaign-pulse gateway read-key``: a key for the read API, the pages and overlays; a share link is such a key."""

import secrets
from urllib.parse import quote

import click

from agents.cli.common import UsageFailure
from agents.terminal import visible
from models.read_keys import READ_KEY_PREFIX, digest_of, key_with, scope_id


@click.command(name="read-key")
@click.argument("name")
@click.option("--campaign", "campaigns", multiple=True, metavar="ID", help="See a whole campaign; `*` for all.")
@click.option(
    "--influencer",
    "creators",
    multiple=True,
    nargs=2,
    metavar="CAMPAIGN ID",
    help="See one creator's own numbers.",
)
@click.option("--money", is_flag=True, help="See revenue too.")
@click.option("--names", is_flag=True, help="See comments that are shown with alerts too.")
@click.option("--admin", is_flag=True, help="See everything of these, suspicion too.")
@click.option("--until", metavar="TIME", help="When it ends, such as 2026-12-31T23:59:59Z; never when left out.")
def read_key(
    name: str,
    campaigns: tuple[str, ...],
    creators: tuple[tuple[str, str], ...],
    money: bool,
    names: bool,
    admin: bool,
    until: str | None,
) -> None:
    """Make a key that reads, for NAME. The key goes to stdout, once; the rest to stderr.

    To rotate a key, make another of the same name and take the first line out once nobody uses it. A share link is the
    address of a page with the key behind it.
    """
    scopes = [f"campaign:{scope_id(each)}" for each in campaigns]
    scopes += [f"influencer:{scope_id(campaign)}/{scope_id(each)}" for campaign, each in creators]
    scopes += [word for word, is_set in (("money", money), ("names", names), ("admin", admin)) if is_set]
    scopes += [f"until:{until}"] if until is not None else []
    made = READ_KEY_PREFIX + secrets.token_urlsafe(32)
    digest = digest_of(made)
    try:
        key = key_with(name, digest, scopes)
    except ValueError as error:
        raise UsageFailure(str(error)) from None
    click.echo(visible(made))
    click.echo(visible(f"for PULSE_GATEWAY_READ_KEYS: {' '.join([f'{name}={digest}', *scopes])}"), err=True)
    paths = [quote(each, safe="") for each in sorted(key.campaigns) if each != "*"]
    paths += [f"{quote(campaign, safe='')}/{quote(each, safe='')}" for campaign, each in sorted(key.creators)]
    for path in paths:
        click.echo(visible(f"share link: /live/{path}?key={made}"), err=True)
