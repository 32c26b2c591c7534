"""Alertmanager watched through its API v2: which receivers an alert is routed to, and what keeps it quiet.

Source of the API: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

from typing import Any

import httpx

from simulator.clock import Clock
from simulator.errors import UnobservedError
from simulator.observers.prometheus import FAILURES_BEFORE_GAP
from simulator.telemetry.observations import AlertmanagerObserved, Gap, Observation
from simulator.telemetry.samples import labels_of


class AlertmanagerObserver:
    """Turns `/api/v2/alerts` into observations, each told when an alert's routing or state changes."""

    def __init__(self, client: httpx.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._seen: dict[str, AlertmanagerObserved] = {}
        self._failures = 0

    def version(self) -> str:
        """The server's version, such as `0.25.0`. Raises UnobservedError."""
        return str(self._status()["versionInfo"]["version"]).split("+")[0]

    def config(self) -> str:
        """The configuration it runs on, as YAML with secrets masked. Raises UnobservedError."""
        return str(self._status()["config"]["original"])

    def _status(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client.get("/api/v2/status").raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnobservedError(f"alertmanager did not answer: {error or type(error).__name__}") from error
        return answer

    def poll(self) -> list[Observation]:
        """What changed since the last poll; a Gap after three failures in a row."""
        try:
            alerts = self._client.get("/api/v2/alerts").raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            self._failures += 1
            if self._failures == FAILURES_BEFORE_GAP:
                reason = f"alertmanager did not answer: {error or type(error).__name__}"
                return [Gap(self._clock.now_ms(), "alertmanager", reason)]
            return []
        self._failures = 0
        now = self._clock.now_ms()
        changes: list[Observation] = []
        for alert in alerts:
            named = dict(alert["labels"])
            status = alert["status"]
            observed = AlertmanagerObserved(
                at_ms=now,
                alert=named.pop("alertname", ""),
                labels=labels_of(named),
                state=status["state"],
                receivers=tuple(sorted(receiver["name"] for receiver in alert["receivers"])),
                inhibited_by=tuple(status.get("inhibitedBy") or ()),
                silenced_by=tuple(status.get("silencedBy") or ()),
                fingerprint=alert["fingerprint"],
                muted_by=tuple(status.get("mutedBy") or ()),
            )
            before = self._seen.get(observed.fingerprint)
            if before is None or _apart_from_time(before) != _apart_from_time(observed):
                self._seen[observed.fingerprint] = observed
                changes.append(observed)
        return changes


def _apart_from_time(alert: AlertmanagerObserved) -> tuple[object, ...]:
    return (alert.state, alert.receivers, alert.inhibited_by, alert.silenced_by, alert.muted_by)
