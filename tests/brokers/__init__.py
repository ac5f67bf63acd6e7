"""The brokers that tests run against: the embedded one, Apache Kafka with one node, Apache Kafka with three.

Test bodies do not know which it is. They take what the option ``--broker embedded|kafka|kafka3`` chose::

    with make_broker() as broker:          # or the fixture `broker`, or `Cluster().broker`
        connect(broker.bootstrap)          # HOST:PORT, several separated by commas
        broker.pause(); broker.resume()    # SIGSTOP, SIGCONT of every node
        broker.kill(); broker.start()      # SIGKILL, then the same ports and, where `keeps_data`, the same data
        broker.restart()                   # orderly
        broker.nodes[0].kill()             # one node: the same methods, plus `pid`

- ``start()`` returns when every node answers Metadata and knows every other; ``stop()`` keeps the data, ``close()``
  (the end of the ``with`` block) stops and removes it.
- ``keeps_data`` is False for the embedded broker: it has its data in memory, a restart loses it.
- ``replicas`` is how many copies a topic can have (1 or 3): ``PULSE_REPLICATION`` of workers in a ``Cluster`` is that.
- ``make_broker(config={...})`` sets broker properties of Apache Kafka, ``make_broker(config=COMPACTING)`` those under
  which compacted topics are compacted within seconds. The embedded broker has none and never compacts: it refuses.
- ``Cluster(broker=make_broker(config=COMPACTING))`` is a cluster with that broker.

A test about some brokers only says so; under the others it is deselected, with the reason at the end of the run::

    @pytest.mark.brokers("kafka", "kafka3", reason="a restart of the embedded broker loses everything")

``make test-kafka`` runs every test marked ``broker`` against one node, and those marked ``replication`` against three.
"""

from tests.brokers.choice import BrokerKind, chosen, describe, make_broker, select
from tests.brokers.kinds import COMPACTING, Broker, BrokerError, Node

__all__ = [
    "COMPACTING",
    "Broker",
    "BrokerError",
    "BrokerKind",
    "Node",
    "chosen",
    "describe",
    "make_broker",
    "select",
]
