"""The sentence a campaign manager reads: what happened, what is usual, how much it rests on."""

from collections.abc import Sequence

from models.alerts import Alert, RuleName, WindowSample
from models.times import MINUTE_MS
from streams.detectors.signals import Reading, RecentWindow


def explain(
    rule: RuleName,
    sample: WindowSample,
    reading: Reading,
    recent: Sequence[RecentWindow],
) -> str:
    """Return one sentence for an alert that opened or changed.

    Args:
        rule: which rule speaks.
        sample: the window that moved it.
        reading: the rule's numbers.
        recent: the last windows, the newest last; sums are over these.
    """
    owner = _owner(sample)
    window_ms = sample.window_end_ms - sample.window_start_ms
    window, span = _minutes(window_ms), _minutes(len(recent) * window_ms)
    if rule in ("engagement_spike", "entries_spike"):
        text = (
            f"{owner} {reading.unit}: {_count(reading.observed)} in {window}, "
            f"usually {_count(reading.expected)} ({reading.ratio:.1f} times)"
        )
        return text + _mood(sample, recent)
    if rule == "engagement_drop":
        return f"{owner} engagements fell to {_count(reading.observed)} in {window}, usually {_count(reading.expected)}"
    if rule == "negative_wave":
        negative = sum(window_.negative for window_ in recent)
        scored = sum(window_.scored for window_ in recent)
        text = (
            f"{owner} comments turned negative: {_percent(reading.observed)}, usually "
            f"{_percent(reading.expected)} ({negative} of {scored} in {span}{_copied(recent)}{_read(recent)})"
        )
        return text + _about(sample)
    if rule == "conversion_drop":
        clicks = sum(window_.clicks for window_ in recent)
        purchases = sum(window_.purchases for window_ in recent)
        return (
            f"{owner} clicks stopped turning into orders: {purchases} orders from {clicks} clicks in {span}, "
            f"usually {_count(reading.expected * clicks)} ({_percent(reading.expected)})"
        )
    if rule == "code_leak":
        return (
            f"{owner} discount codes are used without a click: {_percent(reading.observed)} of the last uses, usually "
            f"{_percent(reading.expected)}; a code may have leaked to a coupon site"
        )
    silence = _minutes(reading.sample_size * window_ms)
    return f"{owner} feed is silent: no event for {silence}, usually {_count(reading.expected)} a window"


def explain_together(text: str, alerts: Sequence[Alert]) -> str:
    """Return the sentence of a campaign's alert that speaks for several influencers' alerts of one moment."""
    return f"{len(alerts)} influencers at once: {text}; strongest {max(alerts, key=_strength).influencer_id}"


def _strength(alert: Alert) -> float:
    return alert.strength


def explain_resolved(rule: RuleName, sample: WindowSample, opened_at_ms: int, *, expired: bool) -> str:
    """Return one sentence for the end of an alert."""
    length = _minutes(sample.window_end_ms - opened_at_ms)
    name = rule.replace("_", " ")
    if expired:
        return f"{_owner(sample)} {name} has lasted {length} and is now taken for the new normal"
    return f"{_owner(sample)} {name} is over after {length}"


def explain_removed(rule: RuleName, influencer_id: str, opened_at_ms: int, at_ms: int) -> str:
    """Return one sentence for an alert that ends because its influencer left the definition."""
    length = _minutes(at_ms - opened_at_ms)
    name = rule.replace("_", " ")
    return f"{influencer_id} is no longer in the campaign's definition: {name} is not watched any more, after {length}"


def _owner(sample: WindowSample) -> str:
    if sample.influencer_id is None:
        return "The campaign's"
    name = sample.name or sample.influencer_id or "Unattributed"
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _minutes(duration_ms: int) -> str:
    minutes = max(1, round(duration_ms / MINUTE_MS))
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _count(value: float) -> str:
    return f"{value:.1f}" if value < 10.0 and value != round(value) else f"{value:,.0f}"


def _percent(share: float) -> str:
    percent = 100.0 * share
    return f"{percent:.1f} %" if percent < 10.0 and percent != round(percent) else f"{percent:.0f} %"


def _about(sample: WindowSample) -> str:
    return f'; most about "{sample.topics[0]}"' if sample.topics else ""


def _read(recent: Sequence[RecentWindow]) -> str:
    """Return for which share of the comments their sentiment speaks, unless it is all of them."""
    scored, unread = (sum(getattr(window, name) for window in recent) for name in ("scored", "unread"))
    return f"; {_percent(scored / (scored + unread))} of the comments are in languages that are read" if unread else ""


def _copied(recent: Sequence[RecentWindow]) -> str:
    """Return how many of the negative comments are copies, if any are."""
    copies = sum(window.copies for window in recent)
    return f"; {copies} are copies, which count once a minute" if copies else ""


def _mood(sample: WindowSample, recent: Sequence[RecentWindow]) -> str:
    scored = sum(window.scored for window in recent)
    if scored < 10:
        return _about(sample)
    negative = sum(window.negative for window in recent)
    return f"; {_percent(negative / scored)} negative{_read(recent)}{_about(sample)}"
