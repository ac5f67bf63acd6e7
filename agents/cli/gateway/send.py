"""``campaign-pulse gateway send``: sign a delivery as its platform does, and post it."""

import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from agents.cli.common import UsageFailure, for_people
from agents.cli.gateway.check import FILE
from agents.cli.gateway.requests import HeaderFileError, Kept, read_headers
from models.sources import KINDS
from streams.connectors.catalogue import CATALOGUE, kind_named
from streams.connectors.signatures import SignatureError, sign

_TIMEOUT_SECONDS: Final = 15
_SHOWN_BYTES: Final = 4_000


@click.command()
@click.argument("sample", type=FILE)
@click.argument("url")
@click.option("--source", help="Name or kind of the source; without it what stands behind /v1/hooks/ in URL.")
@click.option("--secret", help="Sign with it, now. Without it the kept headers go as they are.")
@click.option("--headers", "headers_file", type=FILE, help="Its headers; without it SAMPLE.headers, where it exists.")
def send(sample: Path, url: str, source: str | None, secret: str | None, headers_file: Path | None) -> None:
    """Sign the body in the file SAMPLE as its platform does, post it to URL, and print the answer.

    Exit codes: 0 for a success (2xx), 1 for another answer or none, 2 for a usage error.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageFailure(f"URL {url!r} is no http:// or https:// address")
    beside = sample.with_name(sample.name + ".headers")
    told = headers_file or (beside if beside.exists() else None)
    try:
        kept = Kept({}, {}) if told is None else read_headers(told)
    except HeaderFileError as error:
        raise UsageFailure(str(error)) from None
    body = sample.read_bytes()
    headers = {"content-type": "application/json", **kept.headers}
    if secret is not None:
        headers |= _signed(source or _named_in(parts.path), secret, body)
    # A status is an answer to be shown, whatever it is.
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310  # http or https, see above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  # as above
            status, content = answer.status, answer.read(_SHOWN_BYTES)
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read(_SHOWN_BYTES)
    except OSError as error:
        click.echo(for_people(f"{url}: no answer: {error}"), err=True)
        sys.exit(1)
    click.echo(for_people(f"{status} {content.decode('utf-8', 'replace')}".rstrip()))
    sys.exit(0 if 200 <= status < 300 else 1)


def _signed(source: str, secret: str, body: bytes) -> dict[str, str]:
    kind = kind_named(source)
    if kind is None:
        raise UsageFailure(f"--source {source!r} is of no known kind: {', '.join(KINDS)}")
    schemes = CATALOGUE[kind].schemes
    if not schemes:
        raise UsageFailure(f"{CATALOGUE[kind].title} does not sign: leave --secret out")
    try:
        now = int(time.time())
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)) if kind == "twitch" else str(now)
        made = sign(schemes[0], secret, body, stamp, f"msg_{uuid.uuid4().hex}")
    except SignatureError as error:
        raise UsageFailure(f"--secret: {error}") from None
    return {name.lower(): value for name, value in made.items()}


def _named_in(path: str) -> str:
    parts = path.split("/")
    if "hooks" not in parts or len(parts) <= parts.index("hooks") + 1:
        raise UsageFailure("URL does not say the source (/v1/hooks/SOURCE/NAME): give --source")
    return parts[parts.index("hooks") + 1]
