"""The receivers that alertmanager.yml holds ready behind ``#``, switched on as a person would."""

import re
from collections.abc import Collection
from typing import Final

from tests.observability.programs import ROOT

CONFIG: Final = ROOT / "alertmanager" / "alertmanager.yml"
KINDS: Final = {
    "slack": "slack_configs",
    "email": "email_configs",
    "teams": "msteamsv2_configs",
    "telegram": "telegram_configs",
    "webhook": "webhook_configs",
}
"""What a person calls each, and its key."""
SECRETS: Final = "/etc/alertmanager/secrets/"


def switched_on(kinds: Collection[str]) -> str:
    """Return the configuration with the ``#`` taken from the lines of these kinds, in every receiver."""
    before, receivers, lines = CONFIG.read_text().partition("\nreceivers:\n")
    keys = {KINDS[kind] for kind in kinds}
    written, key = [], ""
    for line in lines.splitlines():
        found = re.fullmatch(r"    # (?:(\w+_configs):.*|  .*)", line)
        if found is not None:
            key = found[1] or key
            if key in keys:
                line = line.replace("# ", "", 1)
        written.append(line)
    return before + receivers + "\n".join(written) + "\n"
