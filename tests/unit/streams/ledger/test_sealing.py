"""Seals of forgotten people: only the key opens them, and nothing of the person shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.columns.formats import PoisonedRecord
from streams.ledger.fact_records import decode_fact, encode_fact, sealed_mark
from streams.ledger.marks import Forgotten
from streams.ledger.sealing import NO_KEY, SEAL_BYTES, key_of, opened, sealed

KEY, OTHER = key_of("a secret of the group"), key_of("another secret")
people = st.integers(1, (1 << 64) - 1)


@given(people, st.text(max_size=20), st.sampled_from([KEY, OTHER, NO_KEY]))
def test_the_key_opens_what_it_has_sealed_and_no_other_does(person: int, campaign_id: str, key: bytes) -> None:
    """Seals are as long as each other, and neither another key nor another campaign opens one."""
    seal = sealed(person, campaign_id, key)
    assert len(seal) == SEAL_BYTES
    assert opened(seal, campaign_id, key) == person
    assert [opened(seal, campaign_id, each) for each in {KEY, OTHER, NO_KEY} - {key}] == [None, None]
    assert opened(seal, campaign_id + "x", key) is None


@given(people)
def test_a_seal_does_not_show_its_person(person: int) -> None:
    """Half of its bytes are those of no hash, and each bit of the person changes it."""
    seal = sealed(person, "c", KEY)
    assert person.to_bytes(8, "big") not in seal
    assert person.to_bytes(8, "little") not in seal
    assert sealed(person ^ 1, "c", KEY)[:8] != seal[:8]


def test_a_mark_is_read_with_its_key_and_is_nobodys_with_another() -> None:
    """Marks from before a key was set hold with it; one of another key is set aside, not taken for somebody else."""
    mark = Forgotten(version=1, campaign_id="c", person=77, until_ms=9)
    key, value = sealed_mark(mark, KEY)
    assert decode_fact(key, value, KEY) == mark
    assert decode_fact(*sealed_mark(mark, NO_KEY), KEY) == mark
    assert decode_fact(mark.key(), encode_fact(mark), KEY) == mark
    for wrong in (OTHER, NO_KEY):
        with pytest.raises(PoisonedRecord, match="PULSE_ID_KEY"):
            decode_fact(key, value, wrong)
    assert b"77" not in key
