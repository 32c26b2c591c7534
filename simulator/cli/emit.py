"""`crybsim emit`: the telemetry of a platform that is not there."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.instants import parse_instant
from simulator.cli.options import ManifestOption, OverlayOption, PortOption, ShardOption, chosen_shard
from simulator.cli.run_manifest import manifest_for
from simulator.clock import Clock, WallClock, rfc3339
from simulator.errors import InputError, SimulatorError, did_you_mean
from simulator.model.grid import origin_days
from simulator.profile.manifest import Manifest
from simulator.sinks.log_files import LogFiles, LogFollower
from simulator.sinks.scrape import RouteFile, ScrapeSink
from simulator.sinks.scrape_server import ScrapeServer
from simulator.streams.logs import ModelLogs
from simulator.streams.samples import ModelSamples
from simulator.streams.shards import WHOLE, Shard, ShardedSamples
from simulator.streams.snapshot import snapshot
from simulator.telemetry.samples import SampleSource
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
    shard: ShardOption = None,
    overlay: OverlayOption = None,
) -> None:
    """Serve the metrics of the platform that a profile describes, moved by its traffic and its faults.

    / lists the endpoints (/metrics/JOB/INSTANCE). One JSON line on stdout says where it listens. With --logs, the log
    lines of every service are written as time goes by, in files laid out and rotated as on the platform's hosts.

    With --at, the exposition of one instant of the profile's own time goes to stdout instead, all targets together.

    \b
    Examples:
      crybsim emit api-errors
      crybsim emit api-errors --at 2026-01-05T20:00:00Z
      crybsim emit api-errors --at +90s --job cryb-api --shard 1/4
      crybsim emit profiles/api-errors.yaml --port 9400 --logs /tmp/var/log
    """
    part = chosen_shard(shard)
    run = manifest_for(profile, manifest, mode="emit", overlays=overlay)
    if at is not None:
        _print_instant(run if manifest else run.model_copy(update={"started_ms": run.profile.start_ms}), at, job, part)
        return
    if job:
        raise InputError("--job goes with --at; a scrape names its job itself")
    clock = WallClock()
    follower = None
    if logs is not None:
        follower = LogFollower(ModelLogs(run, shard=part or WHOLE), LogFiles(logs), clock)
    source: SampleSource = ModelSamples(run)
    if part is not None:
        source = ShardedSamples(source, part)
    asyncio.run(serve(source, clock, RouteFile(routes) if routes else None, port, follower))


def _print_instant(run: Manifest, at: str, jobs: list[str] | None, part: Shard | None) -> None:
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
    typer.echo(encode_families(snapshot(source, at_ms, jobs, part), 0), nl=False)


async def serve(
    source: SampleSource, clock: Clock, routes: RouteFile | None, port: int, logs: LogFollower | None = None
) -> None:
    """Serve until SIGTERM; Ctrl-C is a KeyboardInterrupt. `logs` are written meanwhile, and to the last line.

    Raises InputError when the port is taken, SimulatorError when log lines could not be written.
    """
    sink = ScrapeSink(source, clock, routes)
    server = ScrapeServer(sink.answer)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    try:
        url = await server.start(port)
        sink.warm_up()
        if logs is not None:
            logs.start()
        typer.echo(json.dumps({"event": "ready", "urls": {"scrape": url}}))
        await stopped.wait()
    finally:
        await server.stop()
        sink.close()
        if logs is not None:
            logs.stop()
    if logs is not None and logs.failure is not None:
        raise SimulatorError(f"log lines were lost: {logs.failure}") from logs.failure
