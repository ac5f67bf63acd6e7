"""The file of outgoing webhooks, read: YAML or JSON, a list of receivers.

An address may be a secret (Slack's are), and so may anything that stands in a wrong place: no message shows a value.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import yaml

from models.webhooks import WebhookRules

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # what secrets begin with
MOST_WEBHOOKS: Final = 100
MOST_SECRETS: Final = 5
"""Of one receiver: one holds, and while it is changed two."""
_MOST_CHARACTERS: Final = 1_000_000
_SECRET_BYTES: Final = range(24, 65)
"""As Standard Webhooks wants them."""
_UNKNOWN_FIELD: Final = re.compile(r"Object contains unknown field `([a-z_]{1,30})`(.*)", re.DOTALL)


def parse_webhooks(text: str) -> dict[str, WebhookRules]:
    """Read receivers by name; an empty text has none.

    Raises:
        ValueError: the text is no such list; the message names the place, and no value.
    """
    if not text.strip():
        return {}
    content = _content(text)
    if not isinstance(content, list):
        raise ValueError("expected a list of webhooks, each with name and url")
    if len(content) > MOST_WEBHOOKS:
        raise ValueError(f"{len(content)} webhooks, at most {MOST_WEBHOOKS} are taken")
    found: dict[str, WebhookRules] = {}
    for number, each in enumerate(content, 1):
        rules = _rules(number, each)
        if rules.name in found:
            raise ValueError(f"webhook {number}: the name {rules.name!r} is there twice")
        found[rules.name] = rules
    return found


def problem_of_secrets(webhooks: Mapping[str, WebhookRules], secrets: Mapping[str, Sequence[str]]) -> str:
    """Return what is wrong between receivers and their secrets, by ``PULSE_GATEWAY_WEBHOOK_SECRETS``; empty if nothing.

    A receiver of the format ``slack`` needs none: its address is its secret.
    """
    for name, rules in webhooks.items():
        if rules.format == "standard" and not secrets.get(name):
            return f"there is no secret of the webhook {name!r}; `gateway webhooks secret {name}` makes one"
    return ""


def parse_webhook_secrets(secrets: Mapping[str, Sequence[str]]) -> None:
    """Check secrets by name.

    Raises:
        ValueError: one is no secret of Standard Webhooks; the message does not show it.
    """
    for name, several in secrets.items():
        if len(several) > MOST_SECRETS:
            raise ValueError(f"{name}: {len(several)} secrets, at most {MOST_SECRETS} are signed with")
        for place, secret in enumerate(several, 1):
            if not _is_secret(secret):
                raise ValueError(f"{name}: secret {place}: expected whsec_ and base64 of 24 to 64 bytes")


def _is_secret(secret: str) -> bool:
    try:
        return len(base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)) in _SECRET_BYTES and (
            secret.startswith(SECRET_PREFIX)
        )
    except (ValueError, binascii.Error):
        return False


def _content(text: str) -> Any:
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"more than {_MOST_CHARACTERS:,} characters")
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        # Not its text: it may quote what stands there.
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise ValueError(f"line {line}: no YAML") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValueError("no YAML") from None


def _rules(number: int, content: Any) -> WebhookRules:
    try:
        rules = msgspec.convert(content, WebhookRules, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(f"webhook {number}: {_shown(error)}") from None
    if problem := _problem_of_url(rules):
        raise ValueError(f"webhook {number} ({rules.name}): url: {problem}")
    milestones = rules.milestones
    if not rules.alerts and not (
        milestones.first_order or milestones.entries or milestones.every_entries or milestones.revenue
    ):
        raise ValueError(f"webhook {number} ({rules.name}): neither alerts nor milestones: it would be told nothing")
    return rules


def _shown(error: Exception) -> str:
    problem, _, path = str(error).partition(" - at `")
    where = path.rstrip("`").removeprefix("$").lstrip(".")
    if problem.startswith("Object contains unknown field"):
        known = _UNKNOWN_FIELD.match(problem)
        problem = f"there is no field {known[1]!r}" if known else "there is no such field"
    elif problem.startswith("Invalid enum value"):
        problem = "is none of the values that are possible"
    # A key of a mapping is in the path.
    return f"{where}: {problem}" if re.fullmatch(r"[a-z_.\[\]0-9]{1,80}", where) else problem


def _problem_of_url(rules: WebhookRules) -> str:
    try:
        parts = urlsplit(rules.url)
        port = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return "is no https:// address"
    if any(char.isspace() or not char.isprintable() for char in rules.url):
        return "has blanks or control characters"
    if parts.scheme == "http" and not rules.private:
        return "is not https; http is for addresses with `private: true`"
    if "@" in parts.netloc:
        return "has a user in it"
    return "has a fragment" if parts.fragment else ""
