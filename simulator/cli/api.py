"""`crybsim api`: the reference API, a stand-in for the CRYB API that can be broken."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from simulator.api.access_log import AccessLog
from simulator.api.admin import AdminToken, OverrideJournal, create_admin
from simulator.api.app import create_app
from simulator.api.metrics import Extra
from simulator.api.reports import Reports
from simulator.api.server import serve
from simulator.api.voice.relay import RelayMedia
from simulator.cli.api_sentry import SentryOutbox, origin
from simulator.cli.emit_sentry import SentryOption, chosen_project
from simulator.cli.options import ManifestOption, PortOption
from simulator.cli.run_manifest import manifest_for
from simulator.clock import WallClock
from simulator.errors import InputError
from simulator.media.processes import relay_argv
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Scenario
from simulator.streams.samples import ModelSamples
from simulator.wire.exposition import encode_families

JOB = "cryb-api"
CANONICAL_PORT = 3001
DEFAULT_PROFILE = "quiet-evening"


def command(
    profile: Annotated[
        str | None,
        typer.Argument(metavar="PROFILE", help=f"Whose seed and faults; default: {DEFAULT_PROFILE}."),
    ] = None,
    port: PortOption = CANONICAL_PORT,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on; in a container: 0.0.0.0.")
    ] = "127.0.0.1",
    manifest: ManifestOption = None,
    instance: Annotated[
        str, typer.Option("--instance", metavar="NAME", help="Which of the profile's API instances this is.")
    ] = "api-1",
    log_file: Annotated[
        Path | None, typer.Option("--log-file", metavar="FILE", help="Append the access log here, as JSON lines.")
    ] = None,
    rate_limits: Annotated[
        bool, typer.Option("--rate-limits/--no-rate-limits", help="Answer 429 as the platform does.")
    ] = True,
    sentry: SentryOption = None,
    media_port: Annotated[
        int, typer.Option("--media-port", min=0, max=65_535, metavar="PORT", help="UDP port for voice; 0: a free one.")
    ] = 0,
) -> None:
    """Serve a stand-in for the CRYB API: its routes, its envelope, its metrics, and the profile's faults.

    One JSON line on stdout says where it listens. /metrics has what this process truly counted, and the model's
    families of the same job beside it. The users user_000001, user_000002, … exist from the start, with the passwords
    Rehearsal-000001, Rehearsal-000002, …

    Voice media goes over a relay, a process of its own beside this one, on a UDP port that joining a channel tells. It
    starts with the first call; at once where the profile's load has voice.

    With --sentry, failures, registrations, refused logins and a tenth of the requests are reported as the platform
    reports them.

    The admin interface, on a loopback port of its own, takes faults by hand. Its token is CRYBSIM_ADMIN_TOKEN's value,
    or lies in a file that stderr names.

    \b
    Examples:
      crybsim api
      crybsim api api-errors --port 3001 --log-file api.log
      crybsim api api-errors --sentry SENTRY_DSN
      crybsim api --manifest runs/RUN/manifest.json --instance api-2 --port 0
    """
    run = manifest_for(profile or (None if manifest else DEFAULT_PROFILE), manifest, mode="live")
    _check_instance(run, instance)
    folder = manifest.parent if manifest else None
    log = _open_log(log_file, instance) if log_file else None
    token = AdminToken(folder, instance, os.environ)
    outbox = SentryOutbox(chosen_project(sentry), WallClock(), _say) if sentry is not None else None
    try:
        app = create_app(
            run,
            instance=instance,
            rate_limits=rate_limits,
            log=log,
            reports=Reports(outbox, origin(instance), f"{run.run_id}/{instance}") if outbox else None,
            extra_exposition=_model_families(run, instance),
        )
        for fault in app.platform.faults.ignored:
            _say(f"fault {fault.id} ({fault.kind}) has no effect on the API")
        if token.path is not None:
            _say(f"admin token: {token.path}")
        journal = OverrideJournal(folder / f"overrides-{instance}.jsonl" if folder else None, instance)
        admin = create_admin(app.platform, token, journal)
        with _written(run, manifest) as path:
            argv = relay_argv(host=_ipv4(host), port=media_port, manifest=path, instance=app.platform.faults.sfu)
            media = app.platform.voice.media = RelayMedia(argv, app.platform.voice.media_left)
            at_once = Scenario.VOICE in run.profile.load.scenarios

            async def run_api() -> None:
                # the model prepares itself, so that no scrape waits for it; meanwhile the relay does
                relay_starts = asyncio.create_task(media.start()) if at_once else None
                try:
                    await asyncio.to_thread(app.platform.metrics.exposition, run.started_ms)
                    if relay_starts is not None:
                        await relay_starts
                    await serve(app, admin, host=host, port=port, ready=_tell_ready, media=media)
                finally:
                    await media.stop()

            asyncio.run(run_api())
    finally:
        token.forget()
        if outbox is not None:
            outbox.close()
        if log is not None:
            log.close()


def _model_families(run: Manifest, instance: str) -> Extra:
    """What the model says about this instance, in text format."""
    model = ModelSamples(run)

    def families(now_ms: int) -> bytes:
        return encode_families(model.blocks(JOB, instance, np.array([now_ms], dtype=np.int64)), 0)

    return families


@contextmanager
def _written(run: Manifest, path: Path | None) -> Iterator[Path]:
    """The manifest's file, for a child to read; one of our own where there is none."""
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="crybsim-api-") as folder:  # for this user alone: tokens come of it
        path = Path(folder) / "manifest.json"
        run.write(path)
        yield path


def _ipv4(host: str) -> str:
    """Where the relay listens, which speaks IPv4 alone."""
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        return "127.0.0.1"


def _check_instance(run: Manifest, instance: str) -> None:
    most = run.profile.platform.instances.api
    number = re.fullmatch(r"api-([1-9][0-9]{0,3})", instance)
    if number is None or int(number[1]) > most:
        raise InputError(f"--instance {instance!r}: the profile has api-1 to api-{most} (platform.instances.api)")


def _open_log(path: Path, instance: str) -> AccessLog:
    try:
        return AccessLog(path, instance)
    except OSError as error:
        raise InputError(f"--log-file {path}: {error.strerror}") from error


def _tell_ready(urls: Mapping[str, str]) -> None:
    print(json.dumps({"event": "ready", "urls": dict(urls)}), flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
