"""`campaign-pulse alerts test` against a real Alertmanager with something wrong; the rehearsal has what is right."""

import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from tests.observability.programs import program
from tests.observability.receiver import Receiver
from tests.observability.rehearsal import is_answered
from tests.observability.shipped_receivers import CONFIG, SECRETS, switched_on


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Alertmanager with Slack and a webhook switched on: nobody listens where Slack's secret leads."""
    path, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    with Receiver() as receiver:
        (path / "slack_url").write_text("http://127.0.0.1:1/slack\n")
        (path / "webhook_url").write_text(f"{receiver.url}/webhook\n")
        text = (
            switched_on(["slack", "webhook"]).replace(SECRETS, f"{path}/").replace("group_wait: 10s", "group_wait: 1s")
        )
        (path / "alertmanager.yml").write_text(text.replace("templates/*", f"{CONFIG.parent}/templates/*"))
        process = ChildProcess(
            "alertmanager",
            [
                program("alertmanager"),
                f"--config.file={path}/alertmanager.yml",
                f"--storage.path={path}/data",
                "--cluster.listen-address=",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            log_path=path / "alertmanager.log",
        )
        process.start()
        try:
            url = f"http://127.0.0.1:{port}"
            assert wait_until(lambda: is_answered(f"{url}/-/ready"), timeout_seconds=60.0), process.log_tail(20)
            yield url
        finally:
            process.stop()


def _test(url: str, *options: str) -> Result:
    return CliRunner().invoke(cli, ["alerts", "test", "--alertmanager", url, *options])


def test_who_is_not_reached_is_told_from_who_is(alertmanager: str) -> None:
    """Attempts that fail are counted as such while Alertmanager tries again; the other message went out."""
    done = _test(alertmanager, "--wait", "5")
    assert done.exit_code == 1, done.output
    assert "receiver campaign-team: Slack, webhook" in done.output
    assert "webhook: handed over\n" in done.output
    (slack,) = [line for line in done.output.splitlines() if line.startswith("Slack: ")]
    assert re.search(r"\d attempts? failed\. Alertmanager's log has the answer", slack)
    assert "the test alert is ended" in done.output
