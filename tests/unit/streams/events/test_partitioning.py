"""Partitioning: Kafka's own murmur2, so that every ordinary producer agrees with us."""

import random

from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from kafka.partitioner.default import murmur2 as kafka_python_murmur2

from streams.events.partitioning import murmur2, partition_key, partition_of, partitions_of


def test_murmur2_equals_both_client_libraries_on_random_bytes() -> None:
    """Every length up to 40 and many longer keys: the same 32 bits, the signed ones read unsigned."""
    generator = random.Random(4)
    for length in [*range(41), *(generator.randrange(41, 600) for _ in range(200))]:
        for _ in range(5):
            data = generator.randbytes(length)
            expected = aiokafka_murmur2(data) & 0xFFFF_FFFF
            assert murmur2(data) == expected == kafka_python_murmur2(data) & 0xFFFF_FFFF


def test_murmur2_equals_the_values_of_kafkas_own_test() -> None:
    """From org.apache.kafka.common.utils.UtilsTest.testMurmur2."""
    cases = {
        "21": -973932308,
        "foobar": -790332482,
        "a-little-bit-long-string": -985981536,
        "a-little-bit-longer-string": -1486304829,
        "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        "abc": 479470107,
    }
    assert {text: murmur2(text.encode()) for text in cases} == {
        text: value & 0xFFFF_FFFF for text, value in cases.items()
    }


def test_partition_is_the_positive_hash_modulo_the_count() -> None:
    """As in Kafka, the sign bit is cut off; the key is UTF-8."""
    for key in ("ana", "büşra", "日本", ""):
        for partitions in (1, 2, 8, 31):
            assert partition_of(key, partitions) == (aiokafka_murmur2(key.encode()) & 0x7FFF_FFFF) % partitions


def test_many_keys_together_go_where_each_goes_alone() -> None:
    """Columns of keys give Kafka's partitions too: few and many keys, of one length and of all, not ASCII, empty."""
    generator = random.Random(5)
    mixed = ["".join(generator.choices("ab1-ü日😀", k=generator.randrange(40))) for _ in range(400)]
    for keys in (
        mixed,
        [f"order-{number:05}" for number in range(300)],
        [f"o{number}" for number in range(5)],
        [""] * 60,
        [],
    ):
        for partitions in (1, 8, 31):
            expected = [(aiokafka_murmur2(key.encode()) & 0x7FFF_FFFF) % partitions for key in keys]
            assert partitions_of(keys, partitions) == expected


def test_key_is_the_influencer_or_else_the_campaign() -> None:
    """What belongs to nobody is kept together per campaign."""
    assert (partition_key("c", "ana"), partition_key("c", "")) == ("ana", "c")
