"""`crybsim emit`: the telemetry of a platform that is not there."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from simulator.cli.emit_loki import LokiEmission
from simulator.cli.emit_remote import DEFAULT_SPOOL_MIB, SpoolLimitOption, opened
from simulator.cli.emit_sentry import SentryEmission, SentryOption, SentryRateOption, chosen_project
from simulator.cli.instants import parse_instant
from simulator.cli.loki import LokiFormatOption, LokiOption, LokiRateOption, LokiTenantOption, Target
from simulator.cli.options import (
    DryRunOption,
    JsonOption,
    LabelOption,
    ManifestOption,
    OverlayOption,
    PortOption,
    QuietOption,
    ShardOption,
    chosen_labels,
    chosen_shard,
)
from simulator.cli.remote_write import RemoteWriteOption, RemoteWriteRateOption, SpoolOption, chosen_endpoint
from simulator.cli.run_manifest import manifest_for
from simulator.clock import WallClock, rfc3339
from simulator.errors import InputError, SimulatorError, did_you_mean
from simulator.model.grid import origin_days
from simulator.profile.manifest import Manifest
from simulator.sinks.follower import Follower
from simulator.sinks.log_files import LogFiles, LogFollower
from simulator.sinks.scrape import RouteFile, ScrapeSink
from simulator.sinks.scrape_server import ScrapeServer
from simulator.streams.fault_marks import fault_marks
from simulator.streams.logs import ModelLogs
from simulator.streams.samples import ModelSamples
from simulator.streams.shards import WHOLE, Shard, ShardedSamples
from simulator.streams.snapshot import snapshot
from simulator.telemetry.samples import FamilyBlock, Labels, SampleSource
from simulator.units import DAY
from simulator.wire.exposition import encode_families

OptionalProfile = Annotated[
    str | None,
    typer.Argument(metavar="PROFILE", help="A profile: a path, or the name of a shipped or local one."),
]
RoutesOption = Annotated[
    Path | None,
    typer.Option("--routes", metavar="FILE", help="Who stands in for which target of a copied prometheus.yml."),
]

LogsOption = Annotated[
    Path | None,
    typer.Option("--logs", metavar="DIR", help="Write log lines too, into files below this folder."),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="Print this one instant and end: RFC 3339, or relative to the profile's start (-3h, +90s).",
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="With --remote-write or --loki: first what was due since then (-5m); default: from now on.",
    ),
]
JobOption = Annotated[
    list[str] | None, typer.Option("--job", metavar="JOB", help="With --at: only this scrape job; several times.")
]


def command(
    profile: OptionalProfile = None,
    manifest: ManifestOption = None,
    routes: RoutesOption = None,
    logs: LogsOption = None,
    port: PortOption = 0,
    at: AtOption = None,
    job: JobOption = None,
    label: LabelOption = None,
    remote_write: RemoteWriteOption = None,
    rate: RemoteWriteRateOption = None,
    spool: SpoolOption = None,
    spool_limit: SpoolLimitOption = DEFAULT_SPOOL_MIB,
    loki: LokiOption = None,
    loki_format: LokiFormatOption = "protobuf",
    loki_tenant: LokiTenantOption = "",
    loki_rate: LokiRateOption = None,
    since: SinceOption = None,
    sentry: SentryOption = None,
    sentry_rate: SentryRateOption = None,
    shard: ShardOption = None,
    overlay: OverlayOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Serve the metrics of the platform that a profile describes, moved by its traffic and its faults.

    / lists the endpoints (/metrics/JOB/INSTANCE, and /metrics/crybsim, which says when each fault acts and what was
    sent), /sd gives them to the http_sd_configs of a Prometheus. One JSON line on stdout says where it listens. With
    --logs, the log lines of every service are written as time goes by, in files laid out and rotated as on the
    platform's hosts; with --loki, they are pushed. With --remote-write, what scraping all targets would store is sent
    to a receiver, too. With --sentry, errors and a tenth of the transactions are reported as the platform would.

    With --at, the exposition of one instant of the profile's own time goes to stdout instead, all targets together.

    \b
    Examples:
      crybsim emit api-errors
      crybsim emit api-errors --at 2026-01-05T20:00:00Z
      crybsim emit api-errors --at +90s --job cryb-api --shard 1/4
      crybsim emit profiles/api-errors.yaml --port 9400 --logs /tmp/var/log
      crybsim emit api-errors --remote-write http://127.0.0.1:9090 --label simulation=demo
      crybsim emit api-errors --loki http://127.0.0.1:3100 --sentry SENTRY_DSN
    """
    part = chosen_shard(shard)
    labels = chosen_labels(label)
    receiver = None if remote_write is None else chosen_endpoint(remote_write)
    run = manifest_for(profile, manifest, mode="emit", overlays=overlay)
    if at is not None:
        begun = run if manifest else run.model_copy(update={"started_ms": run.profile.start_ms})
        _print_instant(begun, at, job, part, labels)
        return
    if job:
        raise InputError("--job goes with --at; a scrape names its job itself")
    if sentry is not None and part is not None and part.number != 1:
        raise InputError("--sentry: reports are not in shards; give it to shard 1 only")
    target = None if loki is None else Target.chosen(loki, loki_format, loki_tenant, loki_rate)
    project = None if sentry is None else chosen_project(sentry)
    clock = WallClock()
    since_ms = None if since is None else parse_instant(since, flag="--since", now_ms=clock.now_ms())
    console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
    with ExitStack() as cleanup:
        remote = None
        if dry_run:
            _tell_plan(run, part, logs, console)
            if receiver is not None:
                console.print(f"would send what scraping it stores to {receiver.url}", markup=False)
            if target is not None:
                console.print(f"would push its log lines to {target.endpoint.url}", markup=False)
            if project is not None:
                console.print(f"would report its errors to {project.url}, project {project.project}", markup=False)
            return
        if receiver is not None:
            opening = opened(
                receiver,
                run,
                manifest is not None,
                labels,
                part or WHOLE,
                console,
                clock,
                rate=rate,
                spool=spool,
                spool_limit=spool_limit,
                since_ms=since_ms,
            )
            remote = cleanup.enter_context(opening)
            run = remote.run
        followers: list[Follower] = [remote.follower] if remote else []
        if logs is not None:
            followers.append(LogFollower(ModelLogs(run, shard=part or WHOLE), LogFiles(logs), clock))
        pushed: list[LokiEmission | SentryEmission] = []
        if target is not None:
            pushed.append(LokiEmission(target, run, labels, part or WHOLE, console, clock, since_ms))
        if project is not None:
            pushed.append(SentryEmission(project, run, sentry_rate, console, clock))
        followers += [one.follower for one in pushed]
        source: SampleSource = ModelSamples(run)
        if part is not None:
            source = ShardedSamples(source, part)

        def own(times_ms: NDArray[np.int64]) -> Sequence[FamilyBlock]:
            return (fault_marks(run, times_ms), *(remote.own_families() if remote else ()))

        sink = ScrapeSink(source, clock, RouteFile(routes) if routes else None, labels=labels, own=own)
        try:
            asyncio.run(serve(sink, port, followers))
        finally:
            totals: dict[str, object] = {"remote_write": remote.conclude(console)} if remote else {}
            for one in pushed:
                totals |= one.conclude(console)
            if totals and as_json:
                typer.echo(json.dumps({"event": "ended", **totals}))
        if remote is not None:
            remote.raise_for_missing()
        for one in pushed:
            one.raise_for_missing()


def _tell_plan(run: Manifest, part: Shard | None, logs: Path | None, console: Console) -> None:
    """What would be done."""
    source = ModelSamples(run)
    targets = sum(len(source.instances(job)) for job in source.jobs())
    of = f" (shard {part})" if part else ""
    console.print(f"would serve {run.profile.name}{of} on 127.0.0.1: {targets} targets of {len(source.jobs())} jobs")
    if logs is not None:
        console.print(f"would write its log lines below {logs}")


def _print_instant(run: Manifest, at: str, jobs: list[str] | None, part: Shard | None, labels: Labels) -> None:
    """One instant's exposition. Without a given manifest wall time is the profile's own."""
    at_ms = parse_instant(at, flag="--at", now_ms=run.started_ms)
    oldest_ms = run.started_ms - origin_days(run.profile) * DAY
    if at_ms < oldest_ms:
        message = f"--at: {rfc3339(at_ms)} is before the platform was started"
        raise InputError(f"{message}; {rfc3339(oldest_ms)} at the earliest")
    source = ModelSamples(run)
    known = source.jobs()
    for name in jobs or ():
        if name not in known:
            raise InputError(f"--job: there is no job {name!r}{did_you_mean(name, known)} (jobs: {', '.join(known)})")
    typer.echo(encode_families(snapshot(source, at_ms, jobs, part, labels), 0), nl=False)


async def serve(sink: ScrapeSink, port: int, followers: Sequence[Follower] = ()) -> None:
    """Serve until SIGTERM; Ctrl-C is a KeyboardInterrupt. `followers` write meanwhile, and to the last record.

    Raises InputError when the port is taken, SimulatorError when a follower failed.
    """
    server = ScrapeServer(sink.answer)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    try:
        url = await server.start(port)
        sink.warm_up()
        for follower in followers:
            follower.start()
        typer.echo(json.dumps({"event": "ready", "urls": {"scrape": url}}))
        await stopped.wait()
    finally:
        await server.stop()
        sink.close()
        for follower in followers:
            follower.stop()
    for follower in followers:
        if follower.failure is not None:
            raise SimulatorError(f"{follower.name} stopped early: {follower.failure}") from follower.failure
