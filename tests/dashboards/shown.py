"""A Prometheus that holds what the dashboards ask for: a profile's platform scraped as monitoring/ says, its rules
evaluated, both in virtual time. Everything is the machinery of a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import numpy as np

from simulator.engine.evaluate import evaluate_rules
from simulator.engine.groups import groups_from_api
from simulator.engine.panels import Dashboard, Panel, Target, read_dashboard
from simulator.engine.schedule import production_grid
from simulator.engine.selectors import selectors_of
from simulator.engine.server import QueryError, RangeResult, RuleServer, WrittenSeries
from simulator.engine.variables import Language
from simulator.profile.manifest import Manifest, profile_hash
from simulator.profile.schema import Profile
from simulator.rehearsal.history.platform_data import TeamPlatform, borrow, cached_history, history_of, write_incident
from simulator.rehearsal.history.team_scrapes import read_jobs
from simulator.resources import shipped
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.routes import map_routes
from simulator.stack.virtual import rule_groups_as_loaded, start_virtual_prometheus
from simulator.streams.fault_marks import fault_marks
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import labels_of
from simulator.transport import http_client
from simulator.units import HOUR, MINUTE, SECOND

FOLDER: Final = shipped("monitoring") / "grafana" / "dashboards"
_NOBODY: Final = "http://127.0.0.1:9"


def shipped_dashboards() -> tuple[Dashboard, ...]:
    """The reference dashboards."""
    return tuple(read_dashboard(path) for path in sorted(FOLDER.glob("*.json")))


@dataclass(frozen=True)
class Answer:
    """What a target of a panel got for the time shown."""

    dashboard: Dashboard
    panel: Panel
    target: Target
    expr: str
    result: RangeResult | None
    error: str = ""

    @property
    def place(self) -> str:
        return f"{self.dashboard.title} / {self.panel.title} / {self.target.ref}"

    def series(self) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
        """The values of each series. NaN is none: a quantile of no events, which Grafana leaves out too."""
        if self.result is None:
            return []
        rows = (row[there] for row, there in zip(self.result.values, self.result.present, strict=True))
        return [row[~np.isnan(row)] for row in rows if not np.isnan(row).all()]

    @property
    def moves(self) -> bool:
        """Whether a series is not constant."""
        return any(len(np.unique(row)) > 1 for row in self.series())


@dataclass(frozen=True)
class Shown:
    """A Prometheus with a platform's telemetry, and the time that the dashboards show."""

    client: httpx.Client
    server: RuleServer
    manifest: Manifest
    times_ms: np.ndarray[tuple[int, ...], np.dtype[np.int64]]

    @property
    def step_ms(self) -> int:
        return int(self.times_ms[1] - self.times_ms[0])

    def ask(self, dashboard: Dashboard, panel: Panel, target: Target) -> Answer:
        """Evaluate a target over the time shown, as Grafana would send it."""
        range_ms = int(self.times_ms[-1] - self.times_ms[0])
        expr = dashboard.filled(target.expr, step_ms=self.step_ms, range_ms=range_ms)
        try:
            return Answer(dashboard, panel, target, expr, self.server.range(expr, self.times_ms))
        except QueryError as error:
            return Answer(dashboard, panel, target, expr, None, str(error))

    def answers(self) -> Iterator[Answer]:
        """What every PromQL target of the reference dashboards gets."""
        for dashboard in shipped_dashboards():
            for panel in dashboard.panels:
                for target in panel.targets:
                    if target.language is Language.PROMQL:
                        yield self.ask(dashboard, panel, target)


def asked_names() -> frozenset[str]:
    """The sample names that the reference dashboards read."""
    names: set[str] = set()
    for dashboard in shipped_dashboards():
        for panel in dashboard.panels:
            for target in panel.targets:
                if target.language is Language.PROMQL:
                    expr = dashboard.filled(target.expr, step_ms=MINUTE, range_ms=HOUR)
                    names.update(selector.metric for selector in selectors_of(expr))
    return frozenset(names)


def manifest_of(profile: Profile) -> Manifest:
    """A virtual run of a profile."""
    return Manifest(
        run_id="dashboards",
        mode="virtual",
        profile=profile,
        profile_sha256=profile_hash(profile),
        profile_path="dashboards",
        seed=profile.seed,
        started_ms=profile.start_ms,
    )


@contextmanager
def shown(
    profile: Profile, binaries: Binaries, folder: Path, *, history_ms: int, rules_ms: int, step_ms: int = MINUTE
) -> Iterator[Shown]:
    """Prometheus with the profile's run after `history_ms` of history, rules evaluated during its last `rules_ms`."""
    manifest = manifest_of(profile)
    config = PrometheusConfig.read(shipped("monitoring") / "prometheus" / "prometheus.yml")
    groups = groups_from_api(rule_groups_as_loaded(config.rules_only(), prometheus=binaries.prometheus.path))
    read = {selector.metric for group in groups for rule in group.rules for selector in selectors_of(rule.expr)}
    table = map_routes(config.jobs, ModelSamples(manifest, everything=True), upstreams={})
    copy = config.copy(emitter_url=_NOBODY, alertmanager_url=_NOBODY, without=table.left_out)
    jobs = read_jobs(copy, default_ports=True)
    platform = TeamPlatform(jobs, table.routes, copy, frozenset(asked_names() | read))
    evaluated = Interval(manifest.ends_ms - rules_ms, manifest.ends_ms)
    written = Interval(min(manifest.started_ms, evaluated.start_ms), manifest.ends_ms)
    blocks = cached_history(history_of(manifest, platform, written.start_ms, history_ms), platform, lambda _: None)
    data = folder / "data" / "prometheus"
    data.mkdir(parents=True)
    borrow(blocks, data)
    with LocalStack(folder, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path) as stack:
        url = start_virtual_prometheus(stack, config.without_rules(), data=data)
        with http_client(url, timeout=1800) as client:
            server = RuleServer(client)
            write_incident(manifest, platform, written, server.write)
            server.write(_marks(manifest, evaluated))
            version = binaries.prometheus.version
            grids = [production_grid(group.file, group.name, group.interval_ms, version) for group in groups]
            evaluate_rules(server, groups, evaluated, grids)
            times_ms = np.arange(evaluated.start_ms + step_ms, evaluated.end_ms, step_ms, dtype=np.int64)
            yield Shown(client, server, manifest, times_ms)


def _marks(manifest: Manifest, span: Interval) -> list[WrittenSeries]:
    times_ms = np.arange(span.start_ms, span.end_ms, 15 * SECOND, dtype=np.int64)
    block = fault_marks(manifest, times_ms)
    return [
        WrittenSeries(labels_of({**dict(series.labels), "__name__": block.name}), times_ms, block.values[:, column])
        for column, series in enumerate(block.series)
    ]
