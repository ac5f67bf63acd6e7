"""What is said of a Redis that did not take a write."""

import pytest
from redis import exceptions
from redis.sentinel import MasterNotFoundError

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
    told = described(error, "redis://h")
    assert told.startswith(said)
    assert str(error) in told


@pytest.mark.parametrize(
    ("url", "text", "said"),
    [
        ("redis://h", "Error while reading from h:1 : (104, 'Connection reset by peer')", "rediss:// is for it"),
        ("redis://h", "Connection closed by server.", "rediss:// is for it"),
        ("redis://h", "Timeout connecting to server", "is away"),
        ("rediss://h", "Timeout connecting to server", "redis:// is for it"),
        ("rediss+cluster://h", "[SSL: WRONG_VERSION_NUMBER] wrong version number", "redis:// is for it"),
        ("rediss://h", "Error 104 while writing to socket. Connection reset by peer.", "may want a client certificate"),
        ("rediss://h", "Error UNKNOWN while writing to socket. Connection lost.", "may want a client certificate"),
        ("rediss://h", "Connection closed by server.", "may want a client certificate"),
        ("rediss://h?ssl_certfile=a.pem", "Connection closed by server.", "is away"),
        ("redis://h", "Error 32 while writing to socket. Broken pipe.", "rediss:// is for it"),
        ("rediss://h", "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "ssl_ca_certs"),
        (
            "rediss://h",
            "[SSL: CERTIFICATE_VERIFY_FAILED] Hostname mismatch, certificate is not valid for 'h'",
            "another host",
        ),
        ("valkeys://h", "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", "ssl_certfile"),
        ("rediss://h", "EOF occurred in violation of protocol (_ssl.c:2427).", "ssl_certfile"),
    ],
)
def test_tls_where_there_is_none_and_the_other_way_round_are_told(url: str, text: str, said: str) -> None:
    """Neither says so by itself: one side closes the connection, or waits for what does not come."""
    assert said in described(exceptions.ConnectionError(text), url)


@pytest.mark.parametrize("url", ["redis://h", "rediss://h"])
def test_a_redis_that_has_answered_before_is_not_told_to_speak_tls(url: str) -> None:
    """One that restarts closes its connections, and the address is right all the same."""
    told = described(exceptions.ConnectionError("Connection closed by server."), url, has_answered=True)
    assert told == "closed the connection: Connection closed by server."


def test_of_sentinels_only_what_they_said_is_shown() -> None:
    """redis-py puts its whole client before it, 1,500 characters for each Sentinel."""
    client = "<redis.client.Redis(<redis.connection.ConnectionPool(<redis.connection.Connection(host=h,port=1)>)>)>"
    error = MasterNotFoundError(
        f"No master found for 'm' : {client} - auth:AuthenticationError, {client} - network:Gone"
    )
    told = described(error, "redis+sentinel://h/m")
    assert told.startswith("stands behind Sentinels that refuse the login")
    assert told.endswith("No master found for 'm': auth:AuthenticationError, network:Gone")


def test_only_a_replica_makes_the_worker_connect_anew() -> None:
    """Elsewhere the same node answers again, and a new connection would only cost."""
    assert is_other_node_wanted(exceptions.ReadOnlyError("x"))
    assert not is_other_node_wanted(exceptions.OutOfMemoryError("x"))
    assert not is_other_node_wanted(exceptions.ConnectionError("x"))


@pytest.mark.parametrize("text", ["DB index is out of range", "SELECT is not allowed in cluster mode"])
def test_a_database_number_at_a_node_of_a_cluster_is_told_as_one(text: str) -> None:
    """Valkey says the first, Redis the second, and neither what to do."""
    assert "node of a" in described(exceptions.ResponseError(text), "redis://h/1").lower()
    assert "cluster" in described(exceptions.ResponseError(text), "redis://h/1").lower()
