"""Who hears of the alerts of a virtual run: they are sent as Prometheus would have sent them, in compressed time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from simulator.clock import Clock
from simulator.engine.evaluate import SentAlert
from simulator.engine.notifier import arrivals, batches, without_refreshes
from simulator.engine.relabel import Relabelling, read_rules
from simulator.engine.routing_tree import read_routing
from simulator.profile.manifest import Manifest
from simulator.receivers import Receivers, notification_failures
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.silences import silences_of
from simulator.rehearsal.virtual.compressed import foretell, on_time, run_compressed
from simulator.rehearsal.virtual.pace import Pace, chosen_pace
from simulator.rehearsal.virtual.timeline import Timeline
from simulator.stack.local import LocalStack
from simulator.stack.timescale import timers_of
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import Gap, NotificationReceived, Observation
from simulator.telemetry.samples import Labels
from simulator.units import SECOND
from simulator.verdict.facts import Compression

_MOST_PER_SECOND: Final = 50.0
"""So often Alertmanager is sent something; a day in ten seconds would be late with more."""


@dataclass(frozen=True)
class VirtualNotifications:
    """What came of the alerts, in simulated time. `compression` is None where nothing was sent, or in real time."""

    observed: tuple[Observation, ...] = ()
    removed_receivers: Mapping[str, str] = field(default_factory=dict)
    compression: Compression | None = None


def notify_virtually(
    request: RehearsalRequest,
    servers: LocalServers,
    run: RunFolder,
    manifest: Manifest,
    sent: tuple[SentAlert, ...],
    clock: Clock,
    meanwhile: Callable[[], None] = lambda: None,
) -> VirtualNotifications:
    """Play the alerts into the real Alertmanager and listen. `meanwhile` is called now and then. Raises what that
    raises, as `LocalStack.start_alertmanager` does, and UnobservedError when Alertmanager does not take an alert."""
    assert request.local is not None
    config, programs = servers.prometheus_config, request.local[1]
    relabel = Relabelling(read_rules(config.alert_relabel_configs))

    def relabelled(labels: Labels) -> Labels | None:
        kept = relabel.apply(dict(labels))
        return None if kept is None else tuple(sorted(kept.items()))

    span = Interval(manifest.started_ms, manifest.ends_ms)
    arrived = arrivals(sent, config.external_labels, relabelled, request.production.prometheus_link)
    timeline = Timeline(
        arrivals=tuple(arrival for arrival in arrived if arrival.at_ms < span.end_ms),
        span=span,
        tree=read_routing(servers.alertmanager_text),
        silences=silences_of(manifest.profile, manifest.started_ms),
    )
    if not timeline.arrivals or not config.sends_alerts:
        return VirtualNotifications()
    heard: list[NotificationReceived] = []
    stack = LocalStack(run.path, prometheus=programs.prometheus, alertmanager=programs.alertmanager)
    with Receivers(heard.append, run.configs, clock) as receivers, stack:
        redirected = servers.redirected_to(receivers)
        fastest = timers_of(redirected.text, "alertmanager.yml").fastest()
        played = timeline.trimmed()
        pace = chosen_pace(played.whole, fastest, played.jumps_ms, request.alertmanager_scale)
        if _per_second(played, pace) > _MOST_PER_SECOND:
            played = replace(played, arrivals=without_refreshes(played.arrivals))
        link = request.production.alertmanager_link
        replayed = run_compressed(
            stack,
            redirected.text,
            played,
            pace,
            clock,
            external_url=link,
            shifts_intervals=servers.shifts_intervals,
            meanwhile=meanwhile,
        )
        dead = dict(stack.health()) | ({"receivers": receivers.problem} if receivers.problem else {})
        log = stack.log("alertmanager")
    gaps = [Gap(span.start_ms, name, f"{name} {how} during the replay") for name, how in dead.items()]
    heard.extend(notification_failures(log))
    return VirtualNotifications(
        observed=(*on_time(heard, replayed, span), *replayed.held, *gaps),
        removed_receivers=redirected.removed_receivers,
        compression=foretell(timeline, pace, replayed.late_ms) if pace.factor > 1 else None,
    )


def _per_second(timeline: Timeline, pace: Pace) -> float:
    """How often something is sent, in wall time."""
    seconds = timeline.whole.length_ms / SECOND / pace.factor
    return sum(1 for _ in batches(timeline.arrivals)) / max(seconds, 1.0)
