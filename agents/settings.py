"""Settings: every ``PULSE_*`` variable, its default and what it is for. The environment is an argument."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from agents.addresses import parse_brokers
from agents.connection.kafka import MECHANISMS, PLAINTEXT, PROTOCOLS, KafkaConnection
from agents.connection.rules import ContradictionError, check_connection, parse_extensions, parse_token_url
from agents.connection.tokens import TokenClient
from agents.foreign_variables import is_service_link
from agents.redis_addresses import parse_redis_url
from agents.secrets import MASK, SecretFileError, masked_value, read_secret
from agents.setting_fields import (
    bare,
    check_webhook_secrets,
    choice,
    clock,
    extensions,
    group,
    integer,
    is_quoted,
    listening_host,
    name,
    one_line,
    parse_id_key,
    parsed,
    path,
    seconds,
    setting,
)
from models.read_keys import parse_origins, parse_read_keys
from streams.changelog.dedupe import DEDUPE_CAPACITY, DEDUPE_HOURS
from streams.connectors.credentials import parse_addresses, parse_keys, parse_secrets
from streams.events.decode import MAX_EVENT_BYTES
from streams.orders.book import ORDER_DAYS
from streams.sentiment.scorers import DEFAULT_SCORER, NO_SCORER, SCORERS
from streams.webhooks.rules import parse_webhooks
from streams.webhooks.schedule import PAUSES_MS, parse_pauses

PREFIX: Final = "PULSE_"
COUNT: Final = "count"
QUARANTINE: Final = "quarantine"
FILE_SUFFIX: Final = "_FILE"
_QUOTED: Final = "; the quotes are a part of the value here, leave them out"
_ADDRESSES: Final = ("broker", "redis_url")


class SettingError(ValueError):
    """A setting that cannot be used; the message names the variable and the value, its secrets masked."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a process. ``docs/settings.md`` is made from this class."""

    broker: str = setting("127.0.0.1:9092", parse_brokers, "Kafka brokers, HOST:PORT, several separated by commas")
    kafka_security_protocol: str = setting(
        PLAINTEXT, choice(*PROTOCOLS), f"How Kafka's listener is secured: {', '.join(PROTOCOLS)}"
    )
    kafka_ssl_ca_file: str = setting(
        "", path, "PEM file of the authorities that signed the brokers' certificates; the system's when empty"
    )
    kafka_ssl_cert_file: str = setting("", path, "PEM file of this client's certificate, where the brokers ask for one")
    kafka_ssl_key_file: str = setting(
        "", path, "PEM file of the certificate's private key; it is looked for beside the certificate when empty"
    )
    kafka_ssl_key_password: str = setting("", one_line, "Password of the private key, if it is encrypted", secret=True)
    kafka_ssl_check_hostname: str = setting(
        "true",
        choice("true", "false"),
        "`false` accepts a certificate that was issued to another host; it must be signed all the same",
    )
    kafka_sasl_mechanism: str = setting(
        "", choice(*MECHANISMS, ""), f"How to log in with SASL: {', '.join(MECHANISMS)}"
    )
    kafka_sasl_username: str = setting("", one_line, "User of PLAIN and SCRAM; the API key of some services")
    kafka_sasl_password: str = setting("", one_line, "Password of PLAIN and SCRAM", secret=True)
    kafka_oauth_token_url: str = setting(
        "", parse_token_url, "Token endpoint of OAUTHBEARER, by OAuth's client credentials grant"
    )
    kafka_oauth_client_id: str = setting("", one_line, "Client id at the token endpoint")
    kafka_oauth_client_secret: str = setting("", one_line, "Client secret at the token endpoint", secret=True)
    kafka_oauth_scope: str = setting("", str, "Scope that is asked for, where the token endpoint wants one")
    kafka_oauth_ca_file: str = setting(
        "", path, "PEM file of the authorities of the token endpoint; the system's when empty"
    )
    kafka_oauth_extensions: str = setting(
        "", extensions, "SASL extensions beside the token, NAME=VALUE, several separated by commas"
    )
    id_key: str = setting(
        "",
        parse_id_key,
        "Secret of the group, 16 characters or more, that seals the marks of forgotten people (docs/privacy.md). The "
        "same for every worker and command",
        secret=True,
    )
    redis_url: str = setting(
        "redis://127.0.0.1:6379/0", parse_redis_url, "Redis of the read model; empty for none", secret=True
    )
    redis_prefix: str = setting("pulse", name, "Beginning of every Redis key")
    group: str = setting("campaign-pulse", group, "Consumer group and prefix of the changelog topic")
    worker: str = setting("", one_line, "Name of this worker in Redis and logs; host name and process id when empty")
    partitions: int = setting(8, integer(1, 1000), "Partitions of topics that have to be created")
    replication: int = setting(1, integer(1, 9), "Replicas of topics that have to be created")
    metrics_host: str = setting("127.0.0.1", listening_host, "Address of /metrics, /healthz and /readyz")
    metrics_port: int = setting(9464, integer(0, 65535), "Port of /metrics, /healthz and /readyz; 0 for a free one")
    metrics_password: str = setting(
        "", one_line, "Password of /metrics, by HTTP Basic as user `prometheus`; none when empty", secret=True
    )
    store: str = setting("memory", choice("memory", "rocksdb"), "Where a worker keeps its copy of the state")
    store_directory: str = setting("", path, "Directory of this worker's copy, with PULSE_STORE=rocksdb")
    flush_seconds: float = setting(1.0, seconds(0.05, 60), "Longest time between flushes; more when one takes long")
    flush_least_seconds: float = setting(0.05, seconds(0.02, 60), "Shortest time between flushes while little waits")
    tick_seconds: float = setting(0.25, seconds(0.05, 10), "How often a quiet partition is looked after")
    future_tolerance_seconds: int = setting(300, integer(0, 86_400), "How far ahead an event time may lie")
    max_event_bytes: int = setting(MAX_EVENT_BYTES, integer(1_024, 8_000_000), "Larger values are dead letters")
    dedupe_hours: int = setting(DEDUPE_HOURS, integer(1, 24 * 30), "How long a redelivery is recognised")
    order_days: int = setting(
        ORDER_DAYS, integer(60, 730), "How long an order is kept after its newest event, for its edits and refunds"
    )
    dedupe_ids: int = setting(DEDUPE_CAPACITY, integer(1_000, 10**9), "Event ids remembered at most, per worker")
    sentiment: str = setting(
        DEFAULT_SCORER, choice(*sorted(SCORERS), NO_SCORER), "Sentiment scorer; `none`: comments are not read"
    )
    sentiment_cache: int = setting(65_536, integer(2, 10**8), "Comment texts whose score is remembered")
    alert_grace_seconds: float = setting(
        8.0, seconds(0, 1_800), "How long after a minute's end its events are waited for before alerts look at it"
    )
    alert_wait_seconds: float = setting(
        30.0, seconds(0, 600), "How long a campaign's minute waits for a partition that has not reported it"
    )
    alert_samples: int = setting(
        0,
        integer(0, 3),
        "Comments that go with the message of an open alert, at most, without handles and links; Prometheus keeps them "
        "then (docs/privacy.md)",
    )
    suspicion_seconds: float = setting(
        30.0,
        seconds(0, 86_400),
        "Least time between two looks for suspicious entrants of a giveaway; longer when one takes long; 0 for none",
    )
    suspicion_nice: int = setting(
        19,
        integer(0, 19),
        "Niceness of such a look: at 19 it waits for an idle core, at 10 it has about a tenth of a busy one",
    )
    label_cap: int = setting(100, integer(0, 100_000), "Influencers with metrics of their own; the rest are `other`")
    unknown_campaigns: str = setting(
        COUNT,
        choice(COUNT, QUARANTINE),
        "Events of campaigns without a definition: `count` them, or `quarantine` them as dead letters, to be redriven "
        "once it is applied",
    )
    unknown_rows: int = setting(
        10_000,
        integer(0, 10**7),
        "Influencers of campaigns without a definition, at most; each partition has its share; 0 for any number",
    )
    campaign_influencers: int = setting(
        10_000,
        integer(0, 10**7),
        "Influencers of a campaign that its definition does not name, at most; each partition has its share; 0 for any "
        "number",
    )
    influencer_posts: int = setting(
        10_000, integer(0, 10**7), "Posts of an influencer whose numbers are followed, at most; 0 for any number"
    )
    influencer_currencies: int = setting(
        40, integer(0, 1_000), "Currencies of an influencer's orders, at most; 0 for any number"
    )
    session_seconds: float = setting(30.0, seconds(1, 1_800), "Consumer session and rebalance timeout")
    stall_seconds: float = setting(
        60.0, seconds(1, 3_600), "A partition that lags and does not move, or a flush, is stuck after this long"
    )
    recovery_seconds: float = setting(
        300.0, seconds(1, 86_400), "A start, a rebalance or a recovery without any progress is stuck after this long"
    )
    block_seconds: float = setting(
        30.0, seconds(1, 3_600), "The worker ends when its event loop has stood still for this long"
    )
    drain_seconds: float = setting(
        25.0, seconds(0.1, 3_600), "A stopping worker that has not flushed and committed after this long ends at once"
    )
    gateway_host: str = setting("127.0.0.1", listening_host, "Address of the gateway")
    gateway_port: int = setting(8080, integer(0, 65535), "Port of the gateway; 0 for a free one")
    gateway_secrets: str = setting(
        "",
        parsed(parse_secrets),
        "Secrets of sources, one NAME=SECRET a line; several lines of a name all hold",
        secret=True,
    )
    gateway_keys: str = setting(
        "", parsed(parse_keys), "Keys of /v1 and /mp, one NAME=SHA-256 a line: `gateway key` makes them", secret=True
    )
    gateway_read_keys: str = setting(
        "",
        parsed(parse_read_keys),
        "Keys that read /v1 and the pages, one NAME=SHA-256 SCOPE... a line: `gateway read-key` makes them",
        secret=True,
    )
    gateway_origins: str = setting(
        "",
        parsed(parse_origins),
        "Origins, https://HOST, separated by blanks, whose pages may read /v1 and show the live pages in frames",
    )
    gateway_words: str = setting(
        "true",
        choice("true", "false"),
        "Whether pages show the words behind the mood: comments are read for that while somebody watches",
    )
    gateway_draws_directory: str = setting(
        "", path, "Directory of the draws that are published at /draws, as `giveaway publish` makes it; none when empty"
    )
    gateway_person_key: str = setting(
        "", str, "Key of the pseudonyms of e-mail addresses; without it there are none", secret=True
    )
    gateway_spool_directory: str = setting(
        "", path, "Where deliveries wait for Kafka whose senders never send again; none when empty"
    )
    gateway_spool_bytes: int = setting(
        256 * 1024 * 1024, integer(1_048_576, 2**40), "What may wait there; beyond, the sender gets a 503"
    )
    gateway_answer_seconds: float = setting(
        2.0, seconds(0.1, 30), "How long a delivery waits for Kafka's confirmation before it is answered with 503"
    )
    gateway_drain_seconds: float = setting(
        5.0, seconds(0, 300), "How long a stopping gateway says on /readyz that it goes, before it takes no more"
    )
    gateway_webhooks: str = setting(
        "", parsed(parse_webhooks), "Who is told of alerts and milestones (docs/webhooks.md), as YAML", secret=True
    )
    gateway_webhook_secrets: str = setting(
        "",
        parsed(check_webhook_secrets),
        "Secrets that messages to these are signed with, one NAME=whsec_... a line; all of a name sign",
        secret=True,
    )
    gateway_webhook_seconds: float = setting(15.0, seconds(0.1, 60), "How long one attempt to send a message may take")
    gateway_webhook_pauses: str = setting(
        " ".join(str(each // 1_000) for each in PAUSES_MS),
        parsed(parse_pauses),
        "Seconds before a message that was not taken is sent again: after the first failure, the second, and so on",
    )
    poll_tokens: str = setting(
        "",
        parsed(parse_secrets),
        "Tokens of the APIs that `gateway poll` asks, one NAME=TOKEN a line: the first of a name holds",
        secret=True,
    )
    poll_addresses: str = setting(
        "",
        parsed(parse_addresses),
        "Base addresses of APIs, NAME=URL, several separated by commas: a shop's, a customer's, or another one than "
        "the vendor's own",
    )
    poll_youtube_units: int = setting(
        10_000, integer(100, 10**9), "Units that YouTube grants the project of a key in a day"
    )
    clock: str = setting(
        "wall", clock, "`wall`, or epoch milliseconds at which the clock stands: for backfills and tests"
    )
    log_level: str = setting("info", choice("debug", "info", "warning", "error"), "Least level that is logged")

    @property
    def kafka_connection(self) -> KafkaConnection:
        """How every Kafka client connects."""
        tokens = TokenClient(
            token_url=self.kafka_oauth_token_url,
            client_id=self.kafka_oauth_client_id,
            client_secret=self.kafka_oauth_client_secret,
            scope=self.kafka_oauth_scope,
            ca_file=self.kafka_oauth_ca_file,
            extensions=parse_extensions(self.kafka_oauth_extensions),
        )
        return KafkaConnection(
            address=self.broker,
            security_protocol=self.kafka_security_protocol,
            ssl_ca_file=self.kafka_ssl_ca_file,
            ssl_cert_file=self.kafka_ssl_cert_file,
            ssl_key_file=self.kafka_ssl_key_file,
            ssl_key_password=self.kafka_ssl_key_password,
            ssl_check_hostname=self.kafka_ssl_check_hostname == "true",
            sasl_mechanism=self.kafka_sasl_mechanism,
            sasl_username=self.kafka_sasl_username,
            sasl_password=self.kafka_sasl_password,
            tokens=None if tokens == TokenClient() else tokens,
        )

    @property
    def worker_name(self) -> str:
        """This worker's name."""
        return self.worker or f"{socket.gethostname()}-{os.getpid()}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read settings from environment variables; ``foreign_notes`` says what is passed over.

        Raises:
            SettingError: a value cannot be used, settings contradict each other, or a secret is given twice or in a
                file that cannot be read.
        """
        values: dict[str, Any] = {}
        for each in fields(cls):
            variable = PREFIX + each.name.upper()
            source, text = variable, environ.get(variable)
            if text is not None and is_service_link(variable, environ):
                text = None
            if each.metadata["secret"] and environ.get(variable + FILE_SUFFIX):
                # Templates leave variables empty that nobody filled in. Where empty is a value of its own, it counts.
                if text or (text is not None and each.default):
                    raise SettingError(f"{variable} and {variable}{FILE_SUFFIX} are both set; one has to go")
                source = variable + FILE_SUFFIX
                try:
                    text = read_secret(source, environ[source])
                except SecretFileError as error:
                    raise SettingError(str(error)) from None
            if text is None:
                continue
            if not each.metadata["secret"]:
                text = bare(text)
            quotes = _QUOTED if is_quoted(text) and not each.metadata["secret"] else ""
            try:
                values[each.name] = each.metadata["parse"](text)
                if quotes:
                    raise ValueError("expected a value without quotes")
            except ValueError as error:
                shown = environ[source] if source != variable else shown_value(each.name, text)
                raise SettingError(f"{source}={shown!r}: {error}{quotes}") from None
        settings = cls(**values)
        try:
            check_connection(settings.kafka_connection)
        except ContradictionError as error:
            raise SettingError(str(error)) from None
        return settings


_HOST_AND_PORT: Final = re.compile(
    r"[A-Za-z][\w.-]*:\d{1,5}(/\d*)?|localhost|\d+(\.\d+){3}(:\d{1,5})?(/\d*)?", re.ASCII
)
_SECRETS: Final = frozenset(each.name for each in fields(Settings) if each.metadata["secret"])


def shown_value(name: str, value: Any) -> Any:
    """Return a setting's value for people and programs, its secrets masked.

    What stands for an address with a password and is neither a URL nor HOST:PORT may be the bare password.
    """
    if name in _ADDRESSES:
        bare = name in _SECRETS and value and "://" not in value and _HOST_AND_PORT.fullmatch(value) is None
        return MASK if bare else masked_value(value)
    return MASK if name in _SECRETS and value else value
