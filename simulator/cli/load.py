"""`crybsim load`: drive a profile's load, at the reference API or at a host of yours, and judge it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from simulator.cli.load_cleanup import clean, clean_earlier, is_run
from simulator.cli.load_machines import WAIT_SECONDS, master_address, work
from simulator.cli.load_report import LoadResult, write_result
from simulator.cli.load_smoke import smoke as run_smoke
from simulator.cli.load_target import Aim, choose_aim, ready_users, users_note
from simulator.cli.load_view import LoadView, show_result
from simulator.cli.options import JsonOption, OutOption, ProfileArgument, QuietOption, SeedOption
from simulator.cli.overlays import team_overlays
from simulator.clock import WallClock
from simulator.errors import ExitCode, InputError
from simulator.load.cleanup import CleanedUp
from simulator.load.dead_man import DeadMan
from simulator.load.judgement import judge_load
from simulator.load.live_metrics import LiveMetrics
from simulator.load.locust_run import LocustRun, free_port
from simulator.load.rendezvous import LOCUST_PORT, Rendezvous
from simulator.load.totals import UNITS
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.load_plan import plans_of
from simulator.profile.manifest import Manifest, profile_hash
from simulator.profile.schema import Profile, Scenario
from simulator.profile.settings import Limits, Settings, load_settings
from simulator.profile.thresholds import parse_threshold
from simulator.rehearsal.live.lead import lead_ms
from simulator.rehearsal.live.platform import LivePlatform
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.processes import Children, spawn
from simulator.streams.overlays import overlays_of
from simulator.telemetry.observations import LoadEnded
from simulator.transport import check_host
from simulator.units import SECOND, format_rate, parse_duration

_INTERRUPTED = 130
_LEAD_MS = 4 * SECOND  # and one more for each process: until all are up, so that nothing of the plan is missed
_POLL_SECONDS = 0.2
_MOST_PER_USER_MINUTE = 100  # the API's default limit (platform contract, 1.6)


def command(
    profile: ProfileArgument,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="URL", help="Drive this API instead of a reference API; may be repeated."),
    ] = None,
    users: Annotated[
        int | None, typer.Option("--users", metavar="N", min=1, help="Virtual users at most; the rate stays planned.")
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", metavar="N", min=1, max=64, help="Generator processes (one a core).")
    ] = 1,
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="D", help="How long, such as 2m, instead of the profile's.")
    ] = None,
    locustfile: Annotated[
        list[Path] | None,
        typer.Option(
            "--locustfile",
            metavar="FILE",
            help="Drive your own Locust users; the rate counts their iterations. May be repeated.",
        ),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            "--threshold", metavar="TEXT", help="Judge by this, too, such as 'http p95 < 300ms'; may be repeated."
        ),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option("--target", metavar="FILE", help="How this API differs from the contract, and who its users are."),
    ] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Run each journey once and show the status of every route; no load.")
    ] = False,
    cleanup: Annotated[
        bool,
        typer.Option("--cleanup", help="Remove what the users made: after the run, or (PROFILE a run folder) now."),
    ] = False,
    master: Annotated[
        bool, typer.Option("--master", help="The workers come from other machines; this one leads and judges.")
    ] = False,
    master_bind: Annotated[
        str, typer.Option("--master-bind", metavar="HOST[:PORT]", help="Where they reach it; the port after it, too.")
    ] = "127.0.0.1",
    expect_workers: Annotated[
        int, typer.Option("--expect-workers", metavar="N", min=1, help="How many processes it waits for.")
    ] = 1,
    worker: Annotated[bool, typer.Option("--worker", help="Take part in a master's run, with --processes.")] = False,
    master_host: Annotated[
        str, typer.Option("--master-host", metavar="HOST", help="Of --worker: the master's machine.")
    ] = "127.0.0.1",
    master_port: Annotated[
        int, typer.Option("--master-port", metavar="PORT", help="Of --worker: its port.")
    ] = LOCUST_PORT,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", metavar="PORT", help="Serve the load's own figures to Prometheus there."),
    ] = None,
    web_ui: Annotated[bool, typer.Option("--web-ui", help="Show Locust's web UI meanwhile, on this machine.")] = False,
    seed: SeedOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Drive a profile's load and judge it.

    Without --host the reference API is started and stopped with the run, broken by the profile's faults. With --host
    the load goes to an API that is running already; a host other than this machine must stand in crybsim.yaml under
    allowed_hosts, or in the profile under load.allowed_hosts. The rate is the profile's traffic times load.scale,
    whatever the number of users; latencies count from the instant at which a request was to leave. The profile's
    thresholds decide (load.thresholds), or --threshold.

    \b
    Examples:
      crybsim load api-errors
      crybsim load quiet-evening --host http://127.0.0.1:3001 --web-ui
      crybsim load quiet-evening --locustfile locustfile.py --host http://127.0.0.1:8080
      crybsim load quiet-evening --target staging.yaml --smoke
      crybsim load --cleanup runs/quiet-evening-20260105-200000
      crybsim load quiet-evening --threshold "http p95 < 300ms" --threshold "error ratio < 1 %"

    Exit codes: 0 the rate was driven and all thresholds were kept; 1 one was broken, or too many requests failed; 3 the
    rate was not reached, the generator was the bottleneck, or there was too little to judge a threshold by.
    """
    settings = load_settings()
    if worker:
        if master:
            raise InputError("--master, --worker: a process is one or the other")
        return work(
            profile,
            master_host=master_host,
            master_port=master_port,
            processes=processes,
            settings=settings,
            target=target,
            out=out,
            console=Console(stderr=True),
        )
    bind = master_address(master_bind) if master else None
    aim = choose_aim(target, host, settings)
    console = Console(stderr=True)
    if cleanup and is_run(profile):
        return clean_earlier(profile, aim, settings.allowed_hosts, console, as_json=as_json)
    path = resolve_profile(profile)
    chosen = _with_flags(
        load_profile(path), users=users, duration=duration, seed=seed, thresholds=threshold, limits=settings.limits
    )
    allowed = settings.load_hosts(chosen)
    _check_hosts(aim.hosts, allowed)
    for file in locustfile or ():
        if not file.is_file():
            raise InputError(f"--locustfile {file}: there is no such file")
    ready_users(aim, chosen, processes, allowed, console)
    clock = WallClock()
    invite: Rendezvous | None = None
    if bind is not None:
        if not aim.hosts or locustfile:
            raise InputError("--master: needs a --host that every machine reaches, and no --locustfile")
        processes = expect_workers
        invite = Rendezvous(bind[0], bind[1] + 1, clock)
        console.print(f"waiting for {processes} workers at {bind[0]}:{bind[1]}", highlight=False)
        invite.wait_for(processes, WAIT_SECONDS)
    run = RunFolder.create(chosen.name, clock.now_ms(), out)
    instances = 0 if aim.hosts else chosen.platform.instances.api
    manifest = Manifest(
        run_id=run.run_id,
        mode="live",
        profile=chosen,
        profile_sha256=profile_hash(chosen),
        profile_path=str(path),
        seed=chosen.seed,
        started_ms=clock.now_ms() + lead_ms(_LEAD_MS + SECOND * (instances + processes)),
        overlays=overlays_of(chosen, path, team_overlays(settings, None)),
    )
    manifest.write(run.manifest)
    if invite is not None:
        invite.invite(run.manifest.read_text("utf-8"), tuple(aim.hosts), tuple(chosen.load.scenarios))
    if smoke:
        return run_smoke(run, manifest, aim, console, as_json=as_json)
    if not quiet:
        for line in filter(None, (*_introduction(chosen, list(aim.hosts)), users_note(aim, chosen))):
            console.print(line, highlight=False, soft_wrap=True)
    ended, interrupted, cleaned = _drive(
        run,
        manifest,
        aim,
        processes,
        console,
        clock,
        bind=bind,
        locustfiles=locustfile or (),
        web_ui=web_ui,
        settings=settings,
        metrics_port=metrics_port,
        cleanup=cleanup,
        quiet=quiet,
    )
    if invite is not None:
        invite.close()
    judgement = judge_load(
        ended, tolerance=chosen.load.tolerance, errors_expected=bool(chosen.faults) and not aim.hosts
    )
    told = LoadResult(
        outcome=judgement.outcome.name.lower(),
        findings=judgement.findings,
        load=ended,
        target=_target(aim.hosts),
        rerun=shlex.join(["crybsim", *sys.argv[1:]]),
        cleanup=cleaned,
    )
    result = write_result(run, manifest, told)
    show_result(console, ended, judgement)
    console.print(f"run folder: {run.path}", highlight=False, soft_wrap=True)
    if as_json:
        sys.stdout.write(result.decode())
    if interrupted:
        return _INTERRUPTED
    untidy = cleaned is not None and cleaned.failed and judgement.outcome is ExitCode.PASS
    return int(ExitCode.INCONCLUSIVE if untidy else judgement.outcome)


def _drive(
    run: RunFolder,
    manifest: Manifest,
    aim: Aim,
    processes: int,
    console: Console,
    clock: WallClock,
    *,
    bind: tuple[str, int] | None,
    cleanup: bool,
    locustfiles: Sequence[Path],
    web_ui: bool,
    settings: Settings,
    metrics_port: int | None,
    quiet: bool,
) -> tuple[LoadEnded, bool, CleanedUp | None]:
    """The whole run, from the first process to the last: its totals, whether Ctrl-C ended it, and what was removed."""
    interrupted = False
    with Children() as children:
        platform = LivePlatform(run, manifest, children)
        if not aim.hosts:
            platform.start_api()
        web_port = free_port() if web_ui else None
        load = LocustRun(
            run.manifest,
            aim.hosts or platform.api_urls,
            run.path,
            spawn,
            workers=processes,
            bind=bind,
            web_port=web_port,
            allowed_hosts=settings.load_hosts(manifest.profile),
            locustfiles=locustfiles,
            target=aim.path,
            dead_man=DeadMan(settings.limits.errors, settings.limits.errors_for) if aim.hosts else None,
        )
        live = None if metrics_port is None else children.enter_context(LiveMetrics(metrics_port))
        children.callback(load.stop)
        load.start()
        if live is not None:
            console.print(f"figures for Prometheus: {live.url}", highlight=False)
        if web_port is not None:
            console.print(f"Locust's web UI: http://127.0.0.1:{web_port}", highlight=False)
        try:
            with LoadView(console, manifest.profile.duration, quiet=quiet) as view:
                _follow(load, manifest, view, clock, live)
        except KeyboardInterrupt:
            interrupted = True
            console.print("stopping early; Ctrl-C again to stop at once")
        ended = load.finish()
        if not aim.hosts and not locustfiles:  # a team's own users may call their requests whatever they like
            ended = platform.account(load, ended)
        if died := [f"{child.name} {child.how_it_ended()}" for child in children.ended()]:
            ended = replace(ended, problem="; ".join(filter(None, (*died, ended.problem))))
        allowed = settings.load_hosts(manifest.profile)
        cleaned = clean(run.path, manifest, aim, allowed, console) if cleanup else None
    return ended, interrupted, cleaned


def _with_flags(
    profile: Profile,
    *,
    users: int | None,
    duration: str | None,
    seed: int | None,
    thresholds: list[str] | None,
    limits: Limits,
) -> Profile:
    """The profile as the flags and crybsim.yaml's limits change it. Raises InputError."""
    changes: dict[str, object] = {}
    if duration is not None:
        try:
            changes["duration"] = parse_duration(duration)
        except ValueError as error:
            raise InputError(f"--duration: {error}") from error
        if not changes["duration"]:
            raise InputError("--duration: a run of no length drives no load")
    if seed is not None:
        changes["seed"] = seed
    most = users or profile.load.max_users
    each = max(1, limits.users // len(profile.load.scenarios)) if limits.users else most
    load: dict[str, object] = {"max_users": min(most, each)}
    if thresholds:
        load["thresholds"] = (*profile.load.thresholds, *map(_threshold, thresholds))
    changes["load"] = profile.load.model_copy(update=load)
    changed = profile.model_copy(update=changes)
    peak = sum(plan.peak for plan in plans_of(changed).values())
    if limits.rate is not None and peak > limits.rate:
        raise InputError(
            f"the profile drives up to {format_rate(peak)}, crybsim.yaml allows {format_rate(limits.rate)}; "
            f"lower load.scale or raise limits.rate"
        )
    return changed


def _threshold(text: str) -> str:
    try:
        return parse_threshold(text).text
    except ValueError as error:
        raise InputError(f"--threshold: {error}") from error


def _target(hosts: Collection[str]) -> str:
    return ", ".join(hosts) if hosts else "the reference API, not your platform"


def _introduction(profile: Profile, hosts: list[str] | None) -> list[str]:
    target = _target(hosts or ())
    plans = plans_of(profile)
    planned = ", ".join(f"{plan.turns:,.0f} {UNITS[scenario]}" for scenario, plan in plans.items())
    lines = [f"load: {profile.name}, about {planned}; target: {target}"]
    plan = plans.get(Scenario.HTTP)
    if plan is None:
        return lines
    per_minute = 60 * plan.peak / profile.load.max_users
    if per_minute > _MOST_PER_USER_MINUTE:
        lines.append(
            f"note: {profile.load.max_users} users send {per_minute:.0f} requests a minute each; the platform answers "
            f"429 above {_MOST_PER_USER_MINUTE}. Raise load.max_users."
        )
    return lines


def _check_hosts(hosts: Collection[str], allowed: Collection[str]) -> None:
    """Raises InputError for what is no base URL, and for a host that was not allowed."""
    for host in hosts:
        url = httpx.URL(host)
        if url.scheme not in ("http", "https") or not url.host:
            raise InputError(f"--host {host}: is not a base URL; write one like http://127.0.0.1:3001")
        check_host(url.host, allowed)


def _follow(load: LocustRun, manifest: Manifest, view: LoadView, clock: WallClock, live: LiveMetrics | None) -> None:
    """Until the plan's end, or until the generator is gone."""
    while clock.now_ms() < manifest.ends_ms and load.running:
        for measured in load.poll():
            view.show(measured)
        if live is not None:
            live.show(load.metrics())
        view.tick(manifest.elapsed_ms(clock.now_ms()))
        time.sleep(_POLL_SECONDS)
    for measured in load.poll():
        view.show(measured)
