"""An influencer beside the others of its campaign."""

from streams.detectors.peers import PeerGroup


def test_peers_need_three() -> None:
    """Two peers are no crowd."""
    group = PeerGroup()
    for name in ("a", "b", "c"):
        group.report(name, 0, 1.0 if name == "a" else 50.0, 50.0)
    assert group.compare("a", 0) == "unknown"
    group.report("d", 0, 50.0, 50.0)
    assert group.compare("a", 0) == "own"
    assert group.compare("a", 3_600_000) == "unknown"  # the others have not been heard of for an hour
