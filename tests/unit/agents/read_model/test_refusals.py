"""What is said of a Redis that did not take a write."""

import pytest
from redis import exceptions

from agents.read_model.refusals import described, is_other_node_wanted


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.ConnectionError("Error 111 connecting"), "is away: Error 111 connecting"),
        (exceptions.TimeoutError("Timeout reading"), "is away: Timeout reading"),
        (OSError(113, "No route to host"), "is away: [Errno 113] No route to host"),
        (exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "is full, "),
        (exceptions.ReadOnlyError("You can't write against a read only replica."), "is a replica and takes no writes"),
        (exceptions.NoPermissionError("User ana has no permissions to run the 'hset' command"), "refuses this user"),
        (exceptions.AuthenticationError("invalid username-password pair"), "refuses user or password"),
        (exceptions.MovedError("15650 127.0.0.1:52345"), "is a node of a Redis Cluster: use redis+cluster://"),
        (exceptions.ResponseError("MISCONF Redis is configured to save RDB snapshots"), "cannot write its snapshot"),
        (exceptions.ResponseError("WRONGTYPE Operation against a key"), "holds another type at one of our keys"),
    ],
)
def test_each_refusal_has_words_of_its_own(error: Exception, said: str) -> None:
    """Who reads the log knows what to do: wait, make room, give a right, or use another address."""
    assert described(error).startswith(said)
    assert str(error) in described(error)


def test_only_a_replica_makes_the_worker_connect_anew() -> None:
    """Elsewhere the same node answers again, and a new connection would only cost."""
    assert is_other_node_wanted(exceptions.ReadOnlyError("x"))
    assert not is_other_node_wanted(exceptions.OutOfMemoryError("x"))
    assert not is_other_node_wanted(exceptions.ConnectionError("x"))
