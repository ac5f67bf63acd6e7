"""Commands that are written together: one node takes all of them in one transaction, a cluster each key in one.

A step is what is done to one key; it happens whole or not at all, so that a hash that is deleted and written again is
never absent for a reader. On a single node all steps are one transaction (MULTI, EXEC). In a cluster keys lie on
several nodes, and a transaction holds keys of one slot only: there, and behind a proxy that splits keys, each step is
one of its own, and the steps of a stage are confirmed before those of the next are sent. A step that is refused, or
whose node is away, does not keep the others from being written.
"""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode, PipelineCommand
from redis.cluster import RedisCluster as BlockingCluster
from redis.exceptions import AskError, MovedError, RedisError, ResponseError

from agents.read_model.connection import REDIS_ERRORS, AsyncRedis, BlockingRedis
from agents.read_model.refusals import is_cross_slot

_REDIRECTIONS: Final = 5
Command = tuple[Any, ...]


class Step:
    """What is done to one key.

    Args:
        key: the key, or a channel.
        owner: whom it is for.
        commands: each with its name and arguments, executed in this order.
        after: the owner without whose earlier steps this one makes no sense.
    """

    def __init__(self, key: str, owner: Hashable, commands: Sequence[Command], after: Hashable) -> None:
        self.key = key
        self.owner = owner
        self.after = after
        self.commands = commands
        self.answers: list[Any] = []
        self.error: Exception | None = None


class Batch:
    """Steps in stages, to be written with ``execute``.

    Args:
        stages: how many stages there are.
    """

    def __init__(self, stages: int) -> None:
        self._stages: list[list[Step]] = [[] for _ in range(stages)]
        self.failed: set[Hashable] = set()
        """Owners of which a step was refused, or did not arrive."""

    def add(self, stage: int, key: str, owner: Hashable, *commands: Command, after: Hashable = None) -> Step:
        """Put a step at the end of a stage, and return it; it is left out when a step of ``after`` has failed."""
        step = Step(key, owner, commands, after)
        self._stages[stage].append(step)
        return step

    async def execute(self, client: AsyncRedis, *, by_key: bool = False) -> None:
        """Write everything; afterwards each step has its answers, or its error.

        Args:
            client: of one node or a cluster.
            by_key: one node, and yet each key in a transaction of its own: a proxy in front of several.

        Raises:
            RedisError: Redis is away or refuses. With one node nothing was written, unless an answer inside the
                transaction was the refusal. Else what ``failed`` does not name was written.
            RedisClusterException: the nodes of a cluster cannot be found.
            OSError: Redis is away.
        """
        if isinstance(client, RedisCluster):
            await client.initialize()
        elif not by_key:
            await _execute_on_node(client, [step for stage in self._stages for step in stage])
            self._raise_first([step for stage in self._stages for step in stage])
            return
        done: list[Step] = []
        for stage in self._stages:
            steps = [step for step in stage if step.after is None or step.after not in self.failed]
            if isinstance(client, RedisCluster):
                await _execute_on_cluster(client, steps)
            else:
                await _execute_by_key(client, steps)
            self.failed.update(step.owner for step in steps if step.error is not None)
            done += steps
        self._raise_first(done)

    def _raise_first(self, steps: list[Step]) -> None:
        errors = [step.error for step in steps if step.error is not None]
        self.failed.update(step.owner for step in steps if step.error is not None)
        # That a node is away says more than a refusal that follows from it.
        for error in sorted(errors, key=lambda each: isinstance(each, ResponseError)):
            raise error


async def _execute_on_node(client: Redis, steps: list[Step]) -> None:
    async with client.pipeline(transaction=True) as pipe:
        for step in steps:
            for command in step.commands:
                pipe.execute_command(*command)
        answers = iter(await pipe.execute(raise_on_error=False))
    for step in steps:
        _take(step, [next(answers) for _ in step.commands])


async def _execute_by_key(client: Redis, steps: list[Step]) -> None:
    async with client.pipeline(transaction=False) as pipe:
        for step in steps:
            for command in _wire(step):
                pipe.execute_command(*command)
        answers = iter(await pipe.execute(raise_on_error=False))
    for step in steps:
        _take_wire(step, [next(answers) for _ in _wire(step)])


async def _execute_on_cluster(client: RedisCluster, steps: list[Step]) -> None:
    """Send each node its steps, and follow the cluster where slots move."""
    asked: dict[int, ClusterNode] = {}
    strangers: dict[str, ClusterNode] = {}
    for _ in range(_REDIRECTIONS):
        by_node: dict[str, tuple[ClusterNode, list[Step]]] = {}
        for step in steps:
            node = asked.get(id(step))
            if node is None:
                try:
                    node = client.get_node_from_key(step.key)
                except REDIS_ERRORS as error:
                    step.error = error
                    continue
            if node is not None:
                by_node.setdefault(node.name, (node, []))[1].append(step)
        await asyncio.gather(*(_send(node, each, asked) for node, each in by_node.values()))
        steps = [step for step in steps if isinstance(step.error, AskError)]
        if not steps:
            break
        asked = {}
        for step in steps:
            told = step.error
            if isinstance(told, MovedError) and told.slot_id in client.nodes_manager.slots_cache:
                await client.nodes_manager.move_slot(told)
            elif isinstance(told, MovedError):
                # Nobody had this slot when the cluster was last asked.
                await client.nodes_manager.initialize()
            elif isinstance(told, AskError):
                # A slot on its way, and the key is there already, or new. The node may be new to us as well.
                options: dict[str, Any] = client.get_connection_kwargs()
                node = client.get_node(host=told.host, port=told.port)
                if node is None:
                    stranger = ClusterNode(told.host, told.port, **options)
                    node = strangers.setdefault(stranger.name, stranger)
                asked[id(step)] = node
    for node in strangers.values():
        await node.disconnect()


async def _send(node: ClusterNode, steps: list[Step], asked: dict[int, ClusterNode]) -> None:
    sent: list[tuple[Step, list[PipelineCommand]]] = []
    for step in steps:
        asking = [("ASKING",)] if id(step) in asked else []
        sent.append((step, [PipelineCommand(0, *command) for command in (*asking, *_wire(step))]))
    try:
        await node.execute_pipeline([command for _, commands in sent for command in commands])
    except REDIS_ERRORS as error:
        for step, _ in sent:
            step.error = error
        return
    for step, commands in sent:
        answers = [command.result for command in commands]
        _take_wire(step, answers[1:] if id(step) in asked else answers)


def _wire(step: Step) -> list[Command]:
    """Return the commands of a step as one transaction; one alone is one by itself."""
    if len(step.commands) == 1:
        return list(step.commands)
    return [("MULTI",), *step.commands, ("EXEC",)]


def _take_wire(step: Step, answers: list[Any]) -> None:
    if len(answers) == len(step.commands):
        _take(step, answers)
        return
    executed = answers[-1]
    # What was refused while it was queued says why; EXEC only says that nothing was executed.
    refused = next((each for each in answers[:-1] if isinstance(each, Exception)), None)
    if refused is None and isinstance(executed, list):
        _take(step, executed)
    elif refused is None and isinstance(executed, Exception):
        step.error = executed
    else:
        step.error = refused or RedisError("a transaction was not executed")


def _take(step: Step, answers: list[Any]) -> None:
    step.answers = answers
    step.error = next((each for each in answers if isinstance(each, Exception)), None)


def execute_blocking(client: BlockingRedis, commands: Sequence[Command]) -> None:
    """Write commands with a blocking client: in one transaction, or in one for each key where keys are split.

    Args:
        client: of one node or a cluster.
        commands: name, key and further arguments; those of a key are executed in their order.

    Raises:
        RedisError: Redis is away or refuses.
        RedisClusterException: the cluster does.
        OSError: Redis is away.
    """
    by_key: defaultdict[Any, list[Command]] = defaultdict(list)
    for command in commands:
        by_key[command[1]].append(command)
    if not isinstance(client, BlockingCluster):
        try:
            _transaction(client, commands)
        except RedisError as error:
            if not is_cross_slot(error):
                raise
        else:
            return
    for own in by_key.values():
        _transaction(client, own)


def _transaction(client: BlockingRedis, commands: Sequence[Command]) -> None:
    with client.pipeline(transaction=True) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        pipe.execute()
