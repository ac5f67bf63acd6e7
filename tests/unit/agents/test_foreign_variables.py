"""Variables with our prefix that are of others stop nothing; misspelt settings are named."""

import pytest

from agents.foreign_variables import probably_meant
from agents.setting_names import described, foreign_notes
from agents.settings import SettingError, Settings
from tests.injected_variables import (
    CLUSTER_IP,
    PULSEAUDIO,
    Port,
    compose_links,
    example_services,
    link_variables,
    service_variables,
)


def kubelet(
    service: str, port: int = 9092, name: str = "", protocol: str = "TCP", ip: str = CLUSTER_IP
) -> dict[str, str]:
    """Return the variables that kubelet gives every pod of a namespace for a Service."""
    return service_variables(service, [Port(port, name, protocol)], ip)


def docker(alias: str, port: int = 9092) -> dict[str, str]:
    """Return the variables that a legacy link of Docker makes."""
    return link_variables(alias, [Port(port)], {"LOG_LEVEL": "7", "PATH": "/bin"})


@pytest.mark.parametrize(
    "environ",
    [
        kubelet("pulse-kafka-bootstrap", name="tcp-clients"),
        kubelet("pulse-kafka-brokers", 9091, name="tcp-replication"),
        kubelet("pulse"),
        kubelet("pulse", protocol="UDP", ip="fd00::17"),
        kubelet("pulse-broker"),
        kubelet("pulse-redis", 6379, protocol="SCTP"),
        kubelet("pulse-worker", 80),
        kubelet("pulse-log-level", 80),
        service_variables("pulse-both", [Port(53, "dns", "UDP"), Port(53, "dns-tcp"), Port(9464, "metrics")]),
        docker("pulse"),
        docker("pulse-broker"),
        docker("pulse-redis-url", 6379),
        PULSEAUDIO,
        *(service_variables(name, ports) for name, ports in example_services()),
        *(compose_links(project) for project in ("campaign-pulse", "campaignpulse", "pulse")),
    ],
)
def test_variables_of_others_stop_nothing_and_need_no_word(environ: dict[str, str]) -> None:
    """Service links, Docker's links, PulseAudio and WSLg share the prefix."""
    assert Settings.from_environment(environ) == Settings()
    assert foreign_notes(environ) == []


@pytest.mark.parametrize(
    "environ",
    [
        kubelet("pulse-metrics", 9464),
        kubelet("pulse-metrics", 9464, ip="fd00::9"),
        kubelet("pulse-metrics", 53, protocol="UDP"),
        docker("pulse-metrics", 9464),
    ],
)
def test_a_service_link_with_the_name_of_a_setting_is_ignored_and_told(environ: dict[str, str]) -> None:
    """A Service called pulse-metrics makes PULSE_METRICS_PORT=tcp://..., which is our setting."""
    assert Settings.from_environment(environ) == Settings()
    assert [note.split()[0] for note in foreign_notes(environ)] == ["PULSE_METRICS_PORT"]


def test_a_setting_of_ones_own_wins_over_the_siblings_of_a_link() -> None:
    """Kubelet lets what the pod says stand; the other variables of the Service are there all the same."""
    environ = {**kubelet("pulse-metrics", 9464), "PULSE_METRICS_PORT": "9000"}
    assert Settings.from_environment(environ).metrics_port == 9000
    assert foreign_notes(environ) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PULSE_METRICS_PORT", "tcp://10.0.0.1:9464"),
        ("PULSE_METRICS_PORT", "http"),
        ("PULSE_PARTITIONS", "tcp://10.0.0.1:9464"),
        ("PULSE_LOG_LEVEL", "4"),
    ],
)
def test_a_bad_value_of_a_setting_still_stops(variable: str, value: str) -> None:
    """What looks like a link without a Service beside it is a mistake."""
    with pytest.raises(SettingError, match=f"^{variable}="):
        Settings.from_environment({variable: value})


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("PULSE_REDIS_URI", "PULSE_REDIS_URL"),
        ("PULSE_URL_REDIS", "PULSE_REDIS_URL"),
        ("PULSE_REDIS", "PULSE_REDIS_URL"),
        ("PULSE_RESID_URL", "PULSE_REDIS_URL"),
        ("PULSE_REDIS_URL_FLIE", "PULSE_REDIS_URL_FILE"),
        ("PULSE_BROKERS", "PULSE_BROKER"),
        ("PULSE_KAFKA_BROKER", "PULSE_BROKER"),
        ("PULSE_BOOTSTRAP_SERVERS", "PULSE_BROKER"),
        ("PULSE_broker", "PULSE_BROKER"),
        ("PULSE_PARTITION", "PULSE_PARTITIONS"),
        ("PULSE_METRIC_PORT", "PULSE_METRICS_PORT"),
        ("PULSE_PORT_METRICS", "PULSE_METRICS_PORT"),
        ("PULSE_LOGLEVEL", "PULSE_LOG_LEVEL"),
        ("PULSE_STORE_DIR", "PULSE_STORE"),
        ("PULSE_SESION_SECONDS", "PULSE_SESSION_SECONDS"),
        ("PULSE_SECONDS_FLUSH", "PULSE_FLUSH_SECONDS"),
        ("PULSE_KAFKA_SASL_USER", "PULSE_KAFKA_SASL_USERNAME"),
        ("PULSE_KAFKA_SASL_PASS", "PULSE_KAFKA_SASL_PASSWORD"),
        ("PULSE_KAFKA_SSL_CA_LOCATION", "PULSE_KAFKA_SSL_CA_FILE"),
        ("PULSE_REDIS_PASSWORD", "PULSE_REDIS_URL"),
        ("PULSE_REPLICAS", None),
        ("PULSE_HEARTRATE", None),
        ("PULSE_WIDTH_NS", None),
        ("PULSE_OXIMETER_HOST", None),
    ],
)
def test_a_near_miss_is_told_by_name_and_never_by_value(variable: str, meant: str | None) -> None:
    """A misspelt setting that is passed over in silence would be a silent default."""
    notes = foreign_notes({variable: "redis://:geheim@h"})
    assert notes == ([] if meant is None else [f"{variable} is no setting and ignored; was {meant} meant?"])


def test_no_setting_resembles_another_so_much_that_one_of_its_own_is_suggested_for_it() -> None:
    """The nearest of a setting's name is itself."""
    known = [variable for variable, _, _ in described()]
    assert [probably_meant(each, known) for each in known] == known
