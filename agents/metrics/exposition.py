"""The text of a scrape: Prometheus' text format 0.0.4, written in one pass.

prometheus_client's own writer sorts, escapes and classifies every label of every sample, and takes 15 µs a line; a
scrape holds the event loop up, and a worker with a hundred labelled influencers shows some 18,000 lines.
``tests/contract/test_exposition.py`` compares the two. ``_created`` samples, which belong to OpenMetrics, are left out.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.utils import floatToGoString

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_TYPES: Final = {"unknown": "untyped", "info": "gauge", "stateset": "gauge", "gaugehistogram": "histogram"}
_SUFFIXES: Final = {"counter": "_total", "info": "_info"}


def exposition(registry: CollectorRegistry) -> bytes:
    """Return every metric of the registry as text."""
    texts: dict[str, str] = {}
    """Label values as they stand between quotes: few values, in very many lines."""
    return "".join(line for metric in registry.collect() for line in _lines(metric, texts)).encode()


def _lines(metric: Metric, texts: dict[str, str]) -> Iterator[str]:
    name = metric.name + _SUFFIXES.get(metric.type, "")
    documentation = metric.documentation.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {name} {documentation}\n# TYPE {name} {_TYPES.get(metric.type, metric.type)}\n"
    created = metric.name + "_created"
    for sample in metric.samples:
        if sample.name == created:
            continue
        value = sample.value
        number = str(value) if value.__class__ is int else floatToGoString(value)  # type: ignore[no-untyped-call]  # theirs
        if not sample.labels:
            yield f"{sample.name} {number}\n"
            continue
        pairs = []
        for label, text in sample.labels.items():
            quoted = texts.get(text)
            if quoted is None:
                quoted = texts[text] = text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
            pairs.append(f'{label}="{quoted}"')
        yield f"{sample.name}{{{','.join(pairs)}}} {number}\n"
