"""Prometheus watched through its HTTP API: alert states, rule health, targets, and the final word of `ALERTS`.

Source of the API: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from simulator.clock import Clock, parse_rfc3339
from simulator.errors import RefusedError, UnobservedError
from simulator.telemetry.observations import (
    AlertObserved,
    AlertState,
    Gap,
    Observation,
    RecordingEvaluated,
    RuleEvaluated,
    TargetObserved,
)
from simulator.telemetry.samples import Labels, labels_of

FAILURES_BEFORE_GAP = 3
"""Polls that may fail in a row before it counts as not observed."""


class PrometheusApi:
    """The few calls of the API that a rehearsal makes. Each raises UnobservedError when the server does not answer."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, **params: str) -> Any:
        """The `data` of an answer."""
        try:
            asks = path.endswith(("/query", "/query_range"))  # these may be longer than a URL
            response = self._client.post(path, data=params) if asks else self._get(path, params)
            body = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnobservedError(f"prometheus did not answer {path}: {error or type(error).__name__}") from error
        if not isinstance(body, dict) or body.get("status") != "success":
            detail = body.get("error", body) if isinstance(body, dict) else body
            raise RefusedError(f"prometheus refused {path}: {detail}")
        return body["data"]

    def _get(self, path: str, params: dict[str, str]) -> httpx.Response:
        return self._client.get(path, params=params)

    def version(self) -> str:
        """The server's version, such as `2.42.0`."""
        version = self.get("/api/v1/status/buildinfo")["version"]
        return str(version).split("+")[0]

    def groups(self) -> list[dict[str, Any]]:
        """All rule groups, recordings included."""
        groups = self.get("/api/v1/rules")["groups"]
        return list(groups)

    def vector(self, query: str, at_ms: int | None = None) -> list[tuple[Labels, float]]:
        """The result of an instant query that gives a vector."""
        params = {"query": query} | ({"time": f"{at_ms / 1000:.3f}"} if at_ms is not None else {})
        data = self.get("/api/v1/query", **params)
        return [(labels_of(item["metric"]), float(item["value"][1])) for item in data["result"]]

    def matrix(self, query: str, at_ms: int) -> list[tuple[Labels, list[int]]]:
        """The instants (epoch ms) of the raw samples of an instant query on a range selector."""
        data = self.get("/api/v1/query", query=query, time=f"{at_ms / 1000:.3f}")
        return [
            (labels_of(item["metric"]), [round(float(at) * 1000) for at, _ in item["values"]])
            for item in data["result"]
        ]

    def query_range(
        self, query: str, instants: range, *, within_seconds: float
    ) -> list[tuple[Labels, list[tuple[int, float]]]]:
        """The result of a range query at evenly spaced instants (epoch ms): each series' (instant, value) pairs.

        The server gives up after `within_seconds`.
        """
        data = self.get(
            "/api/v1/query_range",
            query=query,
            start=f"{instants.start / 1000:.3f}",
            end=f"{instants[-1] / 1000:.3f}",
            step=f"{instants.step / 1000:.3f}",
            timeout=f"{round(within_seconds * 1000)}ms",
        )
        return [
            (labels_of(item["metric"]), [(round(float(at) * 1000), float(value)) for at, value in item["values"]])
            for item in data["result"]
        ]


@dataclass
class _Seen:
    state: AlertState
    group: str


class PrometheusObserver:
    """Turns what the API shows into observations, each told once: when it changes."""

    def __init__(self, api: PrometheusApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._alerts: dict[tuple[str, Labels], _Seen] = {}
        self._rules: dict[tuple[str, str], tuple[str, str]] = {}
        self._recordings: dict[tuple[str, str], tuple[str, str]] = {}  # those that failed once
        self._targets: dict[tuple[str, str], str] = {}
        self._failures = 0
        self._firing: list[tuple[str, Labels, int]] = []  # (alert, labels, since) of every firing told

    def poll(self) -> list[Observation]:
        """What changed since the last poll. Silent failures turn into one Gap after three polls in a row."""
        try:
            groups = self._api.groups()
            targets = self._api.get("/api/v1/targets", state="active")["activeTargets"]
        except UnobservedError as error:
            self._failures += 1
            if self._failures == FAILURES_BEFORE_GAP:
                return [Gap(self._clock.now_ms(), "prometheus", str(error))]
            return []
        self._failures = 0
        now = self._clock.now_ms()
        return [
            *self._alert_changes(groups, now),
            *self._rule_changes(groups, now),
            *self._target_changes(targets, now),
        ]

    def finish(self, began_ms: int) -> list[Observation]:
        """The last word: a poll, the health of every rule, and firings in `ALERTS` that no poll caught.

        Raises UnobservedError when Prometheus does not answer.
        """
        groups = self._api.groups()
        targets = self._api.get("/api/v1/targets", state="active")["activeTargets"]
        now = self._clock.now_ms()
        self._rules.clear()
        observations = [
            *self._alert_changes(groups, now),
            *self._rule_changes(groups, now),
            *self._target_changes(targets, now),
        ]
        observations.extend(self._missed_firings(groups, began_ms, now))
        return observations

    def _alert_changes(self, groups: list[dict[str, Any]], now: int) -> Iterator[Observation]:
        present: set[tuple[str, Labels]] = set()
        last_evaluation: dict[str, int] = {}
        for group, rule in _alerting(groups):
            evaluated_ms = _instant(rule.get("lastEvaluation"))
            last_evaluation[group["name"]] = evaluated_ms
            for alert in rule.get("alerts", ()):
                labels = labels_of({k: v for k, v in alert["labels"].items() if k != "alertname"})
                key = (rule["name"], labels)
                state = AlertState(alert["state"])
                present.add(key)
                seen = self._alerts.get(key)
                if seen is None or seen.state is not state:
                    self._alerts[key] = _Seen(state, group["name"])
                    since = _instant(alert.get("activeAt")) if state is AlertState.PENDING else evaluated_ms
                    if state is AlertState.FIRING:
                        self._firing.append((rule["name"], labels, since))
                    yield AlertObserved(now, rule["name"], labels, state, since or now, _number(alert.get("value")))
        for key in [key for key in self._alerts if key not in present]:
            seen = self._alerts.pop(key)
            yield AlertObserved(now, key[0], key[1], AlertState.INACTIVE, last_evaluation.get(seen.group) or now)

    def _rule_changes(self, groups: list[dict[str, Any]], now: int) -> Iterator[Observation]:
        for group, rule in _alerting(groups):
            health, error = rule.get("health", "unknown"), rule.get("lastError", "") or ""
            evaluated_ms = _instant(rule.get("lastEvaluation"))
            key = (group["name"], rule["name"])
            if self._rules.get(key) != (health, error):
                self._rules[key] = (health, error)
                labels = labels_of(rule.get("labels") or {})
                yield RuleEvaluated(now, group["name"], rule["name"], health, error, evaluated_ms, labels)
        for group, rule in _of_kind(groups, "recording"):
            health, error = rule.get("health", "unknown"), rule.get("lastError", "") or ""
            key = (group["name"], f"{rule['name']}{labels_of(rule.get('labels') or {})}")
            if health == "err" or key in self._recordings:
                if self._recordings.get(key) != (health, error):
                    yield RecordingEvaluated(now, group["name"], rule["name"], health, error)
                self._recordings[key] = (health, error)

    def _target_changes(self, targets: list[dict[str, Any]], now: int) -> Iterator[Observation]:
        for target in targets:
            job = target["labels"].get("job", target.get("scrapePool", ""))
            key = (job, target["labels"].get("instance", target["scrapeUrl"]))
            if self._targets.get(key) != target["health"]:
                self._targets[key] = target["health"]
                yield TargetObserved(now, key[0], key[1], target["health"], target.get("lastError", "") or "")

    def _missed_firings(self, groups: list[dict[str, Any]], began_ms: int, now: int) -> Iterator[Observation]:
        """Firing episodes that `ALERTS` recorded and no poll saw (shorter than the time between polls)."""
        intervals = {rule["name"]: round(float(group["interval"]) * 1000) for group, rule in _alerting(groups)}
        span_ms = max(now - began_ms, 1000)
        for labels, instants in self._api.matrix(f'ALERTS{{alertstate="firing"}}[{span_ms}ms]', now):
            named = dict(labels)
            alert = named.pop("alertname")
            for name in ("alertstate", "__name__"):
                named.pop(name, None)
            interval = intervals.get(alert, 60_000)
            key = labels_of(named)
            for first, last in _episodes(instants, gap_ms=2 * interval + 1000):
                told = any(
                    (name, known) == (alert, key) and first - 2 * interval <= since <= last + 2 * interval
                    for name, known, since in self._firing
                )
                if not told:
                    yield AlertObserved(now, alert, key, AlertState.FIRING, first)
                    if last + interval < now:
                        yield AlertObserved(now, alert, key, AlertState.INACTIVE, last + interval)


def _alerting(groups: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    return _of_kind(groups, "alerting")


def _of_kind(groups: list[dict[str, Any]], kind: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for group in groups:
        for rule in group["rules"]:
            if rule["type"] == kind:
                yield group, rule


def _episodes(instants: list[int], gap_ms: int) -> Iterator[tuple[int, int]]:
    """First and last instant of each unbroken stretch."""
    start = previous = None
    for at in instants:
        if start is None or previous is None or at - previous > gap_ms:
            if start is not None and previous is not None:
                yield start, previous
            start = at
        previous = at
    if start is not None and previous is not None:
        yield start, previous


def _instant(text: str | None) -> int:
    """Epoch milliseconds, or 0 for none (Prometheus writes year 1 for "never")."""
    if not text or text.startswith("0001-"):
        return 0
    return parse_rfc3339(text)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
