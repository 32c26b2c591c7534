"""`crybsim emit`: the telemetry of a platform that is not there."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.options import ManifestOption, PortOption
from simulator.cli.run_manifest import manifest_for
from simulator.clock import Clock, WallClock
from simulator.errors import SimulatorError
from simulator.sinks.log_files import LogFiles, LogFollower
from simulator.sinks.scrape import RouteFile, ScrapeSink
from simulator.sinks.scrape_server import ScrapeServer
from simulator.streams.logs import ModelLogs
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import SampleSource

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


def command(
    profile: OptionalProfile = None,
    manifest: ManifestOption = None,
    routes: RoutesOption = None,
    logs: LogsOption = None,
    port: PortOption = 0,
) -> None:
    """Serve the metrics of the platform that a profile describes, moved by its traffic and its faults.

    / lists the endpoints (/metrics/JOB/INSTANCE). One JSON line on stdout says where it listens. With --logs, the log
    lines of every service are written as time goes by, in files laid out and rotated as on the platform's hosts.

    \b
    Examples:
      crybsim emit api-errors
      crybsim emit profiles/api-errors.yaml --port 9400 --logs /tmp/var/log
    """
    run = manifest_for(profile, manifest, mode="emit")
    clock = WallClock()
    follower = LogFollower(ModelLogs(run), LogFiles(logs), clock) if logs is not None else None
    asyncio.run(serve(ModelSamples(run), clock, RouteFile(routes) if routes else None, port, follower))


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
