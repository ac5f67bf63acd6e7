"""What the commands ask an Alertmanager: its interface v2, and its own counters of messages."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final

import yaml
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from agents.cli.alerts.routing import Routing, RoutingError, read_routing
from agents.secrets import masked

_TIMEOUT_SECONDS: Final = 10
_MOST_BYTES: Final = 16_000_000
_SHOWN_CHARACTERS: Final = 300
_REQUESTS: Final = "alertmanager_notification_requests_total"
_FAILED: Final = "alertmanager_notification_requests_failed_total"


class AlertmanagerError(RuntimeError):
    """An Alertmanager that does not answer, or answers with something else; one line, its address masked."""


class Accepted(Struct, frozen=True):
    """What Alertmanager says of an alert that it has."""

    receivers: tuple[str, ...]
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]


class Attempts(Struct, frozen=True):
    """Messages that an integration has tried to deliver, and those of them that failed, since Alertmanager began."""

    requests: int = 0
    failed: int = 0


class Alertmanager:
    """One Alertmanager.

    Args:
        url: its address, with the path behind which it lies, if any; user and password may stand in it.
        password: of HTTP Basic, instead of the address's.

    Raises:
        AlertmanagerError: it is no http or https address.
    """

    def __init__(self, url: str, password: str = "") -> None:
        self.shown = masked(url)
        try:
            parts = urllib.parse.urlsplit(url)
            self._port = parts.port
        except ValueError as error:
            raise AlertmanagerError(f"{self.shown!r} is no address: {error}") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise AlertmanagerError(f"{self.shown!r} is no http:// or https:// address of an Alertmanager")
        self._base = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        user = urllib.parse.unquote(parts.username or "")
        given = password or urllib.parse.unquote(parts.password or "")
        login = base64.b64encode(f"{user}:{given}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}"} if user else {}

    def describe(self) -> tuple[str, Routing]:
        """Return its version and its routes.

        Raises:
            AlertmanagerError: it does not answer, or is no Alertmanager.
        """
        status = self._json("/api/v2/status")
        try:
            version, config = str(status["versionInfo"]["version"]), yaml.safe_load(status["config"]["original"])
            return version, read_routing(config)
        except (KeyError, TypeError, yaml.YAMLError, RoutingError) as error:
            raise AlertmanagerError(f"{self.shown}: its configuration cannot be read: {error}") from None

    def post(self, alert: Mapping[str, Any]) -> None:
        """Tell an alert, as Prometheus does.

        Raises:
            AlertmanagerError: it does not answer, or refuses the alert.
        """
        self._ask("/api/v2/alerts", json.dumps([alert]).encode())

    def find(self, label: str, value: str) -> Accepted | None:
        """Return what it says of the alert with a label; None when it has none.

        Raises:
            AlertmanagerError: it does not answer, or with something else than alerts.
        """
        wanted = urllib.parse.urlencode({"filter": f'{label}="{value}"'})
        found = self._json(f"/api/v2/alerts?{wanted}")
        try:
            for alert in found:
                state = alert["status"]
                return Accepted(
                    tuple(each["name"] for each in alert["receivers"]),
                    tuple(state["silencedBy"]),
                    tuple(state["inhibitedBy"]),
                )
        except (KeyError, TypeError) as error:
            raise AlertmanagerError(f"{self.shown}: an alert without {error}: is this an Alertmanager?") from None
        return None

    def attempts(self) -> dict[str, Attempts] | None:
        """Return its counters by integration; None where /metrics is not shown, behind a proxy for instance."""
        try:
            text = self._ask("/metrics").decode()
            counted: dict[str, dict[str, float]] = {}
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name in (_REQUESTS, _FAILED):
                        of = counted.setdefault(sample.labels["integration"], {})
                        of[sample.name] = of.get(sample.name, 0.0) + sample.value
        except (AlertmanagerError, ValueError, KeyError):
            return None
        return {name: Attempts(int(of.get(_REQUESTS, 0)), int(of.get(_FAILED, 0))) for name, of in counted.items()}

    def _json(self, path: str) -> Any:
        try:
            return json.loads(self._ask(path))
        except ValueError:
            raise AlertmanagerError(
                f"{self.shown}{path.partition('?')[0]}: no JSON: is this an Alertmanager?"
            ) from None

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        headers = {**self._headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self._base + path, body, headers)  # noqa: S310  # http or https, see above
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  # as above
                data: bytes = answer.read(_MOST_BYTES)
                return data
        except urllib.error.HTTPError as error:
            said = error.read(_SHOWN_CHARACTERS).decode("utf-8", "replace").strip()
            raise AlertmanagerError(f"{self.shown} answered {error.code}: {said or error.reason}") from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise AlertmanagerError(f"{self.shown}: no answer: {reason}") from None
