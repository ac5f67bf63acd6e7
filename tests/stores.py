"""Which state store the workers of the tests use: what the option ``--store`` chose."""

from typing import Final

STORES: Final = ("memory", "rocksdb")
_chosen = [STORES[0]]


def select(store: str) -> None:
    """Use this store from now on."""
    _chosen[0] = store


def chosen() -> str:
    """Return the store in use."""
    return _chosen[0]
