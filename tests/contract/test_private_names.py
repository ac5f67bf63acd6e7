"""Names of Faust, mode, aiokafka and rich that are no promise of theirs, and that we use or replace all the same.

A method that is renamed there is one that nobody calls any more when it is overridden here, and an attribute is a
symptom that is never seen again: neither is an error. So each of them is listed, and the installed versions are asked.
"""

import ast
import dis
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

import faust
import mode
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer import consumer as consumer_module
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from aiokafka.producer.sender import Sender
from faust.agents import Agent
from faust.agents.actor import Actor
from faust.app.base import App
from faust.stores.base import Store
from faust.tables.recovery import Recovery
from faust.transport.consumer import ConsumerThread
from faust.transport.consumer import Fetcher as FaustFetcher
from faust.transport.drivers import aiokafka as driver
from rich.table import Column

ROOT: Final = Path(__file__).parents[2]
LIBRARIES: Final = ("faust", "mode", "aiokafka")
NAMES: Final[dict[type | ModuleType, tuple[str, ...]]] = {
    # agents/broker/fetcher_patch.py
    fetcher: ("ConsumerRecord", "FetchResult", "READ_COMMITTED"),
    FetchResult: (
        *("getall", "check_assignment", "has_more"),
        *("calculate_backoff", "_topic_partition", "_partition_records", "_assignment", "_created"),
    ),
    PartitionRecords: (
        *("_records_iterator", "_records", "_check_crcs", "_isolation_level", "_consumer_record"),
        *("_aborted_transactions", "_aborted_producers", "_consume_aborted_up_to", "_contains_abort_marker"),
        "next_fetch_offset",
    ),
    Fetcher: (
        *("_fetch_task", "_pending_tasks", "_proc_fetch_request", "_fetch_max_wait_ms", "_isolation_level", "_records"),
        "close",
    ),
    consumer_module: ("Fetcher",),
    # agents/broker/fetcher_patch.py, transport.py
    TopicPartitionState: ("consumed_to", "has_valid_position", "position", "highwater", "lso", "timestamp"),
    Assignment: ("tps", "state_value", "active"),
    # agents/broker/membership.py, commits.py, unknown_topics.py; agents/liveness/symptoms.py
    GroupCoordinator: (
        *("_client", "_cluster", "_group_subscription", "_perform_assignment"),
        "_do_commit_offsets",
        "_do_heartbeat",
        "_do_rejoin_group",
        "reset_generation",
        "_push_error_to_user",
        "_coordination_task",
    ),
    # agents/broker/transport.py; agents/liveness/symptoms.py
    AIOKafkaConsumer: (
        "_coordinator",
        "_fetcher",
        "_closed",
        "_fetch_max_wait_ms",
        "_isolation_level",
        "_subscription",
    ),
    driver.AIOKafkaConsumerThread: ("_create_consumer", "_ensure_consumer", "_consumer", "seek_to_beginning"),
    ConsumerThread: ("_thread", "_stopped", "consumer", "_start_thread", "set_shutdown"),
    driver.Consumer: (
        *("_new_consumer_thread", "_thread", "_filter_committable_offsets", "_should_commit", "_commit_handler"),
        *("_read_offset", "_committed_offset", "_buffered_partitions", "_to_message", "_wait_next_records"),
        *("getmany", "wait_empty", "on_partitions_revoked", "highwaters", "perform_seek", "seek_to_committed"),
        *("flow_active", "can_resume_flow"),
    ),
    driver.Transport: ("Consumer",),
    # agents/worker/app.py, run.py
    App: (
        *("_crash", "_on_partitions_assigned", "_new_transport", "_new_consumer", "_fetcher"),
        *("on_rebalance_start", "on_rebalance_end", "consumer_generation_id"),
    ),
    faust.Worker: ("_on_sigterm", "_on_sigint"),
    # agents/state/faust_table.py
    faust.Table: ("_new_store", "apply_changelog_batch"),
    Store: (
        *("persisted_offset", "need_active_standby_for", "reset_state", "apply_changelog_batch"),
        *("on_rebalance", "on_recovery_completed"),
    ),
    # agents/liveness/symptoms.py
    mode.Service: ("_get_tasks", "_stopped", "_futures", "__wrapped__"),
    FaustFetcher: ("_fetcher",),
    Recovery: ("_restart_recovery", "_slurp_changelogs", "active_offsets"),
    Agent: ("_actors",),
    Actor: ("actor_task",),
    AIOKafkaProducer: ("_sender",),
    Sender: ("_sender_task",),
    # agents/cli/common.py
    Column: ("_cells",),
}
PROMISED: Final = {"_exit", "_replace"}
"""Of the standard library, documented."""


@pytest.mark.parametrize(
    ("owner", "name"),
    [pytest.param(owner, name, id=f"{owner.__name__}.{name}") for owner, names in NAMES.items() for name in names],
)
def test_the_installed_version_has_the_name(owner: type | ModuleType, name: str) -> None:
    """A class or module has it, or methods of the class set it on its objects."""
    assert hasattr(owner, name) or name in set(_attributes_set(owner))


def test_every_private_name_that_is_used_is_listed() -> None:
    """What is used of a library tomorrow is asked for in an upgrade too."""
    listed = {name for names in NAMES.values() for name in names}
    paths = [path for path in sorted(ROOT.glob("agents/**/*.py")) if path.name != "__main__.py"]
    used = {name: path for path in paths for name in _foreign_names(path)}
    assert len(used) > 30, "the search finds what is there"
    assert {name: str(path) for name, path in used.items() if name not in listed | PROMISED} == {}


def _attributes_set(owner: Any) -> Iterator[str]:
    """Yield every attribute that the methods of a class and of its bases set."""
    for each in inspect.getmro(owner) if inspect.isclass(owner) else ():
        for method in vars(each).values():
            code = getattr(inspect.unwrap(method), "__code__", None) if callable(method) else None
            waiting = [code] if isinstance(code, CodeType) else []
            while waiting:
                code = waiting.pop()
                yield from (step.argval for step in dis.get_instructions(code) if step.opname == "STORE_ATTR")
                waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _foreign_names(path: Path) -> Iterator[str]:
    """Yield the private names that a file uses and does not define, by ``getattr`` too, and those that it overrides."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    used, own = set[str](), set[str]()
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                own.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                own.add(name)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                if _is_private(name):
                    yield name
            case ast.Attribute(attr=name):
                used.add(name)
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
                used.add(name)
    yield from filter(_is_private, used - own)
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for made in vars(module).values():
        if inspect.isclass(made) and made.__module__ == module.__name__:
            bases = [base for base in made.__mro__ if base.__module__.partition(".")[0] in LIBRARIES]
            methods = [name for name, value in vars(made).items() if inspect.isfunction(value) and _is_private(name)]
            yield from (name for name in methods if any(name in vars(base) for base in bases))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def test_a_renamed_attribute_is_found() -> None:
    """The question can be answered with no: of a name that only another class has."""
    assert "_sender_task" in set(_attributes_set(Sender))
    assert "_sender_task" not in set(_attributes_set(AIOKafkaProducer))
