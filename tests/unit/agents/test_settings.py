"""Settings: defaults, refusals, and the list of all of them."""

from dataclasses import fields

import pytest

from agents.setting_names import described, foreign_notes
from agents.settings import SettingError, Settings


def test_every_default_is_a_value_one_could_set() -> None:
    """What ``described`` prints as a default can be put into the environment and means the same."""
    environ = {variable: default for variable, default, _ in described()}
    assert Settings.from_environment(environ) == Settings() == Settings.from_environment({})


def test_every_field_is_described() -> None:
    """A setting without a line in the list would be a secret."""
    assert [variable for variable, _, _ in described()] == ["PULSE_" + each.name.upper() for each in fields(Settings)]
    assert all(doc for _, _, doc in described())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PULSE_BROKER", "localhost"),
        ("PULSE_BROKER", "a:9092,,b:9092"),
        ("PULSE_BROKER", ":9092"),
        ("PULSE_BROKER", ""),
        ("PULSE_KAFKA_SECURITY_PROTOCOL", "sasl_ssl"),
        ("PULSE_KAFKA_SECURITY_PROTOCOL", ""),
        ("PULSE_KAFKA_SASL_MECHANISM", "GSSAPI"),
        ("PULSE_KAFKA_SSL_CHECK_HOSTNAME", "no"),
        ("PULSE_KAFKA_OAUTH_TOKEN_URL", "http://login.example/token"),
        ("PULSE_KAFKA_OAUTH_TOKEN_URL", "login.example/token"),
        ("PULSE_KAFKA_OAUTH_EXTENSIONS", "logicalCluster"),
        ("PULSE_KAFKA_OAUTH_EXTENSIONS", "auth=x"),
        ("PULSE_REDIS_URL", "http://127.0.0.1"),
        ("PULSE_REDIS_URL", "127.0.0.1:6379"),
        ("PULSE_REDIS_PREFIX", "a:b"),
        ("PULSE_REDIS_PREFIX", ""),
        ("PULSE_GROUP", "two words"),
        ("PULSE_PARTITIONS", "0"),
        ("PULSE_PARTITIONS", "1001"),
        ("PULSE_PARTITIONS", "eight"),
        ("PULSE_PARTITIONS", "8.0"),
        ("PULSE_PARTITIONS", ""),
        ("PULSE_REPLICATION", "-1"),
        ("PULSE_METRICS_PORT", "65536"),
        ("PULSE_STORE", "disk"),
        ("PULSE_FLUSH_SECONDS", "0"),
        ("PULSE_FLUSH_SECONDS", "nan"),
        ("PULSE_FLUSH_SECONDS", "inf"),
        ("PULSE_FLUSH_SECONDS", "1s"),
        ("PULSE_FLUSH_LEAST_SECONDS", "0.01"),
        ("PULSE_TICK_SECONDS", "-1"),
        ("PULSE_FUTURE_TOLERANCE_SECONDS", "86401"),
        ("PULSE_MAX_EVENT_BYTES", "1023"),
        ("PULSE_DEDUPE_HOURS", "0"),
        ("PULSE_ORDER_DAYS", "59"),
        ("PULSE_DEDUPE_IDS", "999"),
        ("PULSE_SENTIMENT", "vibes"),
        ("PULSE_SENTIMENT_CACHE", "0"),
        ("PULSE_ALERT_GRACE_SECONDS", "soon"),
        ("PULSE_ALERT_WAIT_SECONDS", "601"),
        ("PULSE_ALERT_SAMPLES", "4"),
        ("PULSE_SUSPICION_SECONDS", "-1"),
        ("PULSE_SUSPICION_NICE", "20"),
        ("PULSE_LABEL_CAP", "many"),
        ("PULSE_UNKNOWN_CAMPAIGNS", "refuse"),
        ("PULSE_UNKNOWN_ROWS", "-1"),
        ("PULSE_CAMPAIGN_INFLUENCERS", "few"),
        ("PULSE_INFLUENCER_POSTS", "-1"),
        ("PULSE_INFLUENCER_CURRENCIES", "1001"),
        ("PULSE_SESSION_SECONDS", "0.5"),
        ("PULSE_STALL_SECONDS", "0"),
        ("PULSE_RECOVERY_SECONDS", "never"),
        ("PULSE_BLOCK_SECONDS", "0.5"),
        ("PULSE_DRAIN_SECONDS", "0"),
        ("PULSE_GATEWAY_PORT", "70000"),
        ("PULSE_GATEWAY_SPOOL_BYTES", "1"),
        ("PULSE_GATEWAY_ANSWER_SECONDS", "0"),
        ("PULSE_GATEWAY_DRAIN_SECONDS", "-1"),
        ("PULSE_CLOCK", "yesterday"),
        ("PULSE_CLOCK", "-1"),
        ("PULSE_LOG_LEVEL", "INFO"),
        ("PULSE_GATEWAY_ORIGINS", "https://shop.example *"),
        ("PULSE_POLL_ADDRESSES", "shopify-main=shop.example"),
        ("PULSE_POLL_ADDRESSES", "https://shop.example"),
        ("PULSE_POLL_ADDRESSES", "shopify-main=https://u:p@shop.example"),
        ("PULSE_POLL_YOUTUBE_UNITS", "99"),
        ("PULSE_GATEWAY_WORDS", "yes"),
        ("PULSE_GATEWAY_WEBHOOK_SECONDS", "0"),
        ("PULSE_GATEWAY_WEBHOOK_PAUSES", "5 never"),
        ("PULSE_GROUP", "ünter-uns"),
        ("PULSE_GROUP", "g" * 231),
        ("PULSE_PARTITIONS", "1_0"),
        ("PULSE_PARTITIONS", "٨"),
        ("PULSE_FLUSH_SECONDS", "1_0"),
        ("PULSE_WORKER", "a\tb"),
        ("PULSE_METRICS_HOST", ""),
        ("PULSE_METRICS_HOST", "[::]"),
        ("PULSE_METRICS_HOST", "localhost:9464"),
        ("PULSE_METRICS_HOST", "${HOST}"),
        ("PULSE_GATEWAY_HOST", ""),
        ("PULSE_STORE_DIRECTORY", "~/state"),
        ("PULSE_STORE_DIRECTORY", "$HOME/state"),
        ("PULSE_STORE_DIRECTORY", "/da\tta"),
        ("PULSE_GATEWAY_SPOOL_DIRECTORY", "~"),
        ("PULSE_GATEWAY_DRAWS_DIRECTORY", "${DRAWS}"),
    ],
)
def test_unusable_value_stops_the_start_with_variable_and_value(variable: str, value: str) -> None:
    """The message of a bad setting says which one and what stood there."""
    with pytest.raises(SettingError) as caught:
        Settings.from_environment({variable: value})
    assert str(caught.value).startswith(f"{variable}={value!r}: ")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PULSE_GATEWAY_SECRETS", "shopify-main=right\nhunter2"),
        ("PULSE_GATEWAY_SECRETS", "a name=hunter2"),
        ("PULSE_GATEWAY_KEYS", "shop=right\nshop=hunter2"),
        ("PULSE_GATEWAY_READ_KEYS", "page=hunter2 campaign:spring"),
        ("PULSE_POLL_TOKENS", "shopify-main=right\nhunter2"),
        ("PULSE_GATEWAY_WEBHOOKS", "- name: [hunter2"),
        ("PULSE_GATEWAY_WEBHOOK_SECRETS", "ops=right\nhunter2"),
    ],
)
def test_secrets_of_the_gateway_are_refused_by_their_line_and_not_shown(variable: str, value: str) -> None:
    """A line that is none may be a secret all the same."""
    with pytest.raises(SettingError, match="line") as caught:
        Settings.from_environment({variable: value})
    assert str(caught.value).startswith(variable)
    assert "hunter2" not in str(caught.value)


def test_every_setting_that_can_be_wrong_has_a_refusal_above() -> None:
    """Only the free texts take anything; those of Kafka only together (tests/unit/agents/connection/test_rules.py)."""
    marks = test_unusable_value_stops_the_start_with_variable_and_value.pytestmark
    refused = {variable for variable, _ in marks[0].args[1]}
    free = {"PULSE_METRICS_PASSWORD"}
    free.add("PULSE_ID_KEY")  # a secret: its refusal shows no value, see below
    free |= {f"PULSE_KAFKA_SSL_{name}" for name in ("CA_FILE", "CERT_FILE", "KEY_FILE", "KEY_PASSWORD")}
    free |= {f"PULSE_KAFKA_SASL_{name}" for name in ("USERNAME", "PASSWORD")}
    free |= {f"PULSE_KAFKA_OAUTH_{name}" for name in ("CLIENT_ID", "CLIENT_SECRET", "SCOPE", "CA_FILE")}
    free |= {f"PULSE_GATEWAY_{name}" for name in ("PERSON_KEY",)}
    refused |= {"PULSE_GATEWAY_WEBHOOKS", "PULSE_GATEWAY_WEBHOOK_SECRETS"}  # below, too
    refused |= {"PULSE_GATEWAY_SECRETS", "PULSE_GATEWAY_KEYS", "PULSE_GATEWAY_READ_KEYS", "PULSE_POLL_TOKENS"}  # below
    assert refused | free == {variable for variable, _, _ in described()}


def test_unknown_pulse_variable_stops_nothing_and_is_named() -> None:
    """The prefix is shared with others; a misspelt setting is told with what was probably meant."""
    environ = {"PULSE_BROKERS": "a:1"}
    assert Settings.from_environment(environ) == Settings()
    assert foreign_notes(environ) == ["PULSE_BROKERS is no setting and ignored; was PULSE_BROKER meant?"]


def test_other_variables_are_none_of_our_business() -> None:
    """Only the prefix counts."""
    assert Settings.from_environment({"HOME": "/", "BROKER": "x", "pulse_broker": "x"}) == Settings()


def test_values_arrive_with_their_types() -> None:
    """Numbers are numbers, lists are lists, an empty Redis address means none."""
    settings = Settings.from_environment(
        {
            "PULSE_BROKER": "a:1,b:2",
            "PULSE_REDIS_URL": "",
            "PULSE_PARTITIONS": "31",
            "PULSE_FLUSH_SECONDS": "0.5",
            "PULSE_CLOCK": "1775995200000",
            "PULSE_WORKER": "w7",
        }
    )
    assert settings.kafka_connection.servers == ["a:1", "b:2"]
    assert (settings.redis_url, settings.partitions, settings.flush_seconds) == ("", 31, 0.5)
    assert (settings.clock, settings.worker_name) == ("1775995200000", "w7")


def test_unnamed_worker_names_itself() -> None:
    """Two workers on one host differ by process id."""
    assert Settings().worker_name


def test_a_short_secret_of_the_group_is_refused_without_being_shown() -> None:
    """What can be guessed seals nothing, and a secret stands in no message."""
    with pytest.raises(SettingError, match="16 characters") as caught:
        Settings.from_environment({"PULSE_ID_KEY": "canary"})
    assert "canary" not in str(caught.value)
    assert Settings.from_environment({"PULSE_ID_KEY": "x" * 16}).id_key == "x" * 16


def test_what_files_of_variables_leave_around_a_value_is_no_part_of_it() -> None:
    """Windows' line ends, blanks and a byte order mark come with ``--env-file``; nobody means them."""
    kept = {"STORE": "rocksdb", "STORE_DIRECTORY": "/data", "GROUP": "spring", "METRICS_HOST": "::", "WORKER": "w 1"}
    for around in ("{}\r", " {} ", "\ufeff{}", "{}\t\n"):
        given = {f"PULSE_{name}": around.format(value) for name, value in {**kept, "LOG_LEVEL": "debug"}.items()}
        settings = Settings.from_environment(given)
        assert {name: getattr(settings, name.lower()) for name in kept} == kept
        assert settings.log_level == "debug"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PULSE_STORE_DIRECTORY", '"/data"'),
        ("PULSE_WORKER", "'w1'"),
        ("PULSE_PARTITIONS", '"8"'),
        ("PULSE_BROKER", '"a:9092"'),
        ("PULSE_KAFKA_SSL_CA_FILE", '"/ca.pem"'),
        ("PULSE_LOG_LEVEL", '""'),
    ],
)
def test_quotes_that_docker_keeps_are_told_as_such(variable: str, value: str) -> None:
    """A directory with a quote in its name would be made, and a worker be called so."""
    with pytest.raises(SettingError, match="the quotes are a part of the value here, leave them out") as caught:
        Settings.from_environment({variable: value})
    assert str(caught.value).startswith(f"{variable}={value!r}: ")


def test_a_word_in_other_letters_is_told_as_it_is_written() -> None:
    """``INFO`` and ``True`` are what other tools take."""
    for variable, value, meant in (
        ("PULSE_LOG_LEVEL", "INFO", "info"),
        ("PULSE_KAFKA_SASL_MECHANISM", "plain", "PLAIN"),
        ("PULSE_GATEWAY_WORDS", "True", "true"),
    ):
        with pytest.raises(SettingError, match=f"; it is written {meant}$"):
            Settings.from_environment({variable: value})


def test_a_secret_of_the_group_has_one_line() -> None:
    """With a carriage return it would be another key, and marks of forgotten people would not hold."""
    with pytest.raises(SettingError, match="Windows"):
        Settings.from_environment({"PULSE_ID_KEY": "x" * 16 + "\r"})


def test_a_secret_in_quotes_and_a_name_in_other_letters_are_told_without_values() -> None:
    """A password may have quotes, so it is taken; what looks like a setting and is none is named."""
    environ = {"PULSE_METRICS_PASSWORD": '"canary"', "pulse_broker": "canary:1", "\ufeffPULSE_GROUP": "canary"}
    settings = Settings.from_environment(environ)
    assert (settings.metrics_password, settings.broker) == ('"canary"', Settings().broker)
    notes = foreign_notes(environ)
    assert [note.split()[0] for note in notes] == ["PULSE_METRICS_PASSWORD", "pulse_broker", "\\ufeffPULSE_GROUP"]
    assert "canary" not in "".join(notes)
