"""Running a worker process: the application under Faust's worker, with an exit code that says how it ended."""

import ctypes
import gc
import logging
import signal
from collections.abc import Mapping
from typing import Final

import faust
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from agents.broker.auto_creation import forbid_auto_creation
from agents.clock import make_clock
from agents.liveness.lifecycle import Lifecycle
from agents.settings import Settings
from agents.state.stores import StateStore
from agents.worker.build import Worker

log: Final = logging.getLogger("campaign_pulse")
_GC_THRESHOLDS: Final = (500_000, 10, 100)
"""Batches allocate thousands of objects that live for one batch and hold no cycles; the default of 700 walks the young
ones hundreds of times a second and, now and then, the whole heap. In process: 7.5 to 4.2 µs a conversion. The first
number lies above the records that may wait at one time (``FETCHED_BYTES`` are 330,000 events of 290 bytes): at 100,000
a worker that drained a backlog walked them fifteen times in a million events, 25 ms each, 0.3 µs an event."""

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 16 * 1024 * 1024
"""Pieces of memory from this size on go back to the system when they are freed. Left alone, glibc raises the size to
that of each larger piece it gets back, up to 32 MiB, and what lies between small pieces then stays: the state of 10,000
influencers took 2.3 to 2.5 GB instead of 1.9 (``python -m bench --only memory``). With 4 MiB a backlog that is drained
asks for four times as many cleared pages, 0.3 µs an event: answers to fetches lie between."""
_KEPT_BYTES: Final = 256 * 1024 * 1024
"""What may stay free at the end of the heap. glibc takes 128 KiB, and does not adapt it once the other has been set."""


def return_large_memory() -> bool:
    """Have the C library give large pieces of memory back; return whether it can (glibc can, musl cannot)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(
        [mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES), mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)]
    )


class PulseWorker(faust.Worker):
    """Faust's worker, whose signals are known to ours."""

    lifecycle: Lifecycle

    def _on_sigterm(self) -> None:
        # A terminal that closes meanwhile is no second signal.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.lifecycle.stop("SIGTERM")
        super()._on_sigterm()

    def _on_sigint(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.lifecycle.stop("SIGINT")
        super()._on_sigint()


def run_worker(settings: Settings, partitions: Mapping[str, int], store: StateStore) -> int:
    """Run until a signal or a failure; return the exit code."""
    if not forbid_auto_creation():
        log.warning("this aiokafka is made otherwise than expected: asking for a topic that is missing may make it")
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    parts = Worker(settings, partitions, registry, make_clock(settings.clock), store)
    worker_exit = parts.lifecycle.exit
    for handler in logging.getLogger().handlers:
        handler.addFilter(parts.connection_log)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    return_large_memory()
    parts.watchdog.start_thread()
    worker = PulseWorker(parts.app, loglevel=None, override_logging=False, quiet=True, redirect_stdouts=False)
    worker.lifecycle = parts.lifecycle
    log.info(
        "worker %s starts: broker %s, %d partitions", settings.worker_name, settings.broker, max(partitions.values())
    )
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:
        # Mode turns every exception into exit code 1; the exception itself is still to be had.
        if ended.code and ended.__context__ is not None:
            worker_exit.failed(ended.__context__)
    parts.watchdog.close()
    if worker_exit.reason is not None:
        # Exceptions that nobody asked for, hundreds of them when a broker dies: consequences, and they would come last.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    gc.unfreeze()
    gc.collect()
    return worker_exit.code()
