"""The health of a worker as others read it in Redis."""

from agents.metrics.figures import Figures
from models.read_model import WorkerHealth


def worker_health(
    worker: str, started_at_ms: int, now_ms: int, partitions: int, figures: Figures, flush_seconds: float
) -> WorkerHealth:
    """Return a worker's health.

    Args:
        worker: its name.
        started_at_ms: when it was started.
        now_ms: now.
        partitions: how many it has.
        figures: what it has done.
        flush_seconds: how long its last flush took.
    """
    return WorkerHealth(
        worker=worker,
        started_at_ms=started_at_ms,
        updated_at_ms=now_ms,
        partitions=partitions,
        events_total=figures.events,
        duplicates_total=figures.duplicates,
        forwarded_total=figures.forwarded,
        rejected_total=sum(figures.rejected.values()),
        rejected=figures.rejected,
        events_per_second=figures.events_per_second,
        lag=figures.lag,
        watermark_delay_seconds=figures.watermark_delay_seconds or 0.0,
        flush_seconds=flush_seconds,
        influencers=figures.influencers,
    )
