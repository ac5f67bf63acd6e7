"""Which store a worker keeps its copy of the state in, by the settings."""

import logging
from pathlib import Path
from typing import Final

from agents.broker.topic_admin import changelog_topic, topic_id
from agents.clock import wall_clock
from agents.settings import PREFIX, Settings
from agents.state.stores import DirectoryError, MemoryStore, StateStore

log: Final = logging.getLogger("campaign_pulse")


def open_store(settings: Settings, partitions: int) -> StateStore:
    """Open the store of the settings.

    Args:
        settings: ``store`` and ``store_directory``, and what the changelog is.
        partitions: of the changelog topic, which must exist.

    Raises:
        DirectoryError: the directory is missing, cannot be used, or another worker uses it.
        StoreError: its disk is full.
        TopicError: the broker cannot be asked which topic it is.
    """
    directory = settings.store_directory
    if settings.store == "memory":
        if directory:
            raise DirectoryError(f"{PREFIX}STORE_DIRECTORY={directory!r} needs {PREFIX}STORE=rocksdb")
        return MemoryStore()
    if not directory:
        raise DirectoryError(f"{PREFIX}STORE=rocksdb needs {PREFIX}STORE_DIRECTORY, a directory of this worker alone")
    try:
        # An extra: a worker with its state in memory does not need it.
        from agents.state.rocks_store import RocksStore, StoreIdentity
    except ImportError as error:
        raise DirectoryError(
            f"{PREFIX}STORE=rocksdb needs the package rocksdict (pip install 'campaign-pulse[rocksdb]'): {error}"
        ) from None
    changelog = changelog_topic(settings)
    identity = StoreIdentity(settings.group, changelog, topic_id(settings, changelog), partitions)
    try:
        store = RocksStore(Path(directory), identity, wall_clock)
    except DirectoryError as error:
        raise DirectoryError(f"{PREFIX}STORE_DIRECTORY: {error}") from None
    if store.rebuilt:
        log.warning("the whole state is read from the changelog again: %s", store.rebuilt)
    return store
