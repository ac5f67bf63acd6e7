"""Addresses are refused where they are read, in words, and never with a part of a password."""

from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from agents.addresses import parse_brokers
from agents.redis_addresses import RedisKind, parse_redis_url, redis_address
from agents.secrets import masked
from agents.settings import SettingError, Settings


@pytest.mark.parametrize("char", list("#/?@%[]"))
@pytest.mark.parametrize("user", ["", "ana"])
@pytest.mark.parametrize("place", ["{c}hush", "hu{c}sh", "hush{c}", "1{c}2", "12{c}x=5"])
def test_a_raw_special_character_in_a_password_is_refused_with_the_way_out(char: str, user: str, place: str) -> None:
    """Each of them ends the password early, or makes another host or password of it."""
    password = place.format(c=char)
    with pytest.raises(SettingError) as caught:
        Settings.from_environment({"PULSE_REDIS_URL": f"redis://{user}:{password}@redis:6379/0"})
    message = str(caught.value)
    assert message.startswith("PULSE_REDIS_URL=")
    assert "percent-encode" in message
    assert password not in message
    assert "hush" not in message


@pytest.mark.parametrize("password", ["p#/?@%[]:w", "ä ö", "a+b", "a:b", "x" * 500, "%41"])
def test_an_encoded_password_arrives_as_it_is(password: str) -> None:
    """What the message asks for is what works."""
    url = f"redis://ana:{quote(password, safe='')}@redis:6379/3"
    settings = Settings.from_environment({"PULSE_REDIS_URL": url})
    kwargs = redis.ConnectionPool.from_url(settings.redis_url).connection_kwargs
    assert (kwargs["username"], kwargs["password"], kwargs["host"], kwargs["db"]) == ("ana", password, "redis", 3)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis://127.0.0.1:6379/0",
        "redis://h",
        "redis://:6379/1",
        "redis://[::1]:6379/0",
        "redis://h/15/",
        "redis://h?db=3&protocol=3&health_check_interval=5",
        "rediss://h:6380/0?ssl_cert_reqs=none",
        "rediss://:secret@h:6380",
        "valkey://h/1",
        "valkeys://ana:secret@h:6380/0?ssl_cert_reqs=none",
        "redis+sentinel://a:26379,b,[::1]:3/my-primary.1/2",
        "rediss+sentinel://ana:secret@a/m?sentinel_username=bea&sentinel_password=b%40c&ssl_cert_reqs=none",
        "redis+cluster://a:1,b:2",
        "rediss+cluster://:secret@a/0?ssl_cert_reqs=none",
        "valkey+cluster://a",
        "unix:///run/redis.sock?db=2",
        "unix://ana:secret@/run/redis.sock",
        "redis://h?username=ana&password=b%40c",
        "redis://h/0?password=b@c",
    ],
)
def test_what_the_client_can_use_passes_unchanged(url: str) -> None:
    """TLS, sockets, IPv6, other databases and the client's own parameters."""
    assert parse_redis_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:6379",
        "http://h",
        "sentinel://h",
        "redis-sentinel://h?sentinelMasterId=m",
        "redis-cluster://h",
        "redis+sentinel://h",
        "redis+sentinel://h/",
        "redis+sentinel://h/m/zero",
        "redis+sentinel://h,/m",
        "redis+sentinel://h/m/0?sentinel_username=ana",
        "redis+sentinel://h/m/0?no_such_thing=1",
        "redis+cluster://h/1",
        "redis+cluster://h/m/0",
        "redis+cluster://h,h:0",
        "redis+cluster://h?sentinel_password=x",
        "redis+cluster://h?retry_on_timeout=yes",
        "redis+other://h",
        "unixs:///run/redis.sock",
        "https://h",
        "REDIS://h",
        '"redis://h"',
        " redis://h",
        "redis://h ",
        "redis://h\n",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:port",
        "redis://h:-1",
        "redis://h:６３７９",
        "redis://::1:6379",
        "redis://a:1,b:2",
        "redis://h/zero",
        "redis://h/-1",
        "redis://h/1/2",
        "redis://h/1.5",
        "redis://h?db=x",
        "redis://h?db=-1",
        "redis://h/1?db=2",
        "redis://h?db=1&db=2",
        "redis://h?no_such_thing=1",
        "redis://h?ssl_cert_reqs=none",
        "rediss://h?ssl_cert_reqs=perhaps",
        "rediss://h?ssl_ca_certs=/no/such/file.pem",
        "redis://h?protocol=4",
        "redis://h?socket_timeout=soon",
        "redis://h?decode_responses=1",
        "redis://h?password=a+b",
        "redis://h?password",
        "unix://",
    ],
)
def test_what_the_client_cannot_use_or_takes_for_something_else_is_refused(url: str) -> None:
    """A database that is no number is 0 for the client; a parameter it does not know ends it at its first use."""
    with pytest.raises(SettingError, match=r"^PULSE_REDIS_URL="):
        Settings.from_environment({"PULSE_REDIS_URL": url})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sentinel://h/0", r"redis\+sentinel://HOST"),
        ("redis-sentinel://h", r"redis\+sentinel://HOST"),
        ("redis-cluster://h", r"redis\+cluster://HOST"),
        ("redis://a,b", r"redis\+sentinel://HOST,HOST/SERVICE/0 or redis\+cluster://"),
        ("https://h", "REST"),
        ("redis+sentinel://h", "the name under which Sentinels know the primary"),
        ("redis+cluster://h/1", "one database"),
    ],
)
def test_another_spelling_is_refused_with_the_right_one(url: str, words: str) -> None:
    """Each client library has its own for Sentinels and clusters."""
    with pytest.raises(ValueError, match=words):
        parse_redis_url(url)


def test_sentinels_have_hosts_a_service_and_a_login_of_their_own() -> None:
    """What stands before the hosts is for the primary."""
    url = "rediss+sentinel://ana:p%2C1@a:1,b/main/2?sentinel_username=bea&sentinel_password=q%40&socket_timeout=3"
    address = redis_address(url)
    assert (address.kind, address.tls, address.service) == (RedisKind.SENTINEL, True, "main")
    assert address.hosts == (("a", 1), ("b", 26379))
    assert address.options == {"username": "ana", "password": "p,1", "db": 2, "socket_timeout": 3.0}
    assert address.sentinel_login == {"username": "bea", "password": "q@"}
    assert masked(url) == url.replace("p%2C1", "***").replace("q%40", "***")


@pytest.mark.parametrize(
    ("brokers", "word"),
    [
        ("kafka://a:9092", "leave out kafka://"),
        ("http://a:9092", "leave out http://"),
        ("a:9092,SASL_SSL://b:9092", "leave out SASL_SSL://"),
        ("kafka://ana:hush@a:9092", "leave out kafka://"),
        ("ana:hush@a:9092", "user and password"),
        ("a", "no port"),
        ("a:", "no port"),
        ("a:0", "no port"),
        ("a:65536", "no port"),
        ("a:９０９２", "no port"),
        ("a:9092/x", "no port"),
        ("a:+1", "no port"),
        (":9092", "no host"),
        ("a:9092,", "empty entry"),
        (",a:9092", "empty entry"),
        ("a:9092,,b:9092", "empty entry"),
        ("", "empty entry"),
        ("a:9092;b:9092", "no host"),
        ("a:9092 b:9092", "no host"),
        ("::1:9092", "brackets"),
        ('"a:9092"', "no host"),
        ("*:9092", "no host"),
        ("a..b:9092", "no host"),
        (f"{'a' * 64}.example:9092", "no host"),
        ("[:::::]:9092", "no host"),
        ("[10.0.0.1]:9092", "no host"),
        ("${KAFKA_HOST}:9092", "nobody filled in"),
        ("$(KAFKA_HOST):9092", "nobody filled in"),
        ("<broker>:9092", "nobody filled in"),
    ],
)
def test_a_broken_list_of_brokers_is_refused_with_the_word_for_it(brokers: str, word: str) -> None:
    """A scheme, a port out of range or an empty entry would be a host that never answers."""
    with pytest.raises(SettingError) as caught:
        Settings.from_environment({"PULSE_BROKER": brokers})
    assert str(caught.value).startswith("PULSE_BROKER=")
    assert word in str(caught.value)
    assert "hush" not in str(caught.value)


def test_brokers_may_have_blanks_around_commas_and_ipv6() -> None:
    """What people write for readability is no part of a name."""
    assert parse_brokers(" a:9092, [::1]:9092 ,b.example_x-y:1") == "a:9092,[::1]:9092,b.example_x-y:1"
    assert parse_brokers("[fe80::1%eth0]:1,münchen.example.:2") == "[fe80::1%eth0]:1,münchen.example.:2"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_a_secret_comes_from_a_file(tmp_path: Path, begin: str, ending: str) -> None:
    """Secrets of Docker and Kubernetes are files; editors end them with a line end."""
    file = tmp_path / "url"
    file.write_bytes((begin + "redis://:hush@h:1/2" + ending).encode())
    assert Settings.from_environment({"PULSE_REDIS_URL_FILE": str(file)}).redis_url == "redis://:hush@h:1/2"


@pytest.mark.parametrize(
    "contents", [b"", b"\n", b"\xff\xfe", b"redis://:hu#sh@h", b"redis://h\n\n", b"a\nb", b"x" * 70_000]
)
def test_a_file_with_something_else_is_refused_by_its_path(tmp_path: Path, contents: bytes) -> None:
    """The message names variable and path, and nothing of what the file holds."""
    file = tmp_path / "url"
    file.write_bytes(contents)
    with pytest.raises(SettingError) as caught:
        Settings.from_environment({"PULSE_REDIS_URL_FILE": str(file)})
    assert str(caught.value).startswith(f"PULSE_REDIS_URL_FILE={str(file)!r}: ")
    assert "hu#sh" not in str(caught.value)


def test_a_file_that_cannot_be_read_and_both_at_once_are_refused(tmp_path: Path) -> None:
    """Absent, a directory, and a value beside the file."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(SettingError, match=str(path)):
            Settings.from_environment({"PULSE_REDIS_URL_FILE": str(path)})
    with pytest.raises(SettingError, match="both set"):
        Settings.from_environment({"PULSE_REDIS_URL_FILE": "/x", "PULSE_REDIS_URL": "redis://:hush@h"})
    assert Settings.from_environment({"PULSE_REDIS_URL_FILE": ""}) == Settings()


@pytest.mark.parametrize("kind", ["redis", "redis+sentinel", "redis+cluster"])
def test_a_template_that_was_not_filled_in_is_no_redis(kind: str) -> None:
    """Compose and systemd leave what they do not know as it stands; as a host it would be away for ever."""
    place = "/primary" if kind.endswith("sentinel") else ""
    with pytest.raises(SettingError, match="nobody filled in"):
        Settings.from_environment({"PULSE_REDIS_URL": f"{kind}://u:hush@${{REDIS_HOST}}:6379{place}"})


_LOGIN = {
    "PULSE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "PULSE_KAFKA_SASL_MECHANISM": "PLAIN",
    "PULSE_KAFKA_SASL_USERNAME": "ana",
}


@pytest.mark.parametrize(
    "contents", [b"hush\n\n", b"hush\r\n\r\n", b"ana\nhush", b"hu\tsh", "hush".encode("utf-16-le")]
)
def test_a_password_of_several_lines_or_of_no_text_is_refused_without_telling_it(
    tmp_path: Path, contents: bytes
) -> None:
    """A broker would only say that the login failed: the empty line behind it is seen by nobody."""
    file = tmp_path / "password"
    file.write_bytes(contents)
    with pytest.raises(SettingError) as caught:
        Settings.from_environment({**_LOGIN, "PULSE_KAFKA_SASL_PASSWORD_FILE": str(file)})
    assert str(caught.value).startswith(f"PULSE_KAFKA_SASL_PASSWORD_FILE={str(file)!r}: ")
    assert "hush" not in str(caught.value)
    with pytest.raises(SettingError, match="one line") as caught:
        Settings.from_environment({**_LOGIN, "PULSE_KAFKA_SASL_PASSWORD": "hush\n"})
    assert "hush" not in str(caught.value)


def test_a_variable_that_a_template_left_empty_does_not_contradict_the_file(tmp_path: Path) -> None:
    """``PASSWORD: ${PASSWORD:-}`` beside a file means the file; an empty PULSE_REDIS_URL means no Redis, and does."""
    file = tmp_path / "password"
    file.write_text("hush\n")
    given = {**_LOGIN, "PULSE_KAFKA_SASL_PASSWORD": "", "PULSE_KAFKA_SASL_PASSWORD_FILE": str(file)}
    assert Settings.from_environment(given).kafka_sasl_password == "hush"
    with pytest.raises(SettingError, match="both set"):
        Settings.from_environment({"PULSE_REDIS_URL": "", "PULSE_REDIS_URL_FILE": str(file)})
