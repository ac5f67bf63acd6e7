"""Passwords of URLs are masked wherever they stand."""

import pytest

from agents.secrets import masked, masked_value

PASSWORD = "gehe1m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"redis://:{PASSWORD}@h:6379/0", "redis://:***@h:6379/0"),
        (f"redis://ana:{PASSWORD}@h:6379/0", "redis://ana:***@h:6379/0"),
        (f"rediss://{PASSWORD}@h", "rediss://***@h"),
        (f"unix://:{PASSWORD}@/tmp/s?db=1", "unix://:***@/tmp/s?db=1"),
        (f"REDIS://a:{PASSWORD}@h", "REDIS://a:***@h"),
        (f"redis://h/0?password={PASSWORD}&db=1", "redis://h/0?password=***&db=1"),
        (f"redis://h/0?db=1&PASSWORD={PASSWORD}", "redis://h/0?db=1&PASSWORD=***"),
        (f"redis://h?ssl_password={PASSWORD}&ssl_keyfile=/k.pem", "redis://h?ssl_password=***&ssl_keyfile=/k.pem"),
        (f"redis://h?pass%77ord={PASSWORD}", "redis://h?pass%77ord=***"),
        (f"redis://h?password={PASSWORD}@x/y", "redis://h?password=***"),
        (f"redis://:a/{PASSWORD}@h", "redis://:***@h"),
        (f"redis://:a#{PASSWORD}?x[@h", "redis://:***@h"),
        (f"redis://:a@{PASSWORD}@h", "redis://:***@h"),
        (
            f"at redis://:{PASSWORD}@h:1: no, and kafka://b:{PASSWORD}@k!",
            "at redis://:***@h:1: no, and kafka://b:***@k!",
        ),
        (f"redis://:{PASSWORD}@h,redis://:{PASSWORD}@i", "redis://:***@h,redis://:***@i"),
        (f"PULSE_REDIS_URL='redis://:{PASSWORD}@h': no", "PULSE_REDIS_URL='redis://:***@h': no"),
        (f"Connection(host=h,password={PASSWORD},db=0)", "Connection(host=h,password=***"),
        (f"https://h/x?access_token={PASSWORD}", "https://h/x?access_token=***"),
        (f"PULSE_KAFKA_SASL_PASSWORD_FILE='{PASSWORD}': no", "PULSE_KAFKA_SASL_PASSWORD_FILE='***': no"),
        (
            "PULSE_KAFKA_SASL_PASSWORD_FILE='/run/secrets/kafka': the file is empty",
            "PULSE_KAFKA_SASL_PASSWORD_FILE='/run/secrets/kafka': the file is empty",
        ),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("mail ana@example.org, see https://example.org/a=b", "mail ana@example.org, see https://example.org/a=b"),
    ],
)
def test_a_password_is_masked_and_the_rest_is_not(text: str, shown: str) -> None:
    """Hosts, users and databases are what a message is read for."""
    assert PASSWORD not in masked(text)
    assert masked(text).startswith(shown)


@pytest.mark.parametrize(
    "value",
    [
        f"redis://:my {PASSWORD}@h",
        f"redis://:a://{PASSWORD}@h",
        f"redis://:{PASSWORD}\n@h",
        f"{PASSWORD}@h:6379",
        f"ana:{PASSWORD}@h:9092",
        f"redis://:{PASSWORD}?x@h",
        f"redis://:x?{PASSWORD}=1@h",
        f" redis://:{PASSWORD}@h",
        f"'redis://:{PASSWORD}@h'",
        f"redis://h:6379/0?password={PASSWORD}",
        f"kafka://a:{PASSWORD}@h:1,kafka://a:{PASSWORD}@i:2",
    ],
)
def test_a_value_is_masked_however_broken_it_is(value: str) -> None:
    """A value that cannot be used is quoted in its message."""
    assert PASSWORD not in masked_value(value)


def test_a_token_in_place_of_a_password_may_be_long() -> None:
    """Those of cloud providers have some 2,000 characters."""
    assert masked(f"redis://u:{'x' * 6_000}@host:6379/0 is away") == "redis://u:***@host:6379/0 is away"


def test_a_chain_of_arguments_is_masked_behind_the_first_secret_however_long_it_is() -> None:
    """Strangers write such texts too: a recursion into each value ended the command that told them."""
    chain = "ab=" * 20_000
    assert masked(f"at {chain}") == f"at {chain}"
    assert masked(f"{chain}password={PASSWORD}=more, and ") == f"{chain}password=***, and "
