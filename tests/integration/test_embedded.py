"""The embedded stack: lifetimes, ports, errors, and what the broker does with our kinds of records."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.admin._topics import NewTopic

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, port_is_free
from agents.embedded.servers import EmbeddedBroker, EmbeddedError, EmbeddedRedis

pytestmark = [pytest.mark.broker, pytest.mark.brokers("embedded", reason="about the embedded broker itself")]


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def create(broker: EmbeddedBroker, name: str, partitions: int, configs: dict[str, str] | None = None) -> None:
    """Create a topic."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs or {})])
    finally:
        admin.close()


def read_all(broker: EmbeddedBroker, topic: str, partitions: int) -> list:
    """Every record of a topic, by partition and offset."""
    consumer = KafkaConsumer(
        bootstrap_servers=broker.bootstrap,
        enable_auto_commit=False,
        max_partition_fetch_bytes=16_000_000,
        fetch_max_bytes=16_000_000,
    )
    try:
        assigned = [TopicPartition(topic, each) for each in range(partitions)]
        consumer.assign(assigned)
        consumer.seek_to_beginning()
        missing = sum(consumer.end_offsets(assigned).values())
        records = []
        while len(records) < missing:
            for page in consumer.poll(timeout_ms=1000).values():
                records += page
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        consumer.close()


class TestLifetime:
    @pytest.mark.parametrize("server", [EmbeddedBroker, EmbeddedRedis])
    def test_it_leaves_neither_a_process_nor_a_port_nor_a_directory(
        self, server: type[EmbeddedBroker | EmbeddedRedis], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the with block nothing of the server is left."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with server() as running:
            pid, port = running.pid, running.port
            assert is_alive(pid)
            assert list(tmp_path.iterdir())
        assert not is_alive(pid)
        assert port_is_free(port)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("server", [EmbeddedBroker, EmbeddedRedis])
    def test_a_given_directory_keeps_the_log(
        self, server: type[EmbeddedBroker | EmbeddedRedis], tmp_path: Path
    ) -> None:
        """Whoever names a directory finds the output there afterwards."""
        with server(directory=tmp_path) as running:
            name = running.name
        assert (tmp_path / f"{name}.log").read_text()

    @pytest.mark.parametrize("server", [EmbeddedBroker, EmbeddedRedis])
    def test_a_busy_port_is_named(
        self, server: type[EmbeddedBroker | EmbeddedRedis], embedded_redis: EmbeddedRedis
    ) -> None:
        """A requested port that is taken is a message with that port, not a stack trace of the server."""
        with pytest.raises(EmbeddedError, match=f"port {embedded_redis.port} of 127.0.0.1 is in use"):
            server(embedded_redis.port).start()

    def test_a_port_taken_in_between_is_noticed(
        self, embedded_broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another broker that answers on the port is not taken for ours, and the error shows the server's words."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        monkeypatch.setattr("agents.embedded.servers.port_is_free", lambda port: True)
        with pytest.raises(EmbeddedError, match=r"ended with exit code(.|\n)*AddrInUse"):
            EmbeddedBroker(embedded_broker.port).start()
        assert not list(tmp_path.iterdir())

    def test_stopping_twice_is_harmless_and_starting_again_works(self) -> None:
        """A server object can be used again after its end."""
        server = EmbeddedRedis()
        server.start()
        server.stop()
        server.stop()
        with server, redis.Redis.from_url(server.url) as client:
            assert client.ping()

    @pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal exists in Linux only; CI is Linux")
    def test_no_orphan_when_the_parent_is_killed(self, tmp_path: Path) -> None:
        """Kill -9 of the parent ends the servers too."""
        code = (
            "import time\n"
            "from agents.embedded.servers import EmbeddedBroker, EmbeddedRedis\n"
            "with EmbeddedBroker() as broker, EmbeddedRedis() as server:\n"
            "    print(broker.pid, server.pid, flush=True)\n"
            "    time.sleep(600)\n"
        )
        parent = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        assert parent.stdout is not None
        pids = [int(each) for each in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(is_alive(pid) for pid in pids)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
        assert wait_until(lambda: not any(is_alive(pid) for pid in pids), timeout_seconds=10)

    def test_a_child_that_ignores_sigterm_is_killed(self, tmp_path: Path) -> None:
        """The end of a child is not up to the child."""
        code = (
            "import signal, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "print('deaf', flush=True)\n"
            "time.sleep(600)\n"
        )
        child = ChildProcess("deaf child", [sys.executable, "-c", code], log_path=tmp_path / "log")
        child.start()
        assert wait_until(lambda: child.log_tail() == "deaf", timeout_seconds=10)
        assert child.stop(grace_seconds=0.1) == -signal.SIGKILL


class TestBroker:
    def test_records_survive_whole(self, embedded_broker: EmbeddedBroker) -> None:
        """Keys, null and empty values, headers and producers' timestamps come back as they were sent."""
        create(embedded_broker, "embedded.whole", 4)
        producer = KafkaProducer(bootstrap_servers=embedded_broker.bootstrap)
        sent = [
            (b"ana", b'{"a":1}', [("source", b"webhook"), ("empty", b"")]),
            (b"ana", None, []),
            (None, b"", []),
            (b"\xff\x00", b"\x00\xff", []),
        ]
        for number, (key, value, headers) in enumerate(sent):
            moment = 1_700_000_000_000 + number
            future = producer.send(
                "embedded.whole", key=key, value=value, headers=headers, partition=2, timestamp_ms=moment
            )
            assert future.get(timeout=10).offset == number
        producer.close()
        records = read_all(embedded_broker, "embedded.whole", 4)
        assert [(r.partition, r.offset, r.timestamp) for r in records] == [
            (2, number, 1_700_000_000_000 + number) for number in range(4)
        ]
        assert [(r.key, r.value, list(r.headers)) for r in records] == sent

    def test_a_message_of_5_mb_is_accepted(self, embedded_broker: EmbeddedBroker) -> None:
        """Messages above Kafka's default limit reach the stream, so that the stream has to refuse them itself."""
        create(embedded_broker, "embedded.large", 1, {"max.message.bytes": "8000000"})
        producer = KafkaProducer(bootstrap_servers=embedded_broker.bootstrap, max_request_size=8_000_000)
        value = bytes(5_000_000)
        producer.send("embedded.large", value=value).get(timeout=30)
        producer.close()
        assert [record.value for record in read_all(embedded_broker, "embedded.large", 1)] == [value]

    def test_topics_are_created_described_and_deleted(self, embedded_broker: EmbeddedBroker) -> None:
        """The administration that creating and verifying topics needs."""
        create(embedded_broker, "embedded.topic", 5, {"cleanup.policy": "compact"})
        admin = KafkaAdminClient(bootstrap_servers=embedded_broker.bootstrap)
        try:
            described = admin.describe_topics(["embedded.topic", "embedded.unknown"])
            assert {topic["name"]: (topic["error_code"], len(topic["partitions"])) for topic in described} == {
                "embedded.topic": (0, 5),
                "embedded.unknown": (3, 0),
            }
            admin.delete_topics(["embedded.topic"])
            assert "embedded.topic" not in admin.list_topics()
        finally:
            admin.close()

    def test_a_group_resumes_at_its_committed_offsets(self, embedded_broker: EmbeddedBroker) -> None:
        """A second member of a group begins where the first has committed: what exactness stands on."""
        create(embedded_broker, "embedded.group", 2)

        async def consume(count: int) -> list[bytes | None]:
            consumer = AIOKafkaConsumer(
                "embedded.group",
                bootstrap_servers=embedded_broker.bootstrap,
                group_id="embedded-group",
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                session_timeout_ms=6000,
                rebalance_timeout_ms=6000,
                heartbeat_interval_ms=1000,
            )
            await consumer.start()
            try:
                values: list[bytes | None] = []
                while len(values) < count:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        values += [record.value for record in records]
                await consumer.commit()
                return values
            finally:
                await consumer.stop()

        async def scenario() -> tuple[list[bytes | None], list[bytes | None]]:
            producer = AIOKafkaProducer(bootstrap_servers=embedded_broker.bootstrap)
            await producer.start()
            try:
                for number in range(10):
                    await producer.send_and_wait("embedded.group", b"%d" % number, partition=number % 2)
                first = await consume(10)
                for number in range(10, 14):
                    await producer.send_and_wait("embedded.group", b"%d" % number, partition=number % 2)
                return first, await consume(4)
            finally:
                await producer.stop()

        first, second = asyncio.run(scenario())
        assert sorted(first) == sorted(b"%d" % number for number in range(10))
        assert sorted(second) == [b"10", b"11", b"12", b"13"]


def test_redis_speaks_what_the_read_model_uses(embedded_redis: EmbeddedRedis) -> None:
    """Hashes, sorted sets, capped streams and expiry: the commands of docs/redis.md."""
    client = redis.Redis.from_url(embedded_redis.url, decode_responses=True)
    client.hset("embedded:hash", mapping={"a": 1})
    client.zadd("embedded:board", {"ana": 2, "ben": 3})
    client.xadd("embedded:stream", {"kind": "campaign"}, maxlen=10, approximate=True)
    assert client.expire("embedded:hash", 30)
    assert client.hgetall("embedded:hash") == {"a": "1"}
    assert client.zrevrange("embedded:board", 0, -1) == ["ben", "ana"]
    assert client.xlen("embedded:stream") == 1
    client.close()
