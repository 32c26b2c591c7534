"""A local stack that stands until it is told to end: both servers, the emitter and the receivers, nothing judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.clock import Clock
from simulator.errors import SimulatorError
from simulator.profile.manifest import Manifest
from simulator.receivers import Receivers
from simulator.rehearsal.live.history import NO_MERGING, LiveHistory
from simulator.rehearsal.live.platform import LivePlatform
from simulator.rehearsal.local_servers import LocalAddresses, LocalServers
from simulator.rehearsal.recorder import Recorder
from simulator.rehearsal.request import Servers, TeamFiles
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.local import GUIDE_ALERTMANAGER_PORT, GUIDE_PROMETHEUS_PORT, LocalStack
from simulator.stack.processes import Children
from simulator.stack.standing import NOTIFICATIONS_FILE
from simulator.streams.samples import ModelSamples
from simulator.telemetry.observations import Observation

_POLL_SECONDS: Final = 0.5


@dataclass(frozen=True)
class StandingRequest:
    """What has to stand. `guide_ports`: Prometheus on 9090 and Alertmanager on 9093, not on free ports. `history`: what
    its Prometheus has from before the manifest's start; it begins to scrape when that is over."""

    manifest: Manifest
    run: RunFolder
    files: TeamFiles
    servers: Servers
    guide_ports: bool = False
    history: LiveHistory | None = None


@dataclass(frozen=True)
class StandingUrls:
    """Where it stands, what the team's files were changed in, and a line on each rule that is not evaluated."""

    urls: dict[str, str]
    changes: tuple[str, ...]
    not_evaluated: tuple[str, ...] = ()


def stand(
    request: StandingRequest,
    clock: Clock,
    *,
    on_ready: Callable[[StandingUrls], None],
    on_notification: Callable[[Observation], None],
) -> None:
    """Bring it up, tell `on_ready`, and keep it up. Ends by an exception only: KeyboardInterrupt, SystemExit.

    Raises InputError for files that the servers refuse or ports that are taken, SimulatorError when a part dies.
    Whatever happens, no process is left.
    """
    run = request.run
    local = LocalServers(request.files, request.servers)
    request.manifest.write(run.manifest)
    with Recorder(run.path / NOTIFICATIONS_FILE, on_notification) as recorder, Children() as children:
        platform = LivePlatform(run, request.manifest, children)
        platform.start_emitter()
        receivers = children.enter_context(Receivers(recorder.add, run.configs, clock))
        stack = children.enter_context(
            LocalStack(
                run.path,
                prometheus=request.servers.prometheus,
                alertmanager=request.servers.alertmanager,
                prometheus_port=GUIDE_PROMETHEUS_PORT if request.guide_ports else 0,
                alertmanager_port=GUIDE_ALERTMANAGER_PORT if request.guide_ports else 0,
            )
        )
        to = LocalAddresses(
            scrape_url=platform.scrape_url,
            api_urls=(),  # the model answers for the API too
            receivers_http_url=receivers.http_url,
            receivers_smtp=receivers.smtp_address,
            receivers_proxy_url=receivers.proxy_url,
            receivers_ca_file=receivers.ca_file,
        )
        flags: tuple[str, ...] = ()
        if request.history is not None:
            request.history.put(run.data / "prometheus", request.manifest.started_ms)
            flags = NO_MERGING
            ends_ms = request.history.end_ms(request.manifest.started_ms)
            clock.sleep(max(ends_ms - clock.now_ms(), 0) / 1000)
        redirection = local.start(stack, run, to, ModelSamples(request.manifest), platform.routes, flags)
        urls = {
            "prometheus": stack.prometheus_url,
            "alertmanager": stack.alertmanager_url,
            "emitter": platform.scrape_url,
            "receivers": receivers.http_url,
        }
        on_ready(StandingUrls(urls, redirection.changes, tuple(local.rules.told)))
        while True:
            dead = dict(stack.health()) | {child.name: child.how_it_ended() for child in children.ended()}
            if dead:
                raise SimulatorError("; ".join(f"{name} {how}" for name, how in dead.items()))
            clock.sleep(_POLL_SECONDS)
