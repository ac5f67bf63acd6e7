"""How the demo writes names and numbers."""

from collections.abc import Sequence
from decimal import Decimal

from agents.terminal import visible
from models.read_model import WorkerHealth
from models.rollups import InfluencerRollup, RevenueStats


def lag(workers: Sequence[WorkerHealth]) -> int:
    """Records behind the end of the input topics, over all workers that know."""
    return sum(worker.lag for worker in workers if worker.lag is not None)


def name_of(influencer: InfluencerRollup) -> str:
    """How the view calls an influencer: by handle where there is one."""
    return visible(influencer.handle or influencer.influencer_id) or "(unattributed)"


def number(value: int) -> str:
    """An integer with thousands separators."""
    return f"{value:,}"


def compact(value: float) -> str:
    """A number in at most five characters: 950, 12.3k, 4.56M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            scaled = value / (1e3 if unit == "k" else limit)
            return f"{scaled:.{max(0, 3 - len(str(int(scaled))))}f}{unit}"
    return f"{value:,.0f}"


def rate(value: float) -> str:
    """A rate per second: small ones with a decimal."""
    return f"{value:.1f}" if value < 10 else compact(value)


def signed(value: float) -> str:
    """A value in -1..1 with its sign."""
    return f"{value:+.2f}"


def duration(seconds: float) -> str:
    """Minutes and seconds, hours when there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def amount(text: str) -> str:
    """An exact decimal rounded to cents for the eye."""
    return f"{Decimal(text):,.2f}"


def by_orders(revenue: dict[str, RevenueStats]) -> list[tuple[str, RevenueStats]]:
    """Currencies by orders, most first: amounts of different currencies do not compare."""
    return sorted(revenue.items(), key=lambda item: (-item[1].orders, item[0]))


def money(revenue: dict[str, RevenueStats], *, only_first: bool = False) -> str:
    """Revenue per currency, that with most orders first; with `only_first` that one, and a mark that there are more."""
    ranked = by_orders(revenue)
    if only_first and ranked:
        currency, stats = ranked[0]
        return f"{amount(stats.revenue)} {currency}" + ("+" if len(ranked) > 1 else "")
    return ", ".join(f"{amount(stats.revenue)} {currency}" for currency, stats in ranked)


def deliveries(counts: dict[str, int]) -> str:
    """Say how many events came through the gateway."""
    return ", ".join(f"{kind} {number(count)}" for kind, count in sorted(counts.items())) or "0"
