"""Keys of the changelog: as every version has written them, and told apart."""

from hypothesis import given
from hypothesis import strategies as st

from streams.changelog.keys import alerts_key, decode_key, fence_key, ids_key, late_key, row_key

names = st.text(max_size=8)


def test_keys_are_those_that_older_versions_wrote() -> None:
    """A changelog is read by every later version."""
    assert row_key(3, "spring", "ana") == b'[3,"row","spring","ana"]'
    assert ids_key(3, "campaign.posts.v1", 7) == b'[3,"ids","campaign.posts.v1",7]'
    assert alerts_key(3, "spring") == b'[3,"alerts","spring"]'
    assert alerts_key(3, "spring", 1, 2) == b'[3,"alerts","spring",1,2]'
    assert (fence_key(3), late_key(3)) == (b'[3,"fence"]', b'[3,"fence","late"]')


@given(st.integers(0, 99), names, names, st.integers(0, 9), st.integers(0, 1))
def test_keys_come_back_and_no_two_are_one(partition: int, one: str, two: str, number: int, generation: int) -> None:
    """Whatever a campaign or an influencer is called."""
    keys = [
        row_key(partition, one, two),
        ids_key(partition, one, number),
        alerts_key(partition, one),
        alerts_key(partition, one, generation, number),
        fence_key(partition),
        late_key(partition),
    ]
    assert len(set(keys)) == len(keys)
    assert decode_key(keys[0]) == [partition, "row", one, two]
    assert all(decode_key(key)[0] == partition for key in keys)
