"""What of a worker speaks with Kafka, whichever stage it is for."""

from collections.abc import Mapping

from faust.types import TP

from agents.broker.connection_log import ConnectionLog, ConnectionWatch
from agents.broker.group_refusals import group_refusal
from agents.broker.inputs import Inputs
from agents.broker.membership import Membership
from agents.broker.record_collector import RecordCollector
from agents.broker.set_aside import SetAside
from agents.broker.topic_admin import look_at_topics, topic_settings, topic_specs
from agents.broker.topic_drift import TopicDrift, message_limits, settings_drift
from agents.broker.topic_watch import TopicWatch
from agents.broker.transport import BatchConsumer
from agents.settings import Settings
from agents.worker.app import PulseApp
from agents.worker.input_logs import InputLogs
from models.topics import CLOSED_WINDOWS, COMMENTS, INFLUENCER_SNAPSHOTS, INPUT_TOPICS


class BrokerParts:
    """Reading, producing, membership of the group, and the topics. Nothing connects before the application starts.

    Args:
        settings: how Kafka is reached.
        partitions: partition count of each topic.
        app: ended when the group refuses the worker or a topic is gone.

    Attributes:
        inputs: what is read: positions, ends of logs, confirmed offsets.
        logs: which logs the inputs are.
        collector: delivers to Kafka.
        membership: of the consumer group.
        set_aside: records of our own topics that were never ours.
        topic_watch: looks at the topics now and then.
        connection_log: hears what the clients log of brokers that do not answer.
        connection: says that no broker answers.
    """

    def __init__(self, settings: Settings, partitions: Mapping[str, int], app: PulseApp) -> None:
        self._settings = settings
        self._app = app
        self.inputs = Inputs()
        self.logs = InputLogs(
            settings.kafka_connection,
            partitions[COMMENTS],
            settings.dedupe_hours,
            lambda names: look_at_topics(settings, names),
        )
        self.collector = RecordCollector(settings.kafka_connection, dict(partitions))
        self.membership = Membership(settings.session_seconds, on_error=self._on_group_error)
        self.set_aside = SetAside()
        self.topic_watch = TopicWatch(
            partitions,
            lambda: look_at_topics(settings, partitions),
            self._look_at_settings,
            self.logs.ids,
            self.inputs.rejoin,
            app.crash,
        )
        self.connection_log = ConnectionLog()
        self.connection = ConnectionWatch(self.connection_log, lambda: self.membership.is_valid)

    def prepare(self, consumer: BatchConsumer) -> None:
        """Set what comes in batches, and how the consumer is a member of the group."""
        consumer.batched_topics = frozenset((*INPUT_TOPICS, INFLUENCER_SNAPSHOTS, CLOSED_WINDOWS))
        consumer.ticking_topics = frozenset(INPUT_TOPICS)
        consumer.connection = self._settings.kafka_connection
        consumer.tick_seconds = self._settings.tick_seconds
        consumer.membership = self.membership
        consumer.on_set_back = self._set_back
        self.inputs.consumer = consumer

    def _look_at_settings(self) -> list[TopicDrift]:
        """Ask for the topics' settings, and note how large their messages may be; return in what they differ."""
        specs = topic_specs(self._settings)
        found = topic_settings(self._settings, [spec.name for spec in specs])
        self.collector.limits = message_limits(found)
        return settings_drift(specs, found, self._settings.broker)

    def _on_group_error(self, error: BaseException) -> None:
        """End the worker for an answer of the group that no second try mends; called in the consumer's thread."""
        refused = group_refusal(error, self._settings)
        if refused is not None:
            self._app.loop.call_soon_threadsafe(lambda: self._app.add_future(self._app.crash(refused)))

    def _set_back(self, tp: TP) -> None:
        """Have the logs looked at: records of one come again that lie before those that were read."""
        if self.logs.was_set_back(tp):
            self.inputs.rejoin()
