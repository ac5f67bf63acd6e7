"""Running a worker process: the application under Faust's worker, with an exit code that tells the truth."""

import logging
from collections.abc import Mapping
from typing import Final

import faust
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from agents.app import build_app
from agents.clock import make_clock
from agents.settings import Settings

log: Final = logging.getLogger("campaign_pulse")


def run_worker(settings: Settings, partitions: Mapping[str, int]) -> int:
    """Run until a signal or a failure; return the exit code."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    app = build_app(settings, partitions, registry, make_clock(settings.clock))
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
