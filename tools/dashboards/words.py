"""What rules, severities, phases and states are called on a screen, as Grafana's value mappings."""

from typing import Any, Final

from grafana_foundation_sdk.models import dashboard as models

from agents.liveness.health import PHASES
from models.alerts import RuleName
from tools.dashboards import style

_RULES: Final[dict[RuleName, str]] = {
    "engagement_spike": "Engagements have jumped",
    "entries_spike": "Entries have jumped: a share, or bots",
    "engagement_drop": "Engagements have collapsed",
    "negative_wave": "A wave of complaints",
    "conversion_drop": "Clicks no longer turn into orders",
    "code_leak": "A code is used without clicks",
    "feed_silent": "The feed has gone silent",
}
RULE_WORDS: Final[list[dict[str, Any]]] = style.as_json(
    style.words(*((rule, text, "") for rule, text in _RULES.items()))
)
SHARES: Final = "negative_wave|conversion_drop|code_leak"
"""Rules whose unit is a share; the others count."""
ENGAGEMENTS: Final = 'rule=~"engagement_spike|engagement_drop"'
"""Those that judge engagements, as a matcher."""


def named_rules(panel: style.Panel) -> style.Panel:
    """Name a panel's series, which are called as rules are, in words."""
    for rule, text in _RULES.items():
        panel = panel.override_by_name(rule, [models.DynamicConfigValue(id_val="displayName", value=text)])
    return panel


SEVERITY_CELL: Final[dict[str, Any]] = {
    "mappings": style.as_json(
        style.words(("critical", "critical", style.VERMILLION), ("warning", "warning", style.ORANGE))
    ),
    "custom.cellOptions": {"type": "color-background", "mode": "basic"},
    "custom.width": 120,
}
_PHASE_COLOURS: Final = {
    "starting": style.GREY,
    "rebalancing": style.ORANGE,
    "recovering": style.SKY,
    "ready": style.GREEN,
    "draining": style.PURPLE,
}
PHASE_WORDS: Final = style.words(
    *((str(number), phase, _PHASE_COLOURS[phase]) for number, phase in enumerate(PHASES, start=1))
)
IS_OPEN: Final = style.words(("0", "closed", style.GREY), ("1", "open", style.VERMILLION))
IS_UP: Final = style.words(("0", "away", style.VERMILLION), ("1", "up", style.GREEN))
MOOD_CELL: Final[dict[str, Any]] = {
    "decimals": 0,
    "custom.cellOptions": {"type": "color-text"},
    "thresholds": {
        "mode": "absolute",
        "steps": [
            {"value": None, "color": style.VERMILLION},
            {"value": 0, "color": style.ORANGE},
            {"value": 0.2, "color": style.GREEN},
        ],
    },
}
"""Net sentiment in a table, in the colours that the mood has as a number."""
