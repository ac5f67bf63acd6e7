"""Where each rule's strength is 1, and the parameters of its detectors. Thresholds of the alerts: ``models.alerts``."""

from typing import Final

from streams.detectors.proportions import ProportionParameters

SURPRISE_ALARM: Final = 3.6
"""-log10 of the tail share at which a spike has strength 1: one window in four thousand, twice in a row."""
SIGMA_ALARM: Final = 6.5
"""Standard deviations that are an alarm even in a series that is used to bursts, given ``SIGMA_RATIO``."""
SIGMA_RATIO: Final = 4.0
SPREAD_SIGMAS: Final = 3.0
"""How many of its own usual changes within an hour a series must lie above its level for a spike: where posts pile up,
three and a half times the usual is an ordinary evening."""
MOST_RATIO: Final = 6.0
"""The most that is asked so."""
SUDDEN_ALARM: Final = 13.5
"""Nats of evidence in two to four windows at which a sudden drop has strength 1."""
SHORTFALL_ALARM: Final = 16.0
"""Nats of evidence, however long it took, at which a drop below the level has strength 1."""
PROPORTION_ALARM: Final = 13.0
"""Nats of evidence at which a risen share has strength 1."""
CONVERSION_ALARM: Final = 13.5
"""Nats of evidence at which a fallen conversion rate has strength 1: about fifteen orders that did not come."""
SILENCE_ALARM: Final = 10.0
"""Nats of evidence at which silence has strength 1."""

NEGATIVE_SHARE: Final = ProportionParameters(prior_share=0.12, recent_least=30.0)
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
    prior_share=0.25,
    prior_total=10.0,
    rise_add=0.3,
    rise_factor=1.5,
    memory_total=1_000.0,
    recent_decay=0.85,
    learning_total=20.0,
)
