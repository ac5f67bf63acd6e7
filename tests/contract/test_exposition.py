"""The text of a scrape says what prometheus_client's own writer says."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agents.metrics.exposition import exposition


def samples(text: bytes) -> list[tuple[str, tuple[tuple[str, str], ...], float]]:
    """Every sample of a scrape, in a comparable form; OpenMetrics' creation times left out."""
    return sorted(
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    )


def types(text: bytes) -> set[tuple[str, str, str]]:
    """Name, type and documentation of every family."""
    return {
        (family.name, family.type, family.documentation)
        for family in text_string_to_metric_families(text.decode())
        if not family.name.endswith("_created")
    }


def test_every_kind_of_metric_reads_the_same() -> None:
    """Counters, gauges, histograms and infos, odd label values, huge, tiny and special numbers."""
    registry = CollectorRegistry()
    counter = Counter("made_up", "A counter\nwith \\ in its text.", ["who", "a"], registry=registry)
    for who in ("plain", 'quo"ted', "back\\slash", "new\nline", "émoji 🎉", ""):
        counter.labels(who, "x").inc(3)
    Gauge("made_up_gauge", "A gauge.", registry=registry).set(float("inf"))
    values = Gauge("made_up_values", "Numbers.", ["n"], registry=registry)
    for value in (0, -1, 1.5, 1e-9, 123456789012345678, 2.5e300, float("-inf"), True):
        values.labels(str(value)).set(value)
    histogram = Histogram("made_up_seconds", "A histogram.", buckets=(0.1, 1.0), registry=registry)
    histogram.observe(0.5)
    Info("made_up_build", "An info.", registry=registry).info({"version": "1"})
    assert samples(exposition(registry)) == samples(generate_latest(registry))
    assert types(exposition(registry)) == types(generate_latest(registry))


def test_not_a_number_is_written_as_prometheus_reads_it() -> None:
    """NaN, which equals nothing, is written as NaN."""
    registry = CollectorRegistry()
    Gauge("made_up", "A gauge.", registry=registry).set(float("nan"))
    assert b"\nmade_up NaN\n" in exposition(registry)
