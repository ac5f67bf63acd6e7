"""No request of ours creates a topic: a broker would make one with its own number of partitions.

aiokafka asks for metadata with the permission to create what is missing, and has no option for it. A worker whose
input was deleted would make it anew at once, with one partition.
"""

from functools import partial
from typing import Any, Final

from aiokafka import client
from aiokafka.protocol.metadata import MetadataRequest

_asks: Final[Any] = partial(MetadataRequest, allow_auto_topic_creation=False)


def forbid_auto_creation() -> bool:
    """Have aiokafka's clients in this process ask without creating.

    Returns:
        False, with nothing changed, when this aiokafka is made otherwise.
    """
    if not hasattr(client, "MetadataRequest"):
        return False
    client.MetadataRequest = _asks
    return True
