"""The health of a worker as others read it."""

from agents.metrics.figures import Figures
from agents.worker.worker_health import worker_health
from models.read_model import decode_health, encode_health


def test_health_is_what_the_worker_has_done_and_is_read_back() -> None:
    """Refused values also as a sum; what Redis holds is the same again."""
    figures = Figures(
        events=90,
        duplicates=4,
        forwarded=3,
        missing_offsets=0,
        skipped={},
        windows_closed=7,
        windows_skipped=0,
        rejected={"future": 1, "not_json": 2},
        events_per_second=12.5,
        lag=11,
        watermark_delay_seconds=0.25,
        influencers=5,
    )
    health = worker_health("w-1", 1_000, 2_000, 8, figures, 0.125)
    assert (health.started_at_ms, health.updated_at_ms, health.partitions) == (1_000, 2_000, 8)
    assert (health.events_total, health.duplicates_total, health.forwarded_total) == (90, 4, 3)
    assert (health.rejected_total, health.rejected) == (3, {"future": 1, "not_json": 2})
    assert (health.lag, health.influencers, health.flush_seconds) == (11, 5, 0.125)
    fields = {name.encode(): value.encode() for name, value in encode_health(health).items()}
    assert decode_health("w-1", fields) == health
