"""Logs that are made anew or cut: the numbers are those of the set of events that were read, each once."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.topics import INPUT_TOPICS
from streams.changelog.log_positions import PLACES
from streams.events.partitioning import partition_of
from tests.properties.crashes import PARTITIONS, Kafka, Worker
from tests.properties.flushing_worker import FlushingWorker
from tests.properties.strategies import event_pools
from tests.properties.test_crashes import batches, lists_up_to

Log = list[tuple[str, int, bytes | None]]
ROOM = 40
picks = lists_up_to(ROOM, st.integers(0, ROOM))
steps = st.one_of(
    st.tuples(st.just("fetch"), batches),
    st.tuples(st.just("fetch"), batches),
    st.tuples(st.just("flush"), st.integers(0, 63)),
    st.tuples(st.just("kill"), st.none()),
    st.tuples(st.just("anew"), st.tuples(st.integers(0, 2), picks)),
    st.tuples(st.just("cut"), st.tuples(st.integers(0, 5), st.integers(0, 20), picks)),
)


def placed(pool: list[Any], chosen: list[int]) -> Log:
    """The chosen events where they belong; an event that is chosen twice is a redelivery."""
    events = [pool[index % len(pool)] for index in chosen] if pool else []
    return [(topic, partition_of(key, PARTITIONS), value) for topic, key, value in events]


class Logs:
    """A Kafka whose logs change, and the records that count because they were read, or can still be."""

    def __init__(self, life: type[Worker], pool: list[Any], chosen: list[int]) -> None:
        self._life = life
        self._pool = pool
        self.kafka: Kafka = life.kafka_of_log(placed(pool, chosen))
        self.worker = life(self.kafka)
        self.read: Log = []
        self._anew = 0

    def settle(self) -> None:
        """Flush, so that nobody need say what of a flush that was under way is inside, and stop."""
        self.worker.flush(iter(()))
        for (topic, partition), log in self.kafka.logs.items():
            self.read += [(topic, partition, value) for value in log[: self.worker.fetched[topic, partition]]]

    def make_anew(self, topic: str, chosen: list[int]) -> None:
        """Delete a topic while the worker is stopped, and send others to the new one."""
        self.settle()
        self._anew += 1
        self.kafka.make_anew(topic, self._anew)
        self._send([record for record in placed(self._pool, chosen) if record[0] == topic])

    def cut(self, place: int, length: int, chosen: list[int]) -> None:
        """Cut a log short of what was read, as an unclean election does; others follow, not as many as were cut."""
        self.settle()
        tp = list(self.kafka.logs)[place]
        kept = min(length, self.worker.fetched[tp])
        more = [record for record in placed(self._pool, chosen) if record[:2] == tp]
        self.kafka.logs[tp] = self.kafka.logs[tp][:kept]
        self._send(more[: max(0, self.worker.fetched[tp] - kept - 1)])

    def _send(self, records: Log) -> None:
        for topic, partition, value in records:
            self.kafka.logs[topic, partition].append(value)
        self.worker = self._life(self.kafka)

    def run(self, script: list[tuple[str, Any]]) -> None:
        """Work through the troubles, then to the end."""
        for name, argument in script:
            match name:
                case "fetch":
                    self.worker.fetch(*argument)
                case "flush":
                    self.worker.flush(iter(()))
                    self.worker.commit(argument)
                case "kill":
                    self.worker = self._life(self.kafka)
                case "anew":
                    self.make_anew(INPUT_TOPICS[argument[0]], argument[1])
                case "cut":
                    self.cut(*argument)
        self.worker.drain()
        for (topic, partition), log in self.kafka.logs.items():
            self.read += [(topic, partition, value) for value in log]


def check(life: type[Worker], pool: list[Any], chosen: list[int], script: list[tuple[str, Any]]) -> None:
    """Compare with a run over everything that was ever read, in one log; then restart."""
    logs = Logs(life, pool, chosen)
    logs.run(script)
    calm = Worker(Kafka(logs.read))
    calm.drain()
    assert logs.worker.numbers() == calm.numbers()
    assert life(logs.kafka).numbers() == calm.numbers(), "a restart changes numbers"
    facts = [kafka.giveaway(compacted=compacted) for kafka in (logs.kafka, calm.kafka) for compacted in (False, True)]
    assert all(each == facts[0] for each in facts), "a block of the new log has replaced one of the old"


@settings(max_examples=60)
@given(event_pools(), picks, lists_up_to(15, steps))
def test_the_numbers_go_on_by_event_id(pool: list[Any], chosen: list[int], script: list[tuple[str, Any]]) -> None:
    """Whatever the new log holds, events of the old one among them: each event counts once, and none is skipped."""
    check(Worker, pool, chosen, script)


@settings(max_examples=20)
@given(event_pools(), picks, lists_up_to(15, steps))
def test_the_workers_own_flush_and_table_do_too(
    pool: list[Any], chosen: list[int], script: list[tuple[str, Any]]
) -> None:
    """The same with ``agents.worker.flush`` and ``agents.state.table`` themselves."""
    check(FlushingWorker, pool, chosen, script)


def test_places_do_not_meet() -> None:
    """The last offset of one log lies below the first of the next, and both fit into 64 bits for thousands of logs."""
    assert (0 * PLACES + PLACES - 1) < PLACES
    assert 500_000 * PLACES + PLACES - 1 < 2**63
