"""What flushes in a worker: the flusher with all that it sends, and what makes it early."""

from agents.metrics.figures import PipelineFigures
from agents.read_model.projection import RedisProjection
from agents.settings import Settings
from agents.state.fence import Fence
from agents.worker.broker_parts import BrokerParts
from agents.worker.fact_sender import FactSender
from agents.worker.flush import Flusher
from agents.worker.handlers import Handlers
from agents.worker.minutes import MinutePublisher
from agents.worker.numbers import NumberPublisher
from agents.worker.pace import Pace
from agents.worker.pacer import Glance, Pacer
from agents.worker.stages import Stages


class Flushing:
    """Makes what flushes.

    Args:
        settings: how often.
        stages: what is flushed.
        broker: where it goes.
        fence: writes to the changelog.
        redis: the read model, or None.
        figures: how much waits to be read.

    Attributes:
        flusher: flushes.
    """

    def __init__(
        self,
        settings: Settings,
        stages: Stages,
        broker: BrokerParts,
        fence: Fence,
        redis: RedisProjection | None,
        figures: PipelineFigures,
    ) -> None:
        self._settings = settings
        self._stages = stages
        self._broker = broker
        self._redis = redis
        self._figures = figures
        self._pace = self._make_pace()
        facts = FactSender(stages.pipeline, broker.collector, stages.entries, lag=self._lag)
        numbers = NumberPublisher(
            stages.pipeline,
            stages.board,
            facts,
            stages.entries,
            broker.collector,
            broker.membership,
            redis,
            MinutePublisher(stages.board.minutes, broker.collector, None if redis is None else redis.minutes),
        )
        self.flusher = Flusher(
            stages.pipeline,
            fence,
            broker.collector,
            facts,
            numbers,
            broker.inputs.confirm,
            broker.set_aside,
            settings.flush_seconds,
            stages.alerts,
            pace=self._pace,
        )

    def pacer(self, handlers: Handlers) -> Pacer | None:
        """Return what looks at the clock between batches; None where no flush is early."""
        if self._pace is None:
            return None
        pipeline, membership = self._stages.pipeline, self._broker.membership
        least_seconds = self._settings.flush_least_seconds
        glance = None if self._redis is None else Glance(pipeline, self._redis, membership, self._pace, least_seconds)
        return Pacer(self._pace, self.flusher, handlers.flush_early, glance)

    def _make_pace(self) -> Pace | None:
        """Return when flushes may be early; None where the settings leave no room for that."""
        least_seconds = self._settings.flush_least_seconds
        if least_seconds >= self._settings.flush_seconds:
            return None
        partitions = self._stages.pipeline.partitions
        return Pace(
            least_seconds,
            self._lag,
            lambda: self._broker.collector.collected_bytes_total,
            read=lambda: sum(sum(state.positions) for state in partitions.values()),
        )

    def _lag(self) -> int:
        return sum(self._figures.lags().values())
