"""`crybsim demo`: something to look at in dashboards: a past that ends now, and then live telemetry."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from simulator.cli.demo_grafana import GrafanaOption, ListenOption
from simulator.cli.demo_local import LocalDemo
from simulator.cli.demo_remote import RemoteDemo
from simulator.cli.loki import LokiOption
from simulator.cli.options import (
    AlertmanagerBinOption,
    AlertmanagerConfigOption,
    DashboardsOption,
    DryRunOption,
    JsonOption,
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
from simulator.cli.panels_view import dashboard_files
from simulator.cli.remote_write import RemoteWriteOption
from simulator.cli.team import servers, team_files
from simulator.errors import InputError
from simulator.profile.incidents import Incident, with_incidents
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.settings import load_settings
from simulator.streams.overlays import overlays_of
from simulator.units import DAY

_DEFAULT_DAYS: Final = 2.0
_DEFAULT_LABEL: Final = "simulation=demo"


def command(
    profile: ProfileArgument,
    days: Annotated[
        float, typer.Option("--days", metavar="N", min=0.01, max=90, help="How long the past is.")
    ] = _DEFAULT_DAYS,
    incident: Annotated[
        list[str] | None,
        typer.Option(
            "--incident",
            metavar="KIND@-3h",
            help="A fault of this kind (crybsim catalog faults), so long before now, or after: KIND@+10m; for 30m, "
            "or as in KIND@-3h/2h; may be given several times.",
        ),
    ] = None,
    dashboards: DashboardsOption = None,
    grafana_url: GrafanaOption = None,
    listen: ListenOption = None,
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
    thinned: Annotated[
        bool,
        typer.Option(
            "--thinned", help="Of all but the last 7 hours a sample in 2 minutes only: less to make and keep."
        ),
    ] = False,
    out: OutOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fill dashboards: the profile's past up to now, then its live telemetry, until Ctrl-C.

    Prints the addresses, then how many panels of the dashboards (--dashboards, else crybsim.yaml's, else the reference
    ones) have data, and why each other one has none.

    Without further flags it goes into a local Prometheus and Alertmanager on copies of your files (--rules,
    --prometheus-config, --alertmanager-config; else crybsim.yaml's; else the reference ones); nothing leaves this
    machine. Results of recording rules are there for the last six hours at most. With --remote-write (and --loki) it
    goes into a stack that runs already, every series with a label that tells it from real ones (simulation=demo unless
    --label says otherwise); started again, it fills the gap since it ended.

    With --grafana-url the data source, a folder and the dashboards are made in a Grafana that runs, by its HTTP API
    (token: GRAFANA_TOKEN in the environment). One in a container reaches Prometheus where --listen lets it.

    \b
    Examples:
      crybsim demo quiet-evening
      crybsim demo quiet-evening --days 30 --incident http_errors@-3h --incident database_slow@-2d/1h
      crybsim demo api-errors --days 7 --guide-ports --dashboards 'dashboards/*.json'
      crybsim demo quiet-evening --grafana-url http://127.0.0.1:3000 --listen 172.17.0.1
      crybsim demo quiet-evening --remote-write http://127.0.0.1:9090 --loki http://127.0.0.1:3100
    """
    if remote_write is None and loki is not None:
        raise InputError("--loki goes with --remote-write: the logs of a demo go where its metrics go")
    settings = load_settings()
    path = resolve_profile(profile)
    past_ms = round(days * DAY)
    loaded = load_profile(path)
    loaded = loaded.model_copy(update={"history": loaded.history.model_copy(update={"length": past_ms})})
    staged = with_incidents(loaded, [Incident.parse(text) for text in incident or ()])
    overlays = overlays_of(staged.profile, path, team_overlays(settings, overlay))
    shown = dashboard_files(dashboards, settings)
    if remote_write is not None:
        if rules or prometheus_config or alertmanager_config or guide_ports or listen or grafana_url:
            raise InputError("--remote-write leads to a stack that has its own rules and ports; leave those flags out")
        RemoteDemo(staged, str(path), overlays, past_ms, remote_write, loki, label or [_DEFAULT_LABEL], shown).run(
            thinned=thinned, dry_run=dry_run, as_json=as_json, quiet=quiet
        )
        return
    if label:
        raise InputError("--label goes with --remote-write: in a local stack there is nothing else to tell it from")
    files = team_files(settings, rules, prometheus_config, alertmanager_config, overlays)
    programs = servers(settings, prometheus_bin, alertmanager_bin)
    LocalDemo(staged, str(path), overlays, past_ms, files, programs, shown).run(
        grafana_url=grafana_url,
        listen=listen,
        guide_ports=guide_ports,
        thinned=thinned,
        out=out,
        dry_run=dry_run,
        as_json=as_json,
        quiet=quiet,
    )
