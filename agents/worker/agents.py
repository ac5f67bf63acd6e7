"""The agents of a worker: Faust's circle of each topic, and who is given what it brings."""

from collections.abc import Callable
from typing import Any

from agents.broker.transport import BatchSchema
from agents.stages.definitions import Change
from agents.worker.app import PulseApp
from agents.worker.handlers import Handlers
from models.topics import CLOSED_WINDOWS, COMMENTS, CONVERSIONS, INFLUENCER_SNAPSHOTS, INPUT_TOPICS, POSTS


def define_agents(app: PulseApp, handlers: Handlers, changes: Any, define: Callable[[Change], None]) -> None:
    """Define an agent for each topic that comes in batches, and one for the changes of definitions.

    Args:
        app: Faust's app.
        handlers: what each batch is given to.
        changes: a channel of changes.
        define: puts a change in force.
    """
    topics = {
        name: app.topic(name, schema=BatchSchema(), acks=False)
        for name in (*INPUT_TOPICS, INFLUENCER_SNAPSHOTS, CLOSED_WINDOWS)
    }

    @app.agent(topics[POSTS], name="posts")
    async def posts(stream: Any) -> None:
        async for event in stream.events():
            await handlers.on_events(POSTS, event)

    @app.agent(topics[COMMENTS], name="comments")
    async def comments(stream: Any) -> None:
        async for event in stream.events():
            await handlers.on_events(COMMENTS, event)

    @app.agent(topics[CONVERSIONS], name="conversions")
    async def conversions(stream: Any) -> None:
        async for event in stream.events():
            await handlers.on_events(CONVERSIONS, event)

    @app.agent(topics[INFLUENCER_SNAPSHOTS], name="campaigns")
    async def campaigns(stream: Any) -> None:
        async for event in stream.events():
            await handlers.on_snapshots(event)

    @app.agent(topics[CLOSED_WINDOWS], name="alerts")
    async def alerts(stream: Any) -> None:
        async for event in stream.events():
            await handlers.on_windows(event)

    @app.agent(changes, name="definitions")
    async def definitions(stream: Any) -> None:
        async for change in stream:
            define(change)
