"""Whether an address can be listened on, and which setting is wrong when it cannot."""

import socket

import pytest

from agents.listening import ListenError, check_can_listen


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::"])
def test_addresses_of_both_kinds_can_be_listened_on(host: str) -> None:
    """Clusters of IPv6 alone exist; one address family was tried for all hosts."""
    check_can_listen("PULSE_METRICS", host, 0)


def test_a_port_that_is_taken_and_a_host_that_is_not_here_name_their_own_setting() -> None:
    """Who looks for another port because the host is wrong looks for long."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            check_can_listen("PULSE_METRICS", "127.0.0.1", port)
    assert str(caught.value).startswith(
        f"PULSE_METRICS_PORT: cannot listen on 127.0.0.1:{port}: Address already in use"
    )
    with pytest.raises(ListenError, match=r"^PULSE_GATEWAY_HOST: cannot listen on 203\.0\.113\.7:0: "):
        check_can_listen("PULSE_GATEWAY", "203.0.113.7", 0)
    with pytest.raises(ListenError, match=r"^PULSE_GATEWAY_HOST: cannot listen on \[2001:db8::1\]:0: "):
        check_can_listen("PULSE_GATEWAY", "2001:db8::1", 0)
    with pytest.raises(ListenError, match=r"^PULSE_METRICS_HOST: cannot listen on a\.invalid:1: "):
        check_can_listen("PULSE_METRICS", "a.invalid", 1)
