"""The team's rules over one platform in virtual time: a Prometheus of its own, filled and asked, then let go."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from simulator.clock import ManualClock, WallClock
from simulator.engine.density import Density
from simulator.engine.evaluate import Surroundings, VirtualEvaluation, evaluate_rules
from simulator.engine.groups import RuleGroup
from simulator.engine.rules import RuleSet
from simulator.engine.schedule import Grid, production_grid
from simulator.engine.server import RuleServer
from simulator.engine.two_resolutions import TwoResolutions
from simulator.errors import UnobservedError
from simulator.observers import PrometheusApi, SelectorObserver
from simulator.observers.selectors import Declared
from simulator.profile.manifest import Manifest
from simulator.rehearsal.figures.series import ReadSeries, active_alerts, read_report_series
from simulator.rehearsal.figures.truth import true_ratios
from simulator.rehearsal.history.platform_data import TeamPlatform, borrow, write_incident
from simulator.rehearsal.history.recorded_past import RecordedPast, RecordedResults
from simulator.rehearsal.request import Servers
from simulator.stack.local import LocalStack
from simulator.stack.virtual import start_virtual_prometheus
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import Observation
from simulator.transport import http_client
from simulator.units import SECOND

_BASELINE_MS: Final = 5 * SECOND
_PATIENCE_SECONDS: Final = 1800.0
"""For one query: it covers thousands of evaluations."""

OnWork = Callable[[str, int, int], None]
"""Long work: what it is, how much is done, of how much. Several threads may call it, one at a time."""


def _nobody(what: str, done: int, expected: int) -> None:
    """Looks on."""


@dataclass(frozen=True)
class RuleRun:
    """What is evaluated, and when: `warm` begins before the run, so that what should be firing by then is."""

    groups: tuple[RuleGroup, ...]
    rules: RuleSet
    warm: Interval
    config: str
    external_labels: dict[str, str]
    production_version: str  # of the server whose instants of evaluation are wanted
    external_url: str = ""
    thinned: Density | None = None  # of a long run: windows as long as its `full_ms` are asked of thinned samples
    past: RecordedPast | None = None  # evaluated before all that, where rules look back on what was recorded

    @property
    def surroundings(self) -> Surroundings:
        """What the rules see of the configuration."""
        return Surroundings(self.external_labels, self.external_url)


@dataclass(frozen=True)
class Evaluated:
    """The rules' own account, what their selectors saw, and what their expressions were worth."""

    evaluation: VirtualEvaluation
    selectors: tuple[Observation, ...]
    values: ReadSeries


@dataclass(frozen=True)
class _Started:
    """Servers that are up."""

    full: LocalStack
    thinned: LocalStack | None

    def how_one_ended(self) -> str:
        """How one of them died although nobody stopped it; empty where both live."""
        stacks = (self.full, self.thinned) if self.thinned else (self.full,)
        return next(filter(None, (stack.how_it_ended("prometheus") for stack in stacks)), "")


class VirtualPrometheus:
    """Evaluates incidents over one history of blocks. Each use has a server and a data folder of its own."""

    def __init__(self, servers: Servers, folder: Path, history: Path, platform: TeamPlatform, run: RuleRun) -> None:
        self._servers = servers
        self._folder = folder
        self._history = history
        self._platform = platform
        self._run = run
        self._recorded = RecordedResults(run.past, run.production_version, run.surroundings) if run.past else None

    @property
    def grids(self) -> tuple[Grid, ...]:
        """When production evaluates each group."""
        return tuple(
            production_grid(group.file, group.name, group.interval_ms, self._run.production_version)
            for group in self._run.groups
        )

    def evaluate(
        self, manifest: Manifest, name: str, declared: Declared | None = None, on_work: OnWork = _nobody
    ) -> Evaluated:
        """Evaluate the rules on this manifest's platform. With `declared`, selectors and values are looked at too.

        To be called by the main thread, as it starts servers.
        """
        with self._started(name) as started:
            return self._evaluate_on(started, manifest, declared, on_work)

    def evaluate_together(self, manifests: Mapping[str, Manifest]) -> dict[str, Evaluated]:
        """The same for several platforms at a time, by name; each has servers of its own."""
        with ExitStack() as stack:
            started = {name: stack.enter_context(self._started(name)) for name in manifests}
            pool = ThreadPoolExecutor(max(len(manifests), 1))
            try:
                waiting = {
                    name: pool.submit(self._evaluate_on, started[name], manifest, None)
                    for name, manifest in manifests.items()
                }
                return {name: future.result() for name, future in waiting.items()}
            finally:
                pool.shutdown(wait=False, cancel_futures=True)  # whoever still asks loses its server in a moment

    @contextmanager
    def _started(self, name: str) -> Iterator[_Started]:
        """A server on the history, and for a long run a second one for thinned samples."""
        folder = self._folder / name
        with ExitStack() as stack:
            full = stack.enter_context(self._server(folder))
            thinned = stack.enter_context(self._server(folder / "thinned")) if self._run.thinned else None
            yield _Started(full, thinned)

    @contextmanager
    def _server(self, folder: Path) -> Iterator[LocalStack]:
        data = folder / "data" / "prometheus"
        data.mkdir(parents=True)
        borrow(self._history, data)
        stack = LocalStack(folder, prometheus=self._servers.prometheus, alertmanager=self._servers.alertmanager)
        try:
            with stack:
                past, config = self._run.past, self._run.config
                config = past.config(config, self._run.warm.end_ms) if past else config
                start_virtual_prometheus(stack, config, data=data)
                yield stack
        finally:
            shutil.rmtree(data, ignore_errors=True)  # as big as the history, and made again from the same seed

    def _evaluate_on(
        self, started: _Started, manifest: Manifest, declared: Declared | None, on_work: OnWork = _nobody
    ) -> Evaluated:
        with ExitStack() as clients:

            def asked(stack: LocalStack) -> httpx.Client:
                return clients.enter_context(http_client(stack.prometheus_url, timeout=_PATIENCE_SECONDS))

            try:
                client = asked(started.full)
                server = RuleServer(client)
                write_incident(
                    manifest, self._platform, self._run.warm, server.write, on_progress=partial(on_work, "scrapes")
                )
                if started.thinned is not None and self._run.thinned is not None:
                    density, thinned = self._run.thinned, RuleServer(asked(started.thinned))
                    wanted = self._platform.before(density.full_ms)
                    write_incident(manifest, wanted, self._run.warm, thinned.write, density.old_step_ms)
                    server = TwoResolutions(server, thinned, density)
                return self._ask(server, client, manifest, declared, on_work)
            except UnobservedError as error:
                ended = started.how_one_ended()
                raise UnobservedError(f"prometheus {ended}: {error}" if ended else str(error)) from error

    def _ask(
        self,
        server: RuleServer,
        client: httpx.Client,
        manifest: Manifest,
        declared: Declared | None,
        on_work: OnWork,
    ) -> Evaluated:
        run = self._run
        if self._recorded is not None:
            self._recorded.write(server, partial(on_work, "recorded past"))
        evaluation = evaluate_rules(
            server, run.groups, run.warm, self.grids, run.surroundings, partial(on_work, "rules")
        )
        if declared is None:
            return Evaluated(evaluation, (), ReadSeries(()))
        api = PrometheusApi(client)
        selectors = self._look(manifest, api, declared)
        return Evaluated(evaluation, selectors, self._values(manifest, api, active_alerts(evaluation.observations)))

    def _values(self, manifest: Manifest, api: PrometheusApi, active: Collection[str]) -> ReadSeries:
        """What the alerts' expressions were worth during the run, and beside error ratios the true ones."""
        span = Interval(manifest.started_ms, manifest.ends_ms)
        version = self._servers.prometheus_version
        read = read_report_series(api, self._run.rules, span, version, WallClock(), active)
        return ReadSeries((*read.series, *true_ratios(manifest, read.series)), read.problem)

    def _look(self, manifest: Manifest, api: PrometheusApi, declared: Declared) -> tuple[Observation, ...]:
        """What selectors matched before the first fault, and by the end."""
        onset = min((fault.at for fault in manifest.profile.faults), default=None)
        looks = [manifest.ends_ms] if onset is None else [manifest.started_ms + onset - _BASELINE_MS, manifest.ends_ms]

        def look(at_ms: int) -> list[Observation]:
            observer = SelectorObserver(api, ManualClock(at_ms), declared)
            return observer.observe(self._run.rules.alerts, self._run.warm.start_ms)

        with ThreadPoolExecutor(len(looks)) as pool:
            return tuple(one for observed in pool.map(look, looks) for one in observed)
