"""The promise of exactness with two writers: whatever a worker writes that is not the owner any more, and whenever."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.topics import COMMENTS
from streams.changelog.fencing import NO_EPOCH, ChangelogOrder, Epoch, OwnOffsets, decode_epoch
from tests.properties.test_crashes import Log, batches, lists_up_to, logs, run
from tests.properties.two_writers import KeptStore, Owner, SharedKafka
from tests.unit.events import value_of

Script = list[tuple[str, Any]]
steps = st.one_of(
    st.tuples(st.just("fetch"), batches),
    st.tuples(st.just("fetch"), batches),
    st.tuples(st.just("flush"), st.tuples(st.lists(st.integers(0, 3), max_size=8), st.integers(0, 63))),
    st.tuples(st.just("succeed"), st.none()),
    st.tuples(st.just("restart"), st.integers(0, 3)),
    st.tuples(st.just("zombie fetches"), st.tuples(st.integers(0, 3), batches)),
    st.tuples(st.just("zombie flushes"), st.integers(0, 3)),
    st.tuples(st.just("late records arrive"), st.integers(1, 12)),
    st.tuples(st.just("compact"), st.none()),
)


def live(log: Log, script: Script) -> tuple[SharedKafka, Owner]:
    """Work through a log while earlier owners go on as if they were owners, then to its end."""
    kafka = SharedKafka(log)
    # A copy that is older than a compaction must still learn of deletions; younger ones need no marks.
    kafka.keeps_deletions = any(name == "restart" for name, _ in script)
    owners = [Owner(kafka)]
    copies = []
    for name, argument in script:
        owner = owners[-1]
        match name:
            case "fetch":
                owner.fetch(*argument)
            case "flush":
                between, mask = argument
                owner.let_in_between(between)
                owner.flush(iter(()))
                owner.commit(mask)
            case "succeed":
                copies.append(owner.kept)
                owners.append(Owner(kafka))
            case "restart":
                # On the copy of the life before, or of one long ago; the killed one may still have records under way.
                copies.append(owner.kept)
                kafka.copy = copies[-1 - argument % len(copies)]
                owners.append(Owner(kafka))
                kafka.copy = KeptStore()
            case "zombie fetches" if len(owners) > 1:
                which, batch = argument
                owners[which % (len(owners) - 1)].fetch(*batch)
            case "zombie flushes" if len(owners) > 1:
                owners[argument % (len(owners) - 1)].flush(iter(()))
            case "late records arrive":
                kafka.let_in(argument)
            case "compact":
                owner.compact()
    owners[-1].drain()
    return kafka, owners[-1]


@settings(max_examples=150)
@given(logs(), lists_up_to(30, steps), st.booleans())
def test_records_of_earlier_owners_change_no_number(log: Log, script: Script, is_noticed: bool) -> None:
    """Any interleaving of writers, and of starts on older copies of the log: all hold the numbers of a calm run."""
    _, calm = run(Owner, log, [])
    expected = calm.numbers()
    kafka, owner = live(log, script)
    assert owner.numbers() == expected

    kafka.let_in(len(kafka.late))
    if is_noticed:
        for _ in range(3):
            owner.flush(iter(()))
        owner.compact()
    successor = Owner(kafka)
    assert successor.numbers() == expected, "recovery from the mixed changelog changes numbers"
    for _ in range(3):
        successor.flush(iter(()))
    successor.compact()
    assert Owner(kafka).numbers() == expected, "compaction keeps what an earlier owner wrote"

    restarted = Owner(kafka)
    for topic, partition, value in log:
        kafka.logs[topic, partition].append(value)
    restarted.drain()
    assert sum(state.events_total for state in restarted.pipeline.partitions.values()) == 0
    assert restarted.numbers() == expected, "an id was forgotten: redeliveries count again"


def test_late_records_are_dropped_and_written_over() -> None:
    """A record behind a later owner's fence is left out, also when reading begins again in the middle."""
    order = ChangelogOrder(lambda _: NO_EPOCH)
    first, second = Epoch(0, 3), Epoch(0, 4)
    assert order.counts(0, 10, first)
    assert order.counts(0, 11, second)
    assert not order.counts(0, 12, first)
    assert order.counts(0, 13, None), "records of versions without epochs count"
    assert order.counts(1, 13, first), "partitions are apart"
    assert order.dropped == {0}
    assert order.counts(0, 10, first), "from the beginning again"
    assert order.dropped == set()
    assert not ChangelogOrder(lambda _: second).counts(0, 12, first), "the local copy knows the fence"


def test_a_group_that_begins_anew_begins_a_new_era() -> None:
    """A deleted group counts its generations from one again; its owner's records must not be taken for late ones."""
    assert Epoch(0, 57).after(58) == Epoch(0, 58)
    assert Epoch(2, 57).after(57) == Epoch(2, 57)
    assert Epoch(0, 57).after(1) == Epoch(1, 1) > Epoch(0, 57)
    assert decode_epoch(Epoch(1, 12).encode()) == Epoch(1, 12)


def test_gaps_between_own_offsets_are_foreign_records() -> None:
    """What lies between two confirmed batches of ours was written by somebody else."""
    offsets = OwnOffsets()
    assert offsets.written(0, 100, 5) == 0, "nothing expected yet"
    assert offsets.written(0, 105, 1) == 0
    assert offsets.written(0, 109, 2) == 3
    offsets.expect(1, 7)
    assert offsets.written(1, 9, 1) == 2
    assert offsets.written(0, 110, 1) == -1, "the log was cut"


def test_copy_stands_before_foreign_records_until_everything_is_written_again() -> None:
    """A kill in between must find them when it reads on: otherwise nobody writes over what compaction keeps of them."""
    kafka = SharedKafka([(COMMENTS, partition, value_of("comment.created", f"e{partition}")) for partition in (0, 1)])
    earlier = Owner(kafka)
    earlier.flush(iter(()))
    assert earlier.kept.offsets == kafka.ends, "nobody else wrote: the copy is what the log holds"
    owner = Owner(kafka)
    owner.flush(iter(()))
    before = dict(kafka.ends)
    earlier.flush(iter(()))
    kafka.let_in(len(kafka.late))
    assert kafka.ends != before
    owner.flush(iter(()))
    assert owner.kept.offsets == before
    owner.flush(iter(()))
    assert owner.kept.offsets == kafka.ends
