"""`crybsim demo`: something to look at in dashboards: a past that ends now, and then live telemetry."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from simulator.cli import backfill, emit
from simulator.cli.live_view import LiveView
from simulator.cli.loki import LokiOption
from simulator.cli.options import (
    AlertmanagerBinOption,
    AlertmanagerConfigOption,
    DryRunOption,
    LabelOption,
    OutOption,
    OverlayOption,
    ProfileArgument,
    PrometheusBinOption,
    PrometheusConfigOption,
    QuietOption,
    RulesOption,
)
from simulator.cli.overlays import team_overlays
from simulator.cli.remote_write import RemoteWriteOption
from simulator.cli.run_manifest import manifest_for
from simulator.cli.team import servers, team_files
from simulator.clock import WallClock
from simulator.errors import InputError
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.settings import load_settings
from simulator.rehearsal.live_history import ends_before_ms, prepare_history
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.standing_stack import StandingRequest, StandingUrls, stand
from simulator.streams.overlays import overlays_of
from simulator.telemetry.observations import Observation
from simulator.units import DAY

_DEFAULT_DAYS: Final = 2.0
_DEFAULT_LABEL: Final = "simulation=demo"


def command(
    profile: ProfileArgument,
    days: Annotated[
        float, typer.Option("--days", metavar="N", min=0.01, max=90, help="How long the past is.")
    ] = _DEFAULT_DAYS,
    remote_write: RemoteWriteOption = None,
    loki: LokiOption = None,
    label: LabelOption = None,
    rules: RulesOption = None,
    prometheus_config: PrometheusConfigOption = None,
    alertmanager_config: AlertmanagerConfigOption = None,
    overlay: OverlayOption = None,
    prometheus_bin: PrometheusBinOption = None,
    alertmanager_bin: AlertmanagerBinOption = None,
    guide_ports: Annotated[
        bool, typer.Option("--guide-ports", help="Prometheus on 9090 and Alertmanager on 9093, not on free ports.")
    ] = False,
    out: OutOption = None,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fill dashboards: the profile's past up to now, then its live telemetry, until Ctrl-C. Prints the addresses.

    Without further flags it goes into a local Prometheus and Alertmanager on copies of your files (--rules,
    --prometheus-config, --alertmanager-config; else crybsim.yaml's; else the reference ones); nothing leaves this
    machine. Results of recording rules are there for the last six hours at most. With --remote-write (and --loki) it
    goes into a stack that runs already, every series with a label that tells it from real ones (simulation=demo unless
    --label says otherwise).

    \b
    Examples:
      crybsim demo quiet-evening
      crybsim demo api-errors --days 7 --guide-ports
      crybsim demo quiet-evening --remote-write http://127.0.0.1:9090 --loki http://127.0.0.1:3100
    """
    if remote_write is None and loki is not None:
        raise InputError("--loki goes with --remote-write: the logs of a demo go where its metrics go")
    if remote_write is not None:
        if rules or prometheus_config or alertmanager_config or guide_ports:
            raise InputError("--remote-write leads to a stack that has its own rules and ports; leave those flags out")
        _into_given(profile, days, remote_write, loki, label or [_DEFAULT_LABEL], overlay, dry_run=dry_run, quiet=quiet)
        return
    if label:
        raise InputError("--label goes with --remote-write: in a local stack there is nothing else to tell it from")
    settings = load_settings()
    path = resolve_profile(profile)
    chosen = load_profile(path)
    overlays = overlays_of(chosen, path, team_overlays(settings, overlay))
    files = team_files(settings, rules, prometheus_config, alertmanager_config, overlays)
    programs = servers(settings, prometheus_bin, alertmanager_bin)
    local = LocalServers(files, programs)
    request = RehearsalRequest(profile=chosen, profile_path=str(path), overlays=overlays, local=(files, programs))
    told = f"{days:g} days of {chosen.name} up to now, then live, in a local Prometheus on {files.prometheus_config}"
    if dry_run:
        _say(f"would make {told}")
        return
    clock = WallClock()
    run = RunFolder.create("demo", clock.now_ms(), out)
    manifest = manifest_for(str(path), None, mode="emit", overlays=overlay)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with LiveView(console, clock, quiet=quiet) as view:
        history = prepare_history(
            request,
            local,
            run,
            manifest.model_copy(update={"started_ms": chosen.start_ms}),
            0,
            lambda done: view.work("history", done.samples, done.expected_samples),
            lambda _: None,
            shown_ms=round(days * DAY),
        )

    def ready(found: StandingUrls) -> None:
        for name, url in found.urls.items():
            typer.echo(f"{name:<12}  {url}")
        _say(f"{told}; add {found.urls['prometheus']} to Grafana as a Prometheus data source (15s); Ctrl-C ends it")

    begins = manifest.model_copy(update={"started_ms": clock.now_ms() + ends_before_ms(0)})
    stand(
        StandingRequest(begins, run, files, programs, guide_ports, history),
        clock,
        on_ready=ready,
        on_notification=_pass_over,
    )


def _into_given(
    profile: str,
    days: float,
    remote_write: str,
    loki: str | None,
    label: list[str],
    overlay: list[str] | None,
    *,
    dry_run: bool,
    quiet: bool,
) -> None:
    """The same as `backfill` and then `emit` on one manifest."""
    with tempfile.TemporaryDirectory(prefix="crybsim-demo-") as folder:
        manifest = Path(folder) / "manifest.json"
        manifest_for(profile, None, mode="emit", overlays=overlay).write(manifest)
        backfill.command(
            manifest=manifest,
            remote_write=remote_write,
            loki=loki,
            days=days,
            label=label,
            dry_run=dry_run,
            quiet=quiet,
        )
        if not dry_run:
            _say(
                f"the past is there; live into {remote_write} from now on, labelled {', '.join(label)}; Ctrl-C ends it"
            )
            emit.command(manifest=manifest, remote_write=remote_write, loki=loki, label=label, quiet=quiet)


def _pass_over(_: Observation) -> None:
    """Who is notified stands in the run folder."""


def _say(text: str) -> None:
    typer.echo(text, err=True)
