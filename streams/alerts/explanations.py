"""The sentence a campaign manager reads: what happened, what is usual, how much it rests on."""

from collections.abc import Sequence

from models.alerts import RuleName, WindowSample
from models.times import MINUTE_MS
from streams.detectors.signals import Reading, RecentWindow


def explain(
    rule: RuleName,
    sample: WindowSample,
    reading: Reading,
    recent: Sequence[RecentWindow],
    *,
    everybody: bool = False,
) -> str:
    """One sentence for an alert that opened or changed.

    Args:
        rule: which rule speaks.
        sample: the window that moved it.
        reading: the rule's numbers.
        recent: the last windows, the newest last; sums are over these.
        everybody: whether the peers show the same.
    """
    who = _who(sample)
    minutes = max(1, round(len(recent) * (sample.window_end_ms - sample.window_start_ms) / MINUTE_MS))
    span = "1 minute" if minutes == 1 else f"{minutes} minutes"
    one = max(1, round((sample.window_end_ms - sample.window_start_ms) / MINUTE_MS))
    window = "1 minute" if one == 1 else f"{one} minutes"
    if rule in ("engagement_spike", "entries_spike"):
        text = (
            f"{who} {reading.unit}: {_count(reading.observed)} in {window}, "
            f"usually {_count(reading.expected)} ({reading.ratio:.1f} times)"
        )
        return text + _mood(sample, recent)
    if rule == "engagement_drop":
        text = f"{who} engagements fell to {_count(reading.observed)} in {window}, usually {_count(reading.expected)}"
        if everybody:
            return text + "; the other influencers fell too"
        return text
    if rule == "negative_wave":
        negative = sum(window_.negative for window_ in recent)
        scored = sum(window_.scored for window_ in recent)
        text = (
            f"{who} comments turned negative: {_percent(reading.observed)}, usually "
            f"{_percent(reading.expected)} ({negative} of {scored} in {span})"
        )
        return text + _about(sample)
    if rule == "conversion_drop":
        clicks = sum(window_.clicks for window_ in recent)
        purchases = sum(window_.purchases for window_ in recent)
        return (
            f"{who} clicks stopped turning into orders: {purchases} orders from {clicks} clicks in {span}, "
            f"usually {_count(reading.expected * clicks)} ({_percent(reading.expected)})"
        )
    if rule == "code_leak":
        return (
            f"{who} discount codes are used without a click: {_percent(reading.observed)} of the last uses, usually "
            f"{_percent(reading.expected)}; a code may have leaked to a coupon site"
        )
    silent = max(1, round(reading.sample_size * (sample.window_end_ms - sample.window_start_ms) / MINUTE_MS))
    length = "1 minute" if silent == 1 else f"{silent} minutes"
    return f"{who} feed is silent: no event for {length}, usually {_count(reading.expected)} a window"


def explain_resolved(rule: RuleName, sample: WindowSample, opened_at_ms: int, *, expired: bool) -> str:
    """One sentence for the end of an alert."""
    minutes = max(1, round((sample.window_end_ms - opened_at_ms) / MINUTE_MS))
    length = "1 minute" if minutes == 1 else f"{minutes} minutes"
    name = rule.replace("_", " ")
    if expired:
        return f"{_who(sample)} {name} has lasted {length} and is now taken for the new normal"
    return f"{_who(sample)} {name} is over after {length}"


def explain_removed(rule: RuleName, influencer_id: str, opened_at_ms: int, at_ms: int) -> str:
    """One sentence for an alert that ends because its influencer left the definition."""
    minutes = max(1, round((at_ms - opened_at_ms) / MINUTE_MS))
    length = "1 minute" if minutes == 1 else f"{minutes} minutes"
    name = rule.replace("_", " ")
    return f"{influencer_id} is no longer in the campaign's definition: {name} is not watched any more, after {length}"


def _who(sample: WindowSample) -> str:
    if sample.influencer_id is None:
        return "The campaign's"
    name = sample.name or sample.influencer_id or "Unattributed"
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _count(value: float) -> str:
    return f"{value:.1f}" if value < 10.0 and value != round(value) else f"{value:,.0f}"


def _percent(share: float) -> str:
    percent = 100.0 * share
    return f"{percent:.1f} %" if percent < 10.0 and percent != round(percent) else f"{percent:.0f} %"


def _about(sample: WindowSample) -> str:
    return f'; most about "{sample.topics[0]}"' if sample.topics else ""


def _mood(sample: WindowSample, recent: Sequence[RecentWindow]) -> str:
    scored = sum(window.scored for window in recent)
    if scored < 10:
        return _about(sample)
    negative = sum(window.negative for window in recent)
    return f"; {_percent(negative / scored)} negative{_about(sample)}"
