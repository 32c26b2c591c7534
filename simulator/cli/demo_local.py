"""The part of `crybsim demo` that brings its own Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from rich.console import Console

from simulator.cli.demo_grafana import fill_grafana, opened_to
from simulator.cli.ending import Terminated, sigterm_ends_it
from simulator.cli.live_view import LiveView
from simulator.cli.panels_view import tell_panels
from simulator.clock import Clock, WallClock
from simulator.engine.panels import read_dashboard
from simulator.errors import UnobservedError
from simulator.observers import PrometheusApi
from simulator.profile.incidents import Staged
from simulator.profile.manifest import Manifest
from simulator.profile.overlay import OverlayFile
from simulator.rehearsal.dashboards.checking import catalogued_names, look_at
from simulator.rehearsal.dashboards.looking import PanelSeen
from simulator.rehearsal.live.history import LiveHistory, ends_before_ms, prepare_history, remove_blocks
from simulator.rehearsal.live.standing_stack import StandingRequest, StandingUrls, stand
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.request import RehearsalRequest, Servers, TeamFiles
from simulator.rehearsal.run_folder import RunFolder
from simulator.telemetry.observations import Observation
from simulator.transport import http_client
from simulator.units import DAY

_FIRST_SCRAPES_SECONDS: Final = 90.0
_QUERY_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 1.0
_NOT_YET: Final = "unknown"


@dataclass(frozen=True)
class LocalDemo:
    """What is to be shown, and by which files and programs. `shown` are the dashboards' files."""

    staged: Staged
    profile_path: str
    overlays: tuple[OverlayFile, ...]
    past_ms: int
    files: TeamFiles
    programs: Servers
    shown: Sequence[Path]

    def run(
        self,
        *,
        grafana_url: str | None,
        listen: str | None,
        guide_ports: bool,
        thinned: bool,
        out: Path | None,
        dry_run: bool,
        as_json: bool,
        quiet: bool,
    ) -> None:
        """Until Ctrl-C. Raises what `stand` raises."""
        local = LocalServers(self.files, self.programs)
        profile = self.staged.profile
        past = f"{self.past_ms / DAY:g} days of {profile.name} up to now, then live"
        told = f"{past}, in a local Prometheus on {self.files.prometheus_config}"
        if dry_run:
            _say(f"would make {told}")
            return
        clock = WallClock()
        run = RunFolder.create("demo", clock.now_ms(), out)
        manifest = self._manifest(run)
        history = self._history(local, run, manifest, clock, thinned=thinned, quiet=quiet)

        def ready(found: StandingUrls) -> None:
            prometheus = found.urls["prometheus"]
            for name, url in found.urls.items():
                typer.echo(f"{name:<12}  {url}", err=as_json)
            for not_evaluated in found.not_evaluated:
                _say(not_evaluated)
            gateway = gateways.enter_context(opened_to(listen, prometheus))
            places = {} if grafana_url is None else fill_grafana(grafana_url, prometheus, gateway, self.shown)
            for title, place in places.items():
                typer.echo(f"{title:<12}  {place}", err=as_json)
            _say(f"{told}; add {prometheus} to Grafana as a Prometheus data source (15s); Ctrl-C ends it")
            try:
                seen = self._seen(prometheus, manifest, clock)
            except UnobservedError as error:
                _say(f"panels were not looked at: {error}")
                return
            tell_panels(seen, as_json=as_json, urls=found.urls, dashboards=places)

        begins = manifest.model_copy(update={"started_ms": clock.now_ms() + ends_before_ms(0) - self.staged.lead_ms})
        try:
            with sigterm_ends_it(), ExitStack() as gateways:
                stand(
                    StandingRequest(begins, run, self.files, self.programs, guide_ports, history),
                    clock,
                    on_ready=ready,
                    on_notification=_pass_over,
                )
        except Terminated:
            return
        finally:  # they are big, and kept for the next demo
            remove_blocks(run.data / "prometheus", history.end_ms(begins.started_ms))

    def _manifest(self, run: RunFolder) -> Manifest:
        """The run in the profile's own time."""
        profile = self.staged.profile
        return Manifest(
            run_id=run.path.name,
            mode="emit",
            profile=profile,
            profile_path=self.profile_path,
            seed=profile.seed,
            started_ms=profile.start_ms,
            overlays=self.overlays,
        )

    def _history(
        self, local: LocalServers, run: RunFolder, manifest: Manifest, clock: Clock, *, thinned: bool, quiet: bool
    ) -> LiveHistory:
        """The past, made now or by an earlier demo, in the profile's own time."""
        request = RehearsalRequest(
            profile=self.staged.profile,
            profile_path=self.profile_path,
            overlays=self.overlays,
            local=(self.files, self.programs),
            full_resolution=not thinned,
        )
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        began = clock.monotonic()
        with LiveView(console, clock, quiet=quiet) as view:
            history = prepare_history(
                request,
                local,
                run,
                manifest,
                0,
                lambda done: view.work("history", done.samples, done.expected_samples),
                lambda told: None if quiet else _say(told),
                shown_ms=self.past_ms,
                into_ms=self.staged.lead_ms,
            )
        if not quiet:
            _say(f"history is there ({clock.monotonic() - began:.1f} s)")
        return history

    def _seen(self, prometheus_url: str, manifest: Manifest, clock: Clock) -> list[PanelSeen]:
        """Which panels have data, as soon as everything has been scraped and every rule evaluated."""
        with http_client(prometheus_url, timeout=_QUERY_SECONDS) as client:
            _await_first_scrapes(PrometheusApi(client), clock)
            dashboards = [read_dashboard(path) for path in self.shown]
            return list(look_at(dashboards, clock.now_ms(), prometheus=client, catalogued=catalogued_names(manifest)))


def _await_first_scrapes(api: PrometheusApi, clock: Clock) -> None:
    """Wait until every target was scraped and every rule evaluated, or for long enough."""
    deadline = clock.monotonic() + _FIRST_SCRAPES_SECONDS
    while clock.monotonic() < deadline:
        try:
            targets = api.get("/api/v1/targets", state="active")["activeTargets"]
            health = {target["health"] for target in targets}
            health |= {rule["health"] for group in api.groups() for rule in group["rules"]}
        except UnobservedError:
            health = {_NOT_YET}
        if _NOT_YET not in health:
            return
        clock.sleep(_POLL_SECONDS)


def _pass_over(_: Observation) -> None:
    """Who is notified stands in the run folder."""


def _say(text: str) -> None:
    typer.echo(text, err=True)
