"""`crybsim sweep`: one fault at many intensities, and where each alert trips."""

from __future__ import annotations

import csv
import io
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from simulator.cli.live_view import LiveView
from simulator.cli.options import (
    AlertmanagerBinOption,
    AlertmanagerConfigOption,
    JsonOption,
    OverlayOption,
    PrometheusBinOption,
    PrometheusConfigOption,
    QuietOption,
    RulesOption,
    SeedOption,
)
from simulator.cli.overlays import team_overlays
from simulator.cli.report import write_report
from simulator.cli.sweep_rate import LASTS, WARM_UP, sweep_rate
from simulator.cli.team import production_of, servers, team_files
from simulator.clock import WallClock
from simulator.errors import ExitCode, InputError
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.settings import load_settings
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.sweeps.sweep import Range, fault_of, sweep
from simulator.report.sweep_document import Sweep, sweep_schema
from simulator.report.sweep_page import render_sweep_page
from simulator.report.sweep_terminal import render_sweep
from simulator.streams.overlays import overlays_of


def command(
    profile: Annotated[str | None, typer.Argument(metavar="PROFILE", help="A profile, as for rehearse.")] = None,
    fault: Annotated[
        str | None, typer.Option("--fault", metavar="ID", help="Which fault; not needed where there is but one.")
    ] = None,
    points: Annotated[int, typer.Option("--points", metavar="N", min=2, max=200, help="Intensities to try.")] = 20,
    lowest: Annotated[
        str | None, typer.Option("--lowest", metavar="X", help="The smallest intensity (0.001), or arrival rate.")
    ] = None,
    highest: Annotated[
        str | None, typer.Option("--highest", metavar="X", help="The largest one (1), such as 500/s of a rate.")
    ] = None,
    arrival_rate: Annotated[
        bool,
        typer.Option("--arrival-rate", help="Instead: the highest rate of requests that keeps the load's thresholds."),
    ] = False,
    host: Annotated[
        list[str] | None, typer.Option("--host", metavar="URL", help="Of --arrival-rate: the API; may be repeated.")
    ] = None,
    threshold: Annotated[
        list[str] | None, typer.Option("--threshold", metavar="TEXT", help="Of --arrival-rate: as for load.")
    ] = None,
    lasts: Annotated[
        str, typer.Option("--lasts", metavar="D", help="Of --arrival-rate: how long each rate is held, at least.")
    ] = LASTS,
    warm_up: Annotated[
        str, typer.Option("--warm-up", metavar="D", help="Of --arrival-rate: not judged, before that.")
    ] = WARM_UP,
    processes: Annotated[
        int, typer.Option("--processes", metavar="N", min=1, max=64, help="Of --arrival-rate: generator processes.")
    ] = 1,
    rules: RulesOption = None,
    prometheus_config: PrometheusConfigOption = None,
    alertmanager_config: AlertmanagerConfigOption = None,
    overlay: OverlayOption = None,
    prometheus_bin: PrometheusBinOption = None,
    alertmanager_bin: AlertmanagerBinOption = None,
    seed: SeedOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the page with plots there.")
    ] = None,
    as_csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a row for each dose there.")
    ] = None,
    as_json: JsonOption = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of --json and stop.")] = False,
    quiet: QuietOption = False,
) -> int:
    """Try a fault at many intensities in virtual time: from which one on each alert fires, and how fast.

    The first are spread over the range, the others halve what is not known of each alert. An alert that trips at the
    same intensity whatever its threshold is (a ratio taken series by series is always 1) is called insensitive.

    \b
    Examples:
      crybsim sweep api-errors --fault bad-release
      crybsim sweep profiles/slow-api.yaml --points 12 --html sweep.html
      crybsim sweep api-errors --rules 'rules/*.yml' --lowest 0.01 --json > sweep.json
      crybsim sweep quiet-evening --arrival-rate --threshold "http p95 < 300ms" --lowest 20/s

    With --arrival-rate each rate is held for a while after a warm-up, by an open model; rates are doubled until the
    thresholds break, then halved. 1: even the lowest is not borne; 3: the generator, not the target, was the limit.

    Exit codes: 0 done, 2 bad usage or input, 3 a rule could not be evaluated, 4 a fault of crybsim itself.
    """
    if schema:
        typer.echo(sweep_schema(), nl=False)
        return int(ExitCode.PASS)
    if profile is None:
        raise InputError("which profile? `crybsim profile list` shows the ones that are here")
    if not arrival_rate:
        smallest, largest = _intensity("--lowest", lowest, 0.001), _intensity("--highest", highest, 1.0)
        if not 0 < smallest < largest <= 1:
            raise InputError(
                f"--lowest {smallest:g}, --highest {largest:g}: intensities lie above 0 and up to 1, lowest first"
            )
    for flag, path in (("--html", html), ("--csv", as_csv)):
        if path is not None and not path.absolute().parent.is_dir():
            raise InputError(f"{flag} {path}: there is no folder {path.parent}")
    if arrival_rate:
        if fault is not None or as_csv is not None:
            raise InputError("--arrival-rate: sweeps the load; --fault and --csv are about a fault's intensity")
        return sweep_rate(
            profile,
            hosts=host or (),
            thresholds=threshold or (),
            lowest=lowest,
            highest=highest,
            lasts=lasts,
            warm_up=warm_up,
            points=points,
            processes=processes,
            seed=seed,
            html=html,
            as_json=as_json,
            quiet=quiet,
        )
    settings = load_settings()
    found = resolve_profile(profile)
    chosen = load_profile(found)
    if seed is not None:
        chosen = chosen.model_copy(update={"seed": seed})
    overlays = overlays_of(chosen, found, team_overlays(settings, overlay))
    clock = WallClock()
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="crybsim-sweep-") as folder:
        request = RehearsalRequest(
            profile=chosen,
            profile_path=str(found),
            overlays=overlays,
            local=(
                team_files(settings, rules, prometheus_config, alertmanager_config, overlays),
                servers(settings, prometheus_bin, alertmanager_bin),
            ),
            production=production_of(settings, None),
            out=Path(folder),
            rerun=shlex.join(["crybsim", *sys.argv[1:]]),
        )
        swept = fault_of(request, fault)
        with LiveView(console, clock, quiet=quiet) as view:
            result = sweep(request, swept, Range(smallest, largest, points), clock=clock, view=view)
    if html is not None:
        write_report(html, render_sweep_page(result))
    if as_csv is not None:
        write_report(as_csv, _csv(result))
    if as_json:
        console.print(render_sweep(result))
        sys.stdout.write(result.model_dump_json(indent=2) + "\n")
    else:
        Console(highlight=False).print(render_sweep(result))
    return int(ExitCode.INCONCLUSIVE if result.not_evaluated else ExitCode.PASS)


def _intensity(flag: str, text: str | None, default: float) -> float:
    try:
        return default if text is None else float(text)
    except ValueError as error:
        raise InputError(f"{flag} {text}: is no intensity; write a number such as 0.05") from error


def _csv(result: Sweep) -> str:
    """A row for each dose and each alert that fired at any: milliseconds, empty where it did not."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("intensity", "error_ratio", "alert", "detect_ms", "workbook_ms"))
    for dose in result.doses:
        reactions = {reaction.alert: reaction for reaction in dose.reactions}
        for trip in result.trips:
            reaction = reactions.get(trip.alert)
            times = (reaction.detect_ms, reaction.workbook_ms) if reaction else (None, None)
            writer.writerow((dose.intensity, dose.error_ratio, trip.alert, *times))
    return text.getvalue()
