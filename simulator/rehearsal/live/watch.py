"""Watching a run: Prometheus and Alertmanager once a second, and their last word at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from simulator.clock import Clock
from simulator.engine.routes import group_waits_ms, longest_group_wait_ms
from simulator.engine.rules import RuleSet, rules_from_api
from simulator.errors import UnobservedError
from simulator.observers import AlertmanagerObserver, PrometheusApi, PrometheusObserver, SelectorObserver
from simulator.observers.selectors import Declared
from simulator.profile.manifest import Manifest
from simulator.telemetry.observations import FaultEdge, Gap, Observation
from simulator.transport import http_client
from simulator.units import parse_duration


class Watch:
    """The observers of one run, and what they learn about the engine. A context manager: it owns connections."""

    def __init__(
        self,
        prometheus_url: str,
        alertmanager_url: str,
        *,
        clock: Clock,
        declared: Declared,
        allowed_hosts: tuple[str, ...] = (),
        own: tuple[str, str] | None = None,
        left_out: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """`own` is the label that the run's own series carry, where they are among others; `left_out` are groups of
        rules that this Prometheus cannot load, in the shape of its rules API."""
        self._clock = clock
        self._exits = ExitStack()
        prometheus = self._exits.enter_context(http_client(prometheus_url, allowed=allowed_hosts))
        alertmanager = self._exits.enter_context(http_client(alertmanager_url, allowed=allowed_hosts))
        self.api = PrometheusApi(prometheus)
        self._prometheus = PrometheusObserver(self.api, clock)
        self._alertmanager = AlertmanagerObserver(alertmanager, clock)
        self._selectors = SelectorObserver(self.api, clock, declared, own)
        self._left_out = left_out
        self.rules = RuleSet((), {})
        self.began_ms = clock.now_ms()
        self.prometheus_version = ""
        self.alertmanager_version = ""
        self.scrape_interval_ms = 0
        self.evaluation_interval_ms = 0
        self.routes = ""
        self.group_wait_ms = 0
        self.group_waits_ms: Mapping[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.close()

    def learn(self) -> None:
        """Versions, rules and intervals, from the servers themselves. Raises UnobservedError."""
        self.prometheus_version = self.api.version()
        self.alertmanager_version = self._alertmanager.version()
        routes = self.routes = self._alertmanager.config()
        self.group_wait_ms, self.group_waits_ms = longest_group_wait_ms(routes), group_waits_ms(routes)
        groups = self.api.groups()
        self.rules = rules_from_api([*groups, *self._left_out])
        self.evaluation_interval_ms = max((round(float(g["interval"]) * 1000) for g in groups), default=0)
        self._learn_scrape_interval()

    def _learn_scrape_interval(self) -> None:
        """The longest of all targets'. A server that has just started knows none yet, so it is asked again later."""
        targets = self.api.get("/api/v1/targets", state="active")["activeTargets"]
        intervals = (parse_duration(target["scrapeInterval"]) for target in targets if "scrapeInterval" in target)
        self.scrape_interval_ms = max(intervals, default=self.scrape_interval_ms)

    def poll(self) -> list[Observation]:
        """What changed since the last poll."""
        return [*self._prometheus.poll(), *self._alertmanager.poll()]

    def look_for_series(self) -> list[Observation]:
        """What every alert's selectors have matched so far; a Gap where Prometheus does not answer."""
        try:
            return self._selectors.observe(self.rules.alerts, self.began_ms)
        except UnobservedError as error:
            return [Gap(self._clock.now_ms(), "prometheus", str(error))]

    def finish(self) -> list[Observation]:
        """The last word on alerts, rules and selectors; a Gap where Prometheus does not answer."""
        try:
            self._learn_scrape_interval()
            last = self._prometheus.finish(self.began_ms)
        except UnobservedError as error:
            return [Gap(self._clock.now_ms(), "prometheus", str(error))]
        return [*last, *self._alertmanager.poll(), *self.look_for_series()]


class FaultEdges:
    """The onset and end of every fault, told when their instants have come."""

    def __init__(self, manifest: Manifest) -> None:
        edges = [
            edge
            for fault in manifest.profile.faults
            for edge in (
                FaultEdge(manifest.started_ms + fault.at, fault.id, fault.kind, "onset"),
                FaultEdge(manifest.started_ms + fault.end, fault.id, fault.kind, "end"),
            )
        ]
        self._edges = sorted(edges, key=lambda edge: edge.at_ms)

    @property
    def first_onset_ms(self) -> int | None:
        """When the first fault that is still to come begins."""
        return next((edge.at_ms for edge in self._edges if edge.edge == "onset"), None)

    def due(self, now_ms: int) -> list[Observation]:
        """The edges up to now that were not told yet."""
        told = [edge for edge in self._edges if edge.at_ms <= now_ms]
        self._edges = self._edges[len(told) :]
        return list(told)
