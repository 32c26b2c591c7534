"""`crybsim rehearse`: an incident, the alerts it sets off, a verdict."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.consoles import report_console
from simulator.cli.live_view import LiveView
from simulator.cli.options import (
    AlertmanagerBinOption,
    AlertmanagerConfigOption,
    AlertmanagerUrlOption,
    JsonOption,
    OutOption,
    OverlayOption,
    ProductionOption,
    ProfileArgument,
    PrometheusBinOption,
    PrometheusConfigOption,
    PrometheusUrlOption,
    QuietOption,
    RulesOption,
    SeedOption,
    chosen_labels,
    flag_or_setting,
)
from simulator.cli.overlays import team_overlays
from simulator.cli.report import page_of, write_report
from simulator.cli.team import production_of, servers, team_files
from simulator.clock import WallClock
from simulator.errors import InputError
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.overlaid import catalogue_of
from simulator.profile.settings import load_settings
from simulator.rehearsal.comparison_record import load_comparison
from simulator.rehearsal.live.run import rehearse_live
from simulator.rehearsal.request import RehearsalRequest, StagingUrls
from simulator.rehearsal.virtual.run import rehearse_virtual
from simulator.report import render_json, render_junit, render_terminal
from simulator.streams.overlays import overlays_of


class RehearsalMode(StrEnum):
    """How time passes."""

    VIRTUAL = "virtual"
    LIVE = "live"


def command(
    profile: ProfileArgument,
    mode: Annotated[
        RehearsalMode | None,
        typer.Option(
            "--mode",
            help="virtual (default): as fast as it goes, after weeks of history; live: in real time, with load.",
        ),
    ] = None,
    rules: RulesOption = None,
    prometheus_config: PrometheusConfigOption = None,
    alertmanager_config: AlertmanagerConfigOption = None,
    overlay: OverlayOption = None,
    prometheus_url: PrometheusUrlOption = None,
    alertmanager_url: AlertmanagerUrlOption = None,
    prometheus_bin: PrometheusBinOption = None,
    alertmanager_bin: AlertmanagerBinOption = None,
    accept_engine: Annotated[
        bool, typer.Option("--accept-engine", help="Judge although production runs another major version.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Names that were not compared are inconclusive.")] = False,
    history: Annotated[
        bool, typer.Option("--history/--no-history", help="Live: begin with the weeks before as blocks (default).")
    ] = True,
    alertmanager_scale: Annotated[
        float | None,
        typer.Option(
            "--alertmanager-scale",
            metavar="N",
            min=1,
            max=100_000,
            help="Virtual: how many times as fast as time Alertmanager runs; 1 decides what compression left open.",
        ),
    ] = None,
    production: ProductionOption = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="NAME=VALUE",
            help="A running stack: the label that this run's series carry there; alerts without it are not graded.",
        ),
    ] = None,
    full_resolution: Annotated[
        bool, typer.Option("--full-resolution", help="Every scrape of the history, however old (slower).")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, max=64, help="Load generators.")] = 1,
    api_port: Annotated[int, typer.Option("--api-port", metavar="N", help="Port of the first API instance.")] = 0,
    scrape_port: Annotated[int, typer.Option("--scrape-port", metavar="N", help="Port of the emitter.")] = 0,
    seed: SeedOption = None,
    out: OutOption = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="The HTML report; default: in the run folder.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Rehearse an incident: drive the platform, break it as the profile says, and judge what reacted.

    The real Prometheus and Alertmanager run on copies of your files (--rules, --prometheus-config,
    --alertmanager-config; else crybsim.yaml's; else the reference ones), in which only the way to targets and receivers
    is changed. With --prometheus-url and --alertmanager-url a running stack is read instead.

    \b
    Examples:
      crybsim rehearse api-errors
      crybsim rehearse profiles/api-outage.yaml --rules 'rules/*.yml' --alertmanager-config alertmanager.yml
      crybsim rehearse quiet-evening --report quiet.html --json > verdict.json

    Exit codes: 0 pass, 1 fail, 2 bad usage or input, 3 inconclusive, 4 a fault of crybsim itself.
    """
    if report is not None and not report.absolute().parent.is_dir():
        raise InputError(f"--report {report}: there is no folder {report.parent}")
    settings = load_settings()
    path = resolve_profile(profile)
    chosen = load_profile(path)
    if seed is not None:
        chosen = chosen.model_copy(update={"seed": seed})
    overlays = overlays_of(chosen, path, team_overlays(settings, overlay))
    staging = _staging(
        flag_or_setting(prometheus_url, None), flag_or_setting(alertmanager_url, None), rules, prometheus_config
    )
    local = None
    if staging is None:
        local = (
            team_files(settings, rules, prometheus_config, alertmanager_config, overlays),
            servers(settings, prometheus_bin, alertmanager_bin),
        )
    request = RehearsalRequest(
        profile=chosen,
        profile_path=str(path),
        overlays=overlays,
        catalogue=load_comparison(settings.folder, catalogue_of(overlays)),
        local=local,
        staging=staging,
        production=production_of(settings, production),
        alertmanager_scale=alertmanager_scale,
        run_label=next(iter(chosen_labels([label])), None) if label else None,
        accept_engine_difference=accept_engine,
        strict=strict,
        full_resolution=full_resolution,
        history=history,
        out=out,
        api_port=api_port,
        scrape_port=scrape_port,
        load_workers=workers,
        allowed_hosts=settings.allowed_hosts,
        rerun=shlex.join(["crybsim", *sys.argv[1:]]),
    )
    clock = WallClock()
    console = report_console(stderr=True)
    with LiveView(console, clock, quiet=quiet) as view:
        rehearse = rehearse_live if staging or mode is RehearsalMode.LIVE else rehearse_virtual
        rehearsed = rehearse(request, clock=clock, view=view)
    verdict, folder = rehearsed.verdict, rehearsed.folder
    machine = render_json(verdict)
    folder.verdict.write_text(machine, encoding="utf-8")
    folder.junit.write_text(render_junit(verdict), encoding="utf-8")
    console.print(render_terminal(verdict, folder.path))
    page = report or folder.report
    write_report(page, page_of(verdict, folder))
    if as_json:
        sys.stdout.write(machine)
    return int(verdict.exit_code)


def _staging(
    prometheus_url: str | None, alertmanager_url: str | None, rules: list[str] | None, prometheus_config: Path | None
) -> StagingUrls | None:
    if prometheus_url is None and alertmanager_url is None:
        return None
    if prometheus_url is None or alertmanager_url is None:
        missing = "--prometheus-url" if prometheus_url is None else "--alertmanager-url"
        raise InputError(f"{missing} is missing: a running stack is read at both its Prometheus and its Alertmanager")
    if rules or prometheus_config:
        raise InputError("--prometheus-url reads a running stack, which has its own rules; leave --rules out")
    return StagingUrls(prometheus_url, alertmanager_url)
