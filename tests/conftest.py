"""Shared fixtures and the choice of the broker: one broker and one Redis server for the whole test session.

They fail and never skip when a wheel is missing or a server does not start: a suite that quietly leaves the broker out
proves nothing.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from agents.embedded.servers import EmbeddedBroker, EmbeddedError, EmbeddedRedis
from tests import brokers, hypothesis_profile, stores


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that chooses the broker of all tests that need one."""
    parser.addoption(
        "--broker",
        choices=[kind.value for kind in brokers.BrokerKind],
        default=brokers.BrokerKind.EMBEDDED.value,
        help="broker of the tests: embedded (default), kafka (Apache Kafka, one node), kafka3 (three nodes)",
    )
    parser.addoption(
        "--store",
        choices=stores.STORES,
        default=stores.STORES[0],
        help="where workers keep their copy of the state, in tests that do not try both",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the broker before anything is imported that starts one, the store, and how properties are tried."""
    hypothesis_profile.load()
    brokers.select(config.getoption("--broker"))
    stores.select(config.getoption("--store"))
    if brokers.chosen() is not brokers.BrokerKind.EMBEDDED:
        # kafka-python forgets to close sockets on which it tried to reach a node that is down.
        config.addinivalue_line("filterwarnings", "ignore:unclosed <socket:ResourceWarning")


def pytest_report_header() -> str:
    """Say which broker it is, with its version."""
    try:
        return f"broker: {brokers.describe()}"
    except brokers.BrokerError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests of other brokers; why is said at the end of the run."""
    chosen = brokers.chosen()
    reasons: Counter[str] = Counter()
    others = []
    for item in items:
        marker = item.get_closest_marker("brokers")
        if marker is None:
            continue
        kinds, reason = {brokers.BrokerKind(kind) for kind in marker.args}, marker.kwargs.get("reason")
        if not kinds or not reason:
            raise pytest.UsageError(f"{item.nodeid}: the marker `brokers` needs kinds of brokers and a reason")
        if chosen not in kinds:
            others.append(item)
            reasons[reason] += 1
    if others:
        items[:] = [item for item in items if item not in set(others)]
        config.hook.pytest_deselected(items=others)
    config.stash[_REASONS] = reasons
    if hasattr(config, "workeroutput"):  # one of several processes (pytest-xdist): the first one has the terminal
        config.workeroutput["left_out"] = dict(reasons)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process of pytest-xdist left out; all of them leave out the same."""
    node.config.stash[_REASONS] = Counter(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which tests were left out under this broker, and why."""
    for reason, count in config.stash.get(_REASONS, Counter()).items():
        terminalreporter.write_line(f"{count} not run with --broker {brokers.chosen()}: {reason}")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A command that runs inside a test sets levels and handlers for its own process; the next test has them as before.

    Without it a test that reads the log passed or failed by what had run before it in the same process.
    """
    root, loggers = logging.getLogger(), logging.Logger.manager.loggerDict
    levels = {each.name: each.level for each in loggers.values() if isinstance(each, logging.Logger)}
    root_level, handlers = root.level, root.handlers[:]
    yield
    for each in loggers.values():
        if isinstance(each, logging.Logger):
            each.setLevel(levels.get(each.name, logging.NOTSET))
    root.setLevel(root_level)
    root.handlers[:] = [each for each in root.handlers if each in handlers] + [
        each for each in handlers if each not in root.handlers
    ]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name what is no text by its kind, not by its bytes: a gzip file holds the second at which it was made.

    Processes of pytest-xdist that began in different seconds had collected different tests, and none was run.
    """
    if isinstance(val, bytes) and not (val.isascii() and val.decode("ascii").isprintable()):
        return "binary"
    return None


_REASONS = pytest.StashKey[Counter[str]]()


@pytest.fixture(scope="session")
def broker() -> Iterator[brokers.Broker]:
    """The chosen broker, shared by the session: use topics and groups with names of your own."""
    running = brokers.make_broker()
    try:
        running.start()
    except (EmbeddedError, brokers.BrokerError) as error:
        pytest.fail(str(error), pytrace=False)
    yield running
    running.close()


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """The embedded broker, whatever was chosen: for tests that are about it."""
    running = EmbeddedBroker()
    try:
        running.start()
    except EmbeddedError as error:
        pytest.fail(str(error), pytrace=False)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def embedded_redis() -> Iterator[EmbeddedRedis]:
    """A Redis server shared by the session: use a key prefix of your own."""
    server = EmbeddedRedis()
    try:
        server.start()
    except EmbeddedError as error:
        pytest.fail(str(error), pytrace=False)
    yield server
    server.stop()
