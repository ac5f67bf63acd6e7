"""The parts of the demo's picture: one function a panel or line."""

from collections.abc import Sequence
from typing import Final

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agents.demo.frame import Frame
from agents.demo.history import sparkline
from agents.demo.words import (
    amount,
    by_orders,
    compact,
    deliveries,
    duration,
    lag,
    money,
    name_of,
    number,
    rate,
    signed,
)
from agents.terminal import visible
from models.alerts import Alert
from models.rollups import GiveawayRollup, SentimentStats, WindowStats

WIDE_COLUMNS: Final = 100
_BORDER: Final = "grey37"
_DIM: Final = "grey58"
_ACCENT: Final = "bold bright_magenta"
_POSITIVE, _NEUTRAL, _NEGATIVE = "green3", "grey50", "red3"
_RATE_STYLES: Final = {
    "events": "cyan",
    "comments": "bright_magenta",
    "engagements": "green3",
    "views": "grey70",
    "clicks": "deep_sky_blue3",
    "orders": "yellow3",
}


def title(frame: Frame, width: int) -> RenderableType:
    """The campaign and how long it has run."""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(" ● ", "bold green3" if frame.campaign is not None else "yellow3")
    line.append("CAMPAIGN PULSE", _ACCENT)
    if frame.campaign is not None:
        line.append(f"  {visible(frame.campaign.name)}", "bold")
        line.append(f"  {frame.campaign.influencers} influencers", _DIM)
        if frame.campaign.followers is not None and width >= WIDE_COLUMNS:
            line.append(f" · {compact(frame.campaign.followers)} followers", _DIM)
    clock = duration(frame.elapsed_seconds)
    if frame.total_seconds is not None:
        clock += f" / {duration(frame.total_seconds)}"
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(line, Text(f"{clock} ", "bold"))
    return grid


def giveaway(giveaway: GiveawayRollup) -> RenderableType:
    """The giveaway in one line, the most important first: what does not fit is cut at the end."""
    line = Text(no_wrap=True, overflow="ellipsis")
    about = "≈" if giveaway.approximate else ""
    line.append(" ★ ", "bold yellow3")
    line.append(f"{about}{number(giveaway.unique_entrants)} entrants", "bold")
    line.append(f" · {about}{number(giveaway.entries)} entries", "bold")
    state = {"upcoming": "not open yet", "open": f"{duration(giveaway.time_left_ms / 1000)} left", "closed": "closed"}
    line.append(f" · {state[giveaway.status]}", _ACCENT)
    line.append(f" · {number(giveaway.entries_per_minute)} a minute", "cyan")
    suspicion = giveaway.suspicion
    if suspicion is not None and suspicion.suspicious_entrants:
        line.append(f" · {number(suspicion.suspicious_entrants)} suspicious", "bold yellow3")
    invalid = sum(giveaway.invalid_entries.values())
    line.append(f" · {number(giveaway.valid_entries)} valid, {number(giveaway.duplicate_entries)} again", _DIM)
    line.append(f", {number(invalid)} invalid, {number(giveaway.withdrawn_entries)} withdrawn", _DIM)
    return line


def alerts(alerts: Sequence[Alert]) -> RenderableType:
    """The newest open alert in one line."""
    newest = alerts[0]
    more = f"  (and {len(alerts) - 1} more)" if len(alerts) > 1 else ""
    colour = "bold red" if newest.severity == "critical" else "bold yellow3"
    return Text.assemble((" ▲ ", colour), (visible(newest.explanation), "bold"), (more, "grey58"), no_wrap=True)


def headline(frame: Frame, *, tall: bool) -> RenderableType:
    """The campaign's counts in an hour and a minute."""
    hour = frame.campaign.windows["1h"] if frame.campaign is not None else WindowStats()
    minute = frame.campaign.windows["1m"] if frame.campaign is not None else WindowStats()
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=1, no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_row(Text("", _DIM), Text("1 h", _DIM), Text("1 m", _DIM))
    rows: list[tuple[str, int, int]] = [
        ("engagements", hour.engagements, minute.engagements),
        ("comments", hour.comments, minute.comments),
        ("people", hour.unique_commenters, minute.unique_commenters),
        ("clicks", hour.clicks, minute.clicks),
    ]
    if tall:
        # One line for both, for the picture is as high as the terminal: what is taken back is rare.
        taken_back = ("taken back", hour.corrections, minute.corrections)
        rows.insert(3, taken_back if minute.corrections else ("views", hour.views, minute.views))
    for label, long, short in rows:
        table.add_row(label, Text(number(long), "bold"), Text(number(short), "cyan"))
    return _panel(table, "campaign")


def rates(frame: Frame, width: int, *, tall: bool) -> RenderableType:
    """What happens a second, and how that went."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True, min_width=6)
    table.add_column(no_wrap=True, ratio=1)
    room = max(4, width - 4 - 11 - 6 - 3)
    for name, style in _RATE_STYLES.items():
        if name == "views" and not tall:
            continue
        table.add_row(
            name,
            Text(rate(frame.per_second.get(name, 0.0)), "bold"),
            Text(sparkline(frame.history.get(name, []), room), style),
        )
    return _panel(table, "per second")


def mood_and_money(frame: Frame, width: int, *, tall: bool) -> RenderableType:
    """Shares of feelings, orders and revenue by currency, over an hour."""
    stats = frame.campaign.windows["1h"] if frame.campaign is not None else WindowStats()
    parts: list[RenderableType] = [sentiment_bar(stats.sentiment, max(8, width - 4))]
    if stats.sentiment is not None:
        legend = Text(no_wrap=True)
        for share, style in (
            (stats.sentiment.positive_share, _POSITIVE),
            (stats.sentiment.neutral_share, _NEUTRAL),
            (stats.sentiment.negative_share, _NEGATIVE),
        ):
            legend.append("● ", style)
            legend.append(f"{share:.0%} ")
        legend.append(f" net {signed(stats.sentiment.net)}", "bold")
        parts.append(legend)
    else:
        parts.append(Text("no comments scored yet", _DIM))
    funnel = Text(no_wrap=True)
    funnel.append(number(stats.purchases), "bold yellow3")
    funnel.append(" orders")
    if stats.conversion_rate_by_clicks is not None:
        funnel.append(f" · {stats.conversion_rate_by_clicks:.1%} of clicks", _DIM)
    parts.append(funnel)
    ranked = by_orders(stats.revenue)
    rows = 3 if tall else 2
    for currency, revenue in ranked[:rows]:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{visible(currency)} ", _DIM)
        line.append(amount(revenue.revenue), "bold yellow3")
        if revenue.average_order_value is not None:
            line.append(f" · avg {amount(revenue.average_order_value)}", _DIM)
        parts.append(line)
    if len(ranked) > rows:
        line.append(f" +{len(ranked) - rows}", _DIM)
    return _panel(Group(*parts), "mood and money, 1 h")


def leaderboard(frame: Frame, width: int, rows: int, *, wide: bool) -> RenderableType:
    """The influencers, as many as there are rows for."""
    if not frame.influencers:
        return _panel(Text("waiting for the first events ...", _DIM), "leaderboard")
    table = Table(box=None, expand=True, padding=(0, 1), collapse_padding=True, pad_edge=False, header_style=_DIM)
    table.add_column("#", justify="right", width=2)
    table.add_column("", width=2, no_wrap=True)
    table.add_column("influencer", no_wrap=True, overflow="ellipsis", ratio=2, min_width=12)
    table.add_column("engaged 1h", justify="right", no_wrap=True)
    bar_width = 0
    if wide:
        bar_width = min(24, 10 + (width - WIDE_COLUMNS) // 3)
        table.add_column("", width=bar_width, no_wrap=True)
        table.add_column("comm 1m", justify="right", no_wrap=True)
    table.add_column("comm 5m", justify="right", no_wrap=True)
    table.add_column("people", justify="right", no_wrap=True, min_width=6)
    table.add_column("mood", justify="right", no_wrap=True, min_width=5)
    table.add_column("orders", justify="right", no_wrap=True)
    table.add_column("revenue 1h", justify="right", no_wrap=True, min_width=11)
    best = max(1, frame.influencers[0].windows["1h"].engagements)
    for place, influencer in enumerate(frame.influencers[: rows - 3], start=1):
        hour = influencer.windows["1h"]
        cells: list[RenderableType] = [
            Text(str(place), "bold" if place <= 3 else _DIM),
            _movement(frame.moved.get(influencer.influencer_id, 0)),
            Text(name_of(influencer), "bold" if place <= 3 else ""),
            Text(number(hour.engagements), "bold"),
        ]
        if wide:
            cells.append(Text(_bar(hour.engagements / best, bar_width), "magenta"))
            cells.append(Text(number(influencer.windows["1m"].comments), "cyan"))
        cells += [
            number(influencer.windows["5m"].comments),
            number(hour.unique_commenters),
            _mood(hour.sentiment),
            Text(number(hour.purchases), "yellow3" if hour.purchases else _DIM),
            Text(money(hour.revenue, only_first=True) or "-", "yellow3" if hour.revenue else _DIM),
        ]
        table.add_row(*cells)
    return _panel(table, "leaderboard")


def pipeline(frame: Frame, *, wide: bool) -> RenderableType:
    """How the workers do, and what they refused."""
    if not frame.workers:
        return _panel(Text("no worker has reported within 30 s", _NEGATIVE), "pipeline")
    rejected = sum(worker.rejected_total for worker in frame.workers)
    behind = lag(frame.workers)
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{compact(frame.per_second.get('events', 0.0))} events/s", "bold cyan")
    line.append("  lag ")
    line.append(number(behind), "bold " + ("green3" if behind < 5_000 else "yellow3"))
    delay = _largest([worker.watermark_delay_seconds for worker in frame.workers])
    flush = _largest([worker.flush_seconds for worker in frame.workers])
    if wide:
        line.append("  watermark ")
        line.append("-" if delay is None else f"{delay:.1f} s", "bold")
    line.append("  flush ")
    line.append("-" if flush is None else f"{flush * 1000:.0f} ms", "bold")
    line.append("  duplicates ")
    line.append(number(sum(worker.duplicates_total for worker in frame.workers)), "bold")
    line.append("  forwarded ")
    line.append(number(sum(worker.forwarded_total for worker in frame.workers)), "bold")
    reasons: dict[str, int] = {}
    for worker in frame.workers:
        for reason, count in worker.rejected.items():
            reasons[reason] = reasons.get(reason, 0) + count
    ranked = sorted((item for item in reasons.items() if item[1]), key=lambda item: (-item[1], item[0]))
    detail = Text("rejected ", no_wrap=True, overflow="ellipsis")
    detail.append(number(rejected), "bold yellow3" if rejected else "bold")
    detail.append("".join(f"  {reason} {number(count)}" for reason, count in ranked), _DIM)
    workers = f"{len(frame.workers)} worker" + ("s" if len(frame.workers) != 1 else "")
    total = sum(worker.events_total for worker in frame.workers)
    below = None if frame.delivered is None else f"gateway · {deliveries(frame.delivered)} as signed deliveries"
    return _panel(Group(line, detail), f"pipeline · {workers} · {number(total)} events", below)


def _panel(body: RenderableType, title: str, below: str | None = None) -> Panel:
    return Panel(
        body,
        title=f"[bold]{title}[/]",
        title_align="left",
        subtitle=below,
        subtitle_align="left",
        border_style=_BORDER,
        box=ROUNDED,
        padding=(0, 1),
    )


def sentiment_bar(sentiment: SentimentStats | None, width: int) -> Text:
    """A bar of `width` cells: positive, neutral and negative shares in that order."""
    if sentiment is None:
        return Text("─" * width, _DIM)
    positive = round(sentiment.positive_share * width)
    negative = min(width - positive, round(sentiment.negative_share * width))
    bar = Text("█" * positive, _POSITIVE)
    bar.append("█" * (width - positive - negative), _NEUTRAL)
    return bar.append("█" * negative, _NEGATIVE)


def _bar(share: float, width: int) -> str:
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def _movement(places: int) -> Text:
    if places > 0:
        return Text(f"▲{min(places, 9)}", _POSITIVE)
    return Text(f"▼{min(-places, 9)}", _NEGATIVE) if places < 0 else Text(" ·", _DIM)


def _mood(sentiment: SentimentStats | None) -> Text:
    if sentiment is None:
        return Text("-", _DIM)
    style = _POSITIVE if sentiment.net >= 0.1 else _NEGATIVE if sentiment.net <= -0.1 else ""
    return Text(signed(sentiment.net), style)


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
