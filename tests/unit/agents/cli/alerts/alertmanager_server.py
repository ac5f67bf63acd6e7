"""A server that answers like an Alertmanager, and can be told what becomes of messages."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.serving import QuietHandler, Serving

SHIPPED = Path(__file__).parents[5] / "alertmanager" / "alertmanager.yml"


class AlertmanagerServer(Serving):
    """Takes every alert; ``receivers`` get it, and each integration of ``counts`` answers with (attempts, failures)."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.config = config or yaml.safe_load(SHIPPED.read_text())
        self.receivers = ["campaign-team"]
        self.silenced_by: list[str] = []
        self.counts: dict[str, tuple[int, int]] = {}
        self.failures_late_seconds = 0.0
        """For how long after the first look at an attempt it is not counted that it failed."""
        self._first_look: float | None = None
        self.shows_metrics = True
        self.shows_alerts = True
        self.posted: list[dict[str, Any]] = []
        self.logins: list[str | None] = []
        server = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                server.logins.append(self.headers["Authorization"])
                status, text = server.answer(self.path)
                self.answer(status, text.encode())

            def do_POST(self) -> None:
                server.posted += json.loads(self.body())
                self.answer(200)

        super().__init__(Handler)

    def answer(self, address: str) -> tuple[int, str]:
        """Return status and text of an answer."""
        parts = urlsplit(address)
        if parts.path == "/api/v2/status":
            said = {"versionInfo": {"version": "0.31.1"}, "config": {"original": yaml.safe_dump(self.config)}}
            return 200, json.dumps(said)
        if parts.path == "/api/v2/alerts":
            (wanted,) = parse_qs(parts.query)["filter"]
            found = [
                {
                    "labels": alert["labels"],
                    "receivers": [{"name": name} for name in self.receivers],
                    "status": {"silencedBy": self.silenced_by, "inhibitedBy": []},
                }
                for alert in self.posted[:1]
                if self.shows_alerts and wanted == f'pulse_test="{alert["labels"]["pulse_test"]}"'
            ]
            return 200, json.dumps(found)
        if parts.path == "/metrics" and self.shows_metrics:
            return 200, self._metrics()
        return 404, "404 page not found"

    def _metrics(self) -> str:
        lines = []
        if self.posted and self._first_look is None:
            self._first_look = time.monotonic()
        is_late = self._first_look is not None and time.monotonic() - self._first_look < self.failures_late_seconds
        # What others were told before has been counted already.
        for name, place in (("requests", 0), ("requests_failed", 1)):
            full = f"alertmanager_notification_{name}_total"
            lines.append(f"# TYPE {full} counter")
            for integration in ("slack", "email", "webhook"):
                told = self.counts.get(integration, (0, 0))[place] if self.posted else 0
                is_missing = is_late and name == "requests_failed"
                lines.append(f'{full}{{integration="{integration}"}} {7 + (0 if is_missing else told)}')
        return "\n".join(lines) + "\n"
