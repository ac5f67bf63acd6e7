"""Running a worker process: the application under Faust's worker, with an exit code that tells the truth."""

import gc
import logging
from collections.abc import Mapping
from typing import Final

import faust
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from agents.app import build_app
from agents.clock import make_clock
from agents.settings import Settings

log: Final = logging.getLogger("campaign_pulse")
_GC_THRESHOLDS: Final = (100_000, 50, 100)
"""Batches allocate thousands of objects that live for one batch and hold no cycles; the default of 700 walks the young
ones hundreds of times a second and, now and then, the whole heap. In process: 7.5 to 4.2 µs a conversion."""


def run_worker(settings: Settings, partitions: Mapping[str, int]) -> int:
    """Run until a signal or a failure; return the exit code."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    app = build_app(settings, partitions, registry, make_clock(settings.clock))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    worker = faust.Worker(app, loglevel=None, override_logging=False, quiet=True, redirect_stdouts=False)
    log.info(
        "worker %s starts: broker %s, %d partitions", settings.worker_name, settings.broker, max(partitions.values())
    )
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
        return 1 if app.crashed else code
    return 1 if app.crashed else 0
