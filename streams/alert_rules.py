"""The seven rules with their defaults, and what a campaign's definition changes of them."""

from typing import Final

import msgspec

from models.alerts import AlertRule, AlertSettings, RuleName
from streams.proportions import ProportionParameters

SURPRISE_ALARM: Final = 3.0
"""-log10 of the tail share at which a spike has strength 1: one window in a thousand, twice in a row."""
SIGMA_ALARM: Final = 5.5
"""Standard deviations that are an alarm even in a series that is used to bursts, given ``SIGMA_RATIO``."""
SIGMA_RATIO: Final = 4.0
SUDDEN_ALARM: Final = 11.0
"""Nats of evidence in two to four windows at which a sudden drop has strength 1."""
SHORTFALL_ALARM: Final = 14.0
"""Nats of evidence, however long it took, at which a drop below the level has strength 1."""
PROPORTION_ALARM: Final = 11.0
"""Nats of evidence at which a risen share has strength 1."""
CONVERSION_ALARM: Final = 10.5
"""Nats of evidence at which a fallen conversion rate has strength 1: about twelve orders that did not come."""
SILENCE_ALARM: Final = 10.0
"""Nats of evidence at which silence has strength 1."""

NEGATIVE_SHARE: Final = ProportionParameters(prior_share=0.12)
CONVERSION_RATE: Final = ProportionParameters(
    prior_share=0.03,
    prior_total=150.0,
    rise_add=0.1,
    fall_factor=0.1,
    recent_decay=0.6,
    memory_total=12_000.0,
    correlation=0.0,
)
UNCLICKED_CODES: Final = ProportionParameters(
    prior_share=0.25, prior_total=20.0, rise_add=0.3, rise_factor=1.5, memory_total=1_000.0, recent_decay=0.85
)

DEFAULT_RULES: Final[dict[RuleName, AlertRule]] = {
    rule.rule: rule
    for rule in (
        AlertRule(rule="engagement_spike", minimum_count=25, minimum_ratio=3.5, clear_at=0.4),
        AlertRule(rule="engagement_drop", minimum_count=18, minimum_ratio=3.0, fire_windows=1),
        AlertRule(rule="negative_wave", minimum_count=12, minimum_ratio=1.6, fire_windows=1),
        AlertRule(rule="conversion_drop", minimum_count=60, minimum_ratio=2.0, fire_windows=1, clear_windows=8),
        AlertRule(rule="code_leak", minimum_count=10, minimum_ratio=1.4, fire_windows=1, clear_windows=10),
        AlertRule(
            rule="feed_silent",
            minimum_count=0,
            minimum_ratio=1.0,
            fire_windows=1,
            clear_windows=2,
            cool_down_ms=300_000,
        ),
        AlertRule(rule="entries_spike", minimum_count=12, minimum_ratio=3.0, clear_at=0.4),
    )
}


def rules_for(settings: AlertSettings | None) -> dict[RuleName, AlertRule]:
    """The defaults with a campaign's overrides.

    Raises:
        ValueError: an override makes a rule inconsistent (see ``AlertRule``).
    """
    if settings is None or not settings.rules:
        return DEFAULT_RULES
    rules = dict(DEFAULT_RULES)
    for name, override in settings.rules.items():
        changes = {key: value for key, value in msgspec.structs.asdict(override).items() if value is not None}
        rules[name] = AlertRule(**{**msgspec.structs.asdict(rules[name]), **changes})
    return rules
