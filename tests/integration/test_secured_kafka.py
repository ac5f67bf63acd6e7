"""Apache Kafka as managed services offer it: TLS, client certificates, SASL, tokens and a user of least rights."""

import asyncio
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from signal import SIGTERM
from typing import Final

import pytest
from aiokafka import AIOKafkaConsumer
from kafka.admin import ACL, ACLOperation, ACLPermissionType, KafkaAdminClient, NewTopic, ResourcePattern, ResourceType

from agents.clock import wait_until
from agents.connection.kafka import KafkaConnection
from agents.connection.reach import UnreachableError, check_reachable
from agents.embedded.processes import ChildProcess
from agents.settings import Settings
from agents.simulator.publisher import publish
from agents.simulator.simulation import SimulatedRecord
from models.topics import COMMENTS, INPUT_TOPICS
from streams.events.partitioning import partition_of
from tests.brokers.apache_kafka import ApacheKafka
from tests.brokers.security import AUDIENCE, ISSUER, STRANGER, Authority, TokenServer
from tests.faults.judge import metric
from tests.integration.cluster import ROOT, Cluster
from tests.integration.commands import run
from tests.unit.events import value_of

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.brokers("kafka", reason="the embedded broker has neither TLS nor SASL nor ACLs; one node is enough"),
]
PASSWORD: Final = "pa ss=w,o\u00fcrd%s3cret"
WAYS: Final = ("TLS", "PLAIN", "SCRAM-256", "SCRAM-512", "TOKENS")
EACH: Final = 40
PEOPLE: Final = [f"influencer{number}" for number in range(40)]
_ACLS: Final = "org.apache.kafka.tools.AclCommand"
_LOGIN: Final = "org.apache.kafka.common.security"


class Doors:
    """A broker with one listener of each kind, and the settings for each."""

    cluster: Cluster

    def __init__(self, place: Path, tokens: TokenServer) -> None:
        self.place, self.tokens = place, tokens
        self.authority, self.other = Authority(place), Authority(place, "other-ca")
        certificate, key = self.authority.issue("broker", "IP:127.0.0.1")
        (place / "broker-store.pem").write_text(key.read_text() + certificate.read_text())
        self.certificate, self.key = self.authority.issue("pulse")
        self.broker = ApacheKafka(
            listeners={
                **dict.fromkeys(("TLS", "SERVERTLS"), "SSL"),
                "PLAIN": "SASL_PLAINTEXT",
                **dict.fromkeys(("SCRAM", "TOKENS"), "SASL_SSL"),
                **dict.fromkeys(("ASTRAY", "CLOSED"), "PLAINTEXT"),
            },
            advertised={"ASTRAY": "kafka-internal.invalid:29092", "CLOSED": "127.0.0.1:1"},
            config=self._properties(),
            jvm=(f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://{tokens.jwks_file}",),
            format_options=[
                part
                for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
                for part in ("--add-scram", f"{mechanism}=[name=pulse,password=scram-s3cret]")
            ],
        )

    def _properties(self) -> dict[str, str]:
        # As docker-compose.login.yml has it: Kafka reads each password from a file.
        secrets = self.place / "secrets"
        secrets.mkdir()
        (secrets / "plain").write_text("plain-s3cret")
        users = " ".join(f'user_{name}="${{dir:{secrets}:plain}}"' for name in ("pulse", "outsider", "blind"))
        return {
            "config.providers": "dir",
            "config.providers.dir.class": "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",  # the tests' own listener, and the controllers'
            "group.max.session.timeout.ms": "20000",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.place / "broker-store.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.file),
            "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
            "listener.name.tls.ssl.client.auth": "required",
            "listener.name.plain.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.plain.plain.sasl.jaas.config": f"{_LOGIN}.plain.PlainLoginModule required {users};",
            "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
            **{
                f"listener.name.scram.scram-sha-{bits}.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;"
                for bits in (256, 512)
            },
            "listener.name.tokens.sasl.enabled.mechanisms": "OAUTHBEARER",
            "listener.name.tokens.oauthbearer.sasl.jaas.config": (
                f"{_LOGIN}.oauthbearer.OAuthBearerLoginModule required;"
            ),
            "listener.name.tokens.oauthbearer.sasl.server.callback.handler.class": (
                f"{_LOGIN}.oauthbearer.OAuthBearerValidatorCallbackHandler"
            ),
            # A session with a token ends with the token, at the latest after this long.
            "listener.name.tokens.oauthbearer.connections.max.reauth.ms": "5000",
            "sasl.oauthbearer.jwks.endpoint.url": f"file://{self.tokens.jwks_file}",
            "sasl.oauthbearer.expected.audience": AUDIENCE,
            "sasl.oauthbearer.expected.issuer": ISSUER,
        }

    def settings(self, way: str) -> dict[str, str]:
        """The settings of a way in, by name without the prefix."""
        authority = {"KAFKA_SSL_CA_FILE": str(self.authority.file)}
        login = {"KAFKA_SASL_USERNAME": "pulse", "KAFKA_SASL_PASSWORD": "scram-s3cret"}
        if way == "TLS":
            return {
                "BROKER": self.broker.address("TLS"),
                "KAFKA_SECURITY_PROTOCOL": "SSL",
                "KAFKA_SSL_CERT_FILE": str(self.certificate),
                "KAFKA_SSL_KEY_FILE": str(self.key),
                **authority,
            }
        if way == "PLAIN":
            return {
                "BROKER": self.broker.address("PLAIN"),
                "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "KAFKA_SASL_MECHANISM": "PLAIN",
                **login,
                "KAFKA_SASL_PASSWORD": "plain-s3cret",
            }
        secured = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", **authority}
        if way == "TOKENS":
            return {
                "BROKER": self.broker.address("TOKENS"),
                **secured,
                "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
                "KAFKA_OAUTH_TOKEN_URL": self.tokens.url,
                "KAFKA_OAUTH_CLIENT_ID": "pulse",
                "KAFKA_OAUTH_CLIENT_SECRET": PASSWORD,
            }
        mechanism = f"SCRAM-SHA-{way.removeprefix('SCRAM-')}"
        return {"BROKER": self.broker.address("SCRAM"), **secured, "KAFKA_SASL_MECHANISM": mechanism, **login}

    def connection(self, way: str, **changed: str) -> KafkaConnection:
        """The connection of a way in, with some settings changed or (empty) taken out."""
        values = {name: value for name, value in {**self.settings(way), **changed}.items() if value}
        return Settings.from_environment({f"PULSE_{name}": value for name, value in values.items()}).kafka_connection


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The broker, with all topics made by an administrator and the rights that docs/connecting.md gives."""
    place = tmp_path_factory.mktemp("doors")
    with ExitStack() as stack:
        tokens = stack.enter_context(TokenServer(place, {"pulse": PASSWORD, STRANGER: PASSWORD}, life_seconds=8))
        found = Doors(place, tokens)
        found.cluster = stack.enter_context(Cluster(partitions=5, broker=found.broker))
        environment = {"PATH": "", "PULSE_BROKER": found.broker.bootstrap, "PULSE_PARTITIONS": "5"}
        rights = list(_documented_rights())
        with ThreadPoolExecutor(1 + len(rights)) as threads:
            made = threads.submit(run, "topics", environment=environment)
            given = [threads.submit(found.broker.tool, _ACLS, *words, found.broker.bootstrap) for words in rights]
            for done in (made, *given):
                assert done.result().returncode == 0, done.result().stdout + done.result().stderr
        yield found


def _documented_rights() -> Iterator[list[str]]:
    """The arguments of each kafka-acls command in docs/connecting.md, the broker's address left for the end."""
    commands = re.findall(r"^kafka-acls (.*)$", (ROOT / "docs" / "connecting.md").read_text(), re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        rest = command.replace("--bootstrap-server HOST:PORT", "").replace("--command-config admin.properties", "")
        yield [*shlex.split(rest), "--bootstrap-server"]


def comments(prefix: str) -> list[SimulatedRecord]:
    """Comments about forty influencers, so that each of five partitions has some."""
    now_ms = time.time_ns() // 1_000_000
    return [
        SimulatedRecord(
            COMMENTS,
            person.encode(),
            value_of(
                "comment.created", f"{prefix}-{person}", now_ms, comment_id=f"{prefix}-{person}", influencer_id=person
            ),
            False,
            0,
        )
        for person in PEOPLE
    ]


def test_a_worker_counts_exactly_through_each_way_in(doors: Doors) -> None:
    """Five workers share five partitions, each through another listener, with no more rights than the documents give.

    The token's sessions end every five seconds: what is sent in between is neither lost nor doubled.
    """
    cluster = doors.cluster
    levels = {"PLAIN": "debug", "TOKENS": "debug"}  # the libraries' own lines are of that level
    workers = {way: cluster.add_worker(way, **doors.settings(way), LOG_LEVEL=levels.get(way, "info")) for way in WAYS}
    cluster.wait_ready(timeout_seconds=180)  # five at once, on two cores perhaps

    def counted(worker: ChildProcess) -> float:
        return metric(cluster.get(worker, "/metrics")[1].decode(), "campaign_pulse_events_total")

    sent = 0
    for way in WAYS:
        report = publish(comments(way), doors.connection(way))
        assert (report.failed, report.error) == (0, None), way
        sent += report.sent
        assert wait_until(lambda expected=sent: sum(map(counted, workers.values())) >= expected, timeout_seconds=30), {
            name: (worker.exit_code, counted(worker)) for name, worker in workers.items()
        }
    by_partition = sorted(
        len(WAYS) * sum(partition_of(person, 5) == number for person in PEOPLE) for number in range(5)
    )
    assert sorted(map(counted, workers.values())) == by_partition, {
        name: (counted(worker), worker.log_tail(30)) for name, worker in workers.items()
    }
    assert doors.tokens.issued >= 2
    for worker in workers.values():
        assert worker.exit_code is None
        assert not re.search("s3cret|Bearer", worker.log_tail(1_000_000))
        worker.signal(SIGTERM)
    for worker in workers.values():
        assert worker.wait(60) == 0, worker.log_tail(60)


def test_commands_go_through_the_same_door(doors: Doors) -> None:
    """Topics that all exist are no error without the right to create any; definitions are read; secrets are masked."""
    commands = (
        *(("TLS", "topics"), ("SCRAM-512", "settings"), ("SCRAM-256", "campaigns list"), ("TOKENS", "topics")),
        ("TOKENS", "dead-letters list"),
    )

    def answered(way: str, command: str) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": "", **{f"PULSE_{name}": value for name, value in doors.settings(way).items()}}
        return run(*command.split(), environment=environment)

    with ThreadPoolExecutor(len(commands)) as threads:
        answers = list(threads.map(lambda each: answered(*each), commands))
    for command, done in zip(commands, answers, strict=True):
        assert done.returncode == 0, (command, done.stderr)
        assert "rror" not in done.stderr, command
        assert not re.search("s3cret|Bearer", done.stdout)


REFUSALS: Final = [
    ("PLAIN", {"KAFKA_SASL_PASSWORD": "wrong-s3cret"}, r"refuses PULSE_KAFKA_SASL_USERNAME=pulse with .*SASL_PASSWORD"),
    ("SCRAM-256", {"KAFKA_SASL_USERNAME": "nobody"}, r"refuses PULSE_KAFKA_SASL_USERNAME=nobody"),
    ("SCRAM-256", {"KAFKA_SASL_MECHANISM": "PLAIN"}, r"does not know .*=PLAIN; it knows SCRAM-SHA-256, SCRAM-SHA-512"),
    ("TLS", {"KAFKA_SSL_CA_FILE": "{other}"}, r"certificate that is not good .*SSL_CA_FILE='.*other-ca.pem'"),
    ("TLS", {"KAFKA_SSL_CA_FILE": ""}, r"certificate that is not good .*the system's authorities"),
    ("TLS", {"BROKER": "{LOCALHOST}"}, r"not issued for localhost; .*PULSE_KAFKA_SSL_CHECK_HOSTNAME=false"),
    ("TLS", {"KAFKA_SSL_CERT_FILE": "", "KAFKA_SSL_KEY_FILE": ""}, r"asks for a certificate, .*SSL_CERT_FILE is not"),
    ("TLS", {"KAFKA_SSL_CERT_FILE": "{stranger}", "KAFKA_SSL_KEY_FILE": "{stranger_key}"}, r"refuses the certificate"),
    ("TLS", {"BROKER": "{PLAIN}"}, r"with SASL_PLAINTEXT \(with PLAIN\), and .*SECURITY_PROTOCOL=SSL"),
    ("PLAIN", {"BROKER": "{SCRAM}"}, r"with SASL_SSL \(with SCRAM-SHA-256, SCRAM-SHA-512\), and .*=SASL_PLAINTEXT"),
    ("PLAIN", {"BROKER": "{CLIENTS}"}, r"with PLAINTEXT, and .*SECURITY_PROTOCOL=SASL_PLAINTEXT"),
    ("SCRAM-512", {"BROKER": "{SERVERTLS}"}, r"with SSL, and .*SECURITY_PROTOCOL=SASL_SSL"),
    ("", {"BROKER": "{PLAIN}"}, r"with SASL_PLAINTEXT \(with PLAIN\), and .*SECURITY_PROTOCOL=PLAINTEXT"),
    ("", {"BROKER": "{SERVERTLS}"}, r"with SSL, and .*SECURITY_PROTOCOL=PLAINTEXT"),
    ("", {"BROKER": "{TLS}"}, r"TLS.*SECURITY_PROTOCOL=PLAINTEXT"),
    ("TOKENS", {"KAFKA_OAUTH_CLIENT_SECRET": "wrong-s3cret"}, r"no token: .* HTTP 401 invalid_client: no such client"),
    (
        "TOKENS",
        {"KAFKA_OAUTH_CLIENT_ID": STRANGER},
        r"refuses the token of .*_CLIENT_ID=stranger: .*invalid_token",
    ),
    ("", {"BROKER": "{ASTRAY}"}, r"PULSE_BROKER=127.* advertises .* kafka-internal.invalid:29092 .*does not resolve"),
    ("", {"BROKER": "{CLOSED}"}, r"PULSE_BROKER=127.* advertises .* 127.0.0.1:1 refuses connections"),
]


@pytest.fixture(scope="module")
def refusals(doors: Doors) -> list[str]:
    """What is said of each of ``REFUSALS``: all are asked at once, for some wait for an answer."""
    stranger, stranger_key = doors.other.issue("stranger")
    listeners = ("PLAIN", "SCRAM", "TLS", "SERVERTLS", "ASTRAY", "CLOSED")
    texts = {
        "other": str(doors.other.file),
        "stranger": str(stranger),
        "stranger_key": str(stranger_key),
        "CLIENTS": doors.broker.bootstrap,
        "LOCALHOST": doors.broker.address("TLS").replace("127.0.0.1", "localhost"),
        **{name: doors.broker.address(name) for name in listeners},
    }

    def refusal(way: str, changed: dict[str, str]) -> str:
        values = {name: value.format(**texts) for name, value in changed.items()}
        connection = doors.connection(way, **values) if way else KafkaConnection(address=values["BROKER"])
        try:
            check_reachable(connection, patience_seconds=0)
        except UnreachableError as error:
            return str(error)
        return "nothing was refused"

    with ThreadPoolExecutor(len(REFUSALS)) as threads:
        return list(threads.map(lambda case: refusal(case[0], case[1]), REFUSALS))


@pytest.mark.parametrize("number", range(len(REFUSALS)))
def test_a_refusal_says_what_to_change(refusals: list[str], number: int) -> None:
    """What answers, and the setting; without a secret, and not only after a client's patience is over."""
    assert re.search(REFUSALS[number][2], refusals[number]), refusals[number]
    assert "s3cret" not in refusals[number]


def test_another_name_than_the_certificates_is_accepted_when_told_to(doors: Doors) -> None:
    """Brokers behind a tunnel have other names; the certificate must be signed all the same."""
    tunnel = doors.broker.address("TLS").replace("127.0.0.1", "localhost")
    check_reachable(doors.connection("TLS", BROKER=tunnel, KAFKA_SSL_CHECK_HOSTNAME="false"))
    with pytest.raises(UnreachableError, match="certificate that is not good"):
        check_reachable(
            doors.connection(
                "TLS", BROKER=tunnel, KAFKA_SSL_CHECK_HOSTNAME="false", KAFKA_SSL_CA_FILE=str(doors.other.file)
            )
        )


def test_a_right_that_is_missing_on_a_topic_is_said(doors: Doors) -> None:
    """A topic that is hidden from a user is never called created, or missing; one that nobody made is."""
    with closing(KafkaAdminClient(bootstrap_servers=doors.broker.bootstrap)) as admin:
        admin.create_acls([_acl("blind", ResourceType.TOPIC, name, ACLOperation.DESCRIBE) for name in INPUT_TOPICS[1:]])
    blind = {**doors.settings("PLAIN"), "KAFKA_SASL_USERNAME": "blind"}
    environment = {"PATH": "", "PULSE_PARTITIONS": "5", **{f"PULSE_{name}": value for name, value in blind.items()}}
    hidden = run("topics", environment=environment)
    assert hidden.returncode == 2
    assert f"topic {INPUT_TOPICS[0]}: the right DESCRIBE is missing" in hidden.stderr
    settings = {f"PULSE_{name}": value for name, value in doors.settings("PLAIN").items()}
    for command in ("topics --check", "dead-letters list", f"tail --topic {INPUT_TOPICS[0]}"):
        hidden = run(*command.split(), environment=environment)
        assert hidden.returncode == 2, (command, hidden.stdout)
        assert "the right DESCRIBE" in hidden.stderr, command
    other = run("topics", environment={"PATH": "", **settings, "PULSE_PARTITIONS": "5", "PULSE_GROUP": "other"})
    assert other.returncode == 2
    assert "topic other-state-changelog: the right DESCRIBE is missing" in other.stderr


async def beside_another_product(address: str, group: str, work: Callable[[], None]) -> None:
    """Do something in a thread while a program that is no worker of ours is a member of a group.

    By aiokafka, whose membership needs nobody who polls. kafka-python forgets a join that outlasts the poll in which it
    began, on a busy machine or when it learns of a topic's partitions late: it sends no heartbeat, and is out of the
    group when its first session is over.
    """
    async with AIOKafkaConsumer(COMMENTS, bootstrap_servers=address, group_id=group):
        await asyncio.to_thread(work)


def seconds_at_work(worker: ChildProcess) -> float:
    """How long a worker has run by its log: without the start of its process, which a busy machine draws out."""
    times = re.findall(r"^(\S+ \S+),\d+ [A-Z]+ ", worker.log_tail(10_000), re.MULTILINE)
    return (datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])).total_seconds()


def test_a_group_that_refuses_for_good_ends_the_worker_at_once(doors: Doors) -> None:
    """With the broker's word and the setting, and not after PULSE_RECOVERY_SECONDS without progress."""
    cluster = doors.cluster
    with closing(KafkaAdminClient(bootstrap_servers=doors.broker.bootstrap)) as admin:
        compacted = {"cleanup.policy": "compact", "min.compaction.lag.ms": "600000", "max.message.bytes": "8388608"}
        changelogs = [f"{group}-state-changelog" for group in ("taken", "long")]
        admin.create_topics([NewTopic(name, 5, 1, topic_configs=compacted) for name in changelogs])
        names = [*admin.list_topics()]
        rights = (ACLOperation.READ, ACLOperation.WRITE)
        admin.create_acls([_acl("outsider", ResourceType.TOPIC, name, right) for name in names for right in rights])
    outsider = {**doors.settings("PLAIN"), "KAFKA_SASL_USERNAME": "outsider"}
    workers: list[ChildProcess] = []

    def start() -> None:
        workers.append(cluster.add_worker("outsider", **outsider))
        workers.append(cluster.add_worker("long", GROUP="long", SESSION_SECONDS="30"))
        workers.append(cluster.add_worker("taken", GROUP="taken"))
        wait_until(lambda: not any(worker.running for worker in workers), timeout_seconds=180)  # three starts at once

    asyncio.run(beside_another_product(doors.broker.bootstrap, "taken", start))
    refusals = (
        "GROUP_AUTHORIZATION_FAILED: .*READ.* PULSE_GROUP=campaign-pulse",
        "INVALID_SESSION_TIMEOUT: PULSE_SESSION_SECONDS=30",
        "INCONSISTENT_GROUP_PROTOCOL: .*PULSE_GROUP=taken",
    )
    for worker, words in zip(workers, refusals, strict=True):
        assert worker.exit_code == 1, worker.log_tail(40)
        assert re.search(f"worker ends: GroupRefusedError: {words}", worker.log_tail(5)), worker.log_tail(40)
        assert seconds_at_work(worker) < 60, worker.log_tail(40)  # and not PULSE_RECOVERY_SECONDS, which are 300


def _acl(user: str, kind: ResourceType, name: str, operation: ACLOperation) -> ACL:
    return ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name))
