"""Hash seeds of platforms: the same for every spelling, and as few of them kept as are of use."""

from streams.columns.hashing import MOST_PLATFORMS, PlatformSeeds


def test_made_up_platforms_take_no_memory_for_ever() -> None:
    """What was forgotten gets the seed that it had: ids hashed before are the same ids."""
    seeds = PlatformSeeds()
    before = seeds["Instagram"], seeds["tiktok"]
    for number in range(3 * MOST_PLATFORMS):
        seeds[f"made-up-{number}"]  # asking is what fills it
        assert len(seeds) <= MOST_PLATFORMS
    assert (seeds["instagram"], seeds["tiktok"]) == before
