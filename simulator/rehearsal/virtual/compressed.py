"""An alert timeline through the real Alertmanager in compressed time, beside what a model says comes at full length.

docs/decisions/0011-compressed-time.md says how time intervals, silences and the model's doubts are handled.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx

from simulator.clock import Clock
from simulator.engine.dispatcher import CLEAN_UP_MS, Dispatcher, Expected, HeldBack, Leeway
from simulator.errors import UnobservedError
from simulator.observers import AlertmanagerObserver
from simulator.rehearsal.silences import set_silences
from simulator.rehearsal.virtual.pace import Pace, start_on_wall
from simulator.rehearsal.virtual.replay import TimeMap, replay
from simulator.rehearsal.virtual.timeline import Timeline
from simulator.stack.local import LocalStack
from simulator.stack.simulated_zones import ZONE_FOLDER, with_simulated_zones, write_zones, zone_environment
from simulator.stack.timescale import compress
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import (
    AlertmanagerObserved,
    Gap,
    NotificationKind,
    NotificationReceived,
    NotifiedAlert,
)
from simulator.telemetry.samples import Labels
from simulator.transport import http_client
from simulator.units import SECOND
from simulator.verdict.facts import Compression, HeldBackAlert

_LEAD_MS: Final = 500
_ON_ITS_WAY_SECONDS: Final = 0.25
"""Between Alertmanager's decision and a receiver's ear, on a machine that is busy."""


@dataclass(frozen=True)
class Replayed:
    """The map between the two times, what Alertmanager itself showed, at simulated instants, and how late (ms of the
    wall) the latest alert reached it."""

    times: TimeMap
    late_ms: int
    held: tuple[AlertmanagerObserved | Gap, ...]


def run_compressed(
    stack: LocalStack,
    config: str,
    timeline: Timeline,
    pace: Pace,
    clock: Clock,
    *,
    external_url: str = "",
    shifts_intervals: bool = True,
    meanwhile: Callable[[], None] = lambda: None,
) -> Replayed:
    """Start Alertmanager on a configuration (already redirected) and play the timeline into it.

    `meanwhile` is called now and then; what it raises ends the replay. Without `shifts_intervals` time intervals go by
    the wall: it is too old for anything else. Raises UnobservedError when it does not take what it is sent.
    """
    jumps_ms = timeline.jumps_ms
    text = compress(config, "alertmanager.yml", pace.factor)
    zones: tuple[str, ...] = ()
    folder = stack.configs / ZONE_FOLDER
    if shifts_intervals and timeline.tree.intervals_in_use():
        text, zones = with_simulated_zones(text, "alertmanager.yml")
        write_zones(folder, zones, (timeline.whole.start_ms,), lambda at_ms: at_ms)
    env = zone_environment(folder, os.environ) if zones else None
    url = stack.start_alertmanager(text, external_url=external_url, env=env)
    with http_client(url) as client:
        times = _begin(client, timeline, pace, clock, folder, zones, jumps_ms)
        set_silences(client, timeline.silences, times.to_wall_ms, clock.now_ms())
        observer = AlertmanagerObserver(client, clock)
        seen: list[AlertmanagerObserved | Gap] = []

        def look() -> None:
            meanwhile()
            seen.extend(one for one in observer.poll() if isinstance(one, AlertmanagerObserved | Gap))

        late_ms = replay(timeline.arrivals, timeline.span, times, client, clock, look)
    return Replayed(times, late_ms, tuple(replace(one, at_ms=times.to_simulated_ms(one.at_ms)) for one in seen))


def _begin(
    client: httpx.Client,
    timeline: Timeline,
    pace: Pace,
    clock: Clock,
    folder: Path,
    zones: Sequence[str],
    jumps_ms: Sequence[int],
) -> TimeMap:
    """Choose the wall instant of the beginning, and have Alertmanager's time intervals go by it."""
    start_ms, lead_ms = timeline.whole.start_ms, _LEAD_MS
    while True:
        wall_ms = start_on_wall(clock.now_ms() + (lead_ms if zones else 0), start_ms, jumps_ms, pace.factor)
        times = TimeMap(start_ms, wall_ms, pace.factor)
        if not zones:
            return times
        write_zones(folder, zones, (start_ms, *jumps_ms), times.to_wall_ms)
        try:
            client.post("/-/reload").raise_for_status()
        except httpx.HTTPError as error:
            raise UnobservedError(f"alertmanager did not load its time zones: {error}") from error
        if clock.now_ms() <= wall_ms:
            return times
        lead_ms *= 2  # a machine that is that busy needs longer


def on_time(
    heard: Iterable[NotificationReceived], replayed: Replayed, span: Interval
) -> tuple[NotificationReceived, ...]:
    """What was heard, at simulated instants; what only came because the replay waited for what was under way is not."""
    latest_ms = span.end_ms + round(_ON_ITS_WAY_SECONDS * SECOND * replayed.times.factor)
    restored = (replayed.times.restored(one) for one in heard)
    return tuple(one for one in restored if one.at_ms <= latest_ms)


def foretell(timeline: Timeline, pace: Pace, late_ms: int = 0) -> Compression:
    """What should come at full length, by the dispatcher model, each way that Alertmanager leaves open.

    `late_ms` (of the wall) is how late the replay was: times are no more exact than that.
    """
    ways = [Leeway(linger_ms, first) for linger_ms in (0, CLEAN_UP_MS) for first in (True, False)]
    models = []
    held: list[HeldBack] = []
    for way in ways:
        model = Dispatcher(timeline.tree, timeline.silences, way)
        expected = model.run(timeline.arrivals, timeline.span.end_ms)
        models.append(tuple(one for one in map(_as_heard, expected) if one is not None))
        held = held or model.held_back
    return Compression(
        factor=pace.factor,
        in_proportion=pace.is_in_proportion,
        fastest=pace.fastest,
        foretold=tuple(dict.fromkeys(models)),
        held_back=tuple(_held_back(one) for one in held),
        tolerance_ms=round(max(_ON_ITS_WAY_SECONDS * SECOND, late_ms) * pace.factor),
    )


def _as_heard(expected: Expected) -> NotificationReceived | None:
    """A foretold notification as a receiver would have got it; where it goes to, only the real one tells."""
    kind = "msteams" if expected.integration == "msteamsv2" else expected.integration
    if kind not in {known.value for known in NotificationKind}:
        return None
    return NotificationReceived(
        at_ms=expected.at_ms,
        kind=NotificationKind(kind),
        receiver=expected.receiver,
        destination="",
        status="firing" if expected.firing else "resolved",
        alerts=(
            *(_notified(labels, "firing") for labels in expected.firing),
            *(_notified(labels, "resolved") for labels in expected.resolved),
        ),
    )


def _notified(labels: Labels, status: str) -> NotifiedAlert:
    name, others = _named(labels)
    return NotifiedAlert(name, status, others)


def _held_back(held: HeldBack) -> HeldBackAlert:
    name, labels = _named(held.labels)
    return HeldBackAlert(held.at_ms, held.receiver, name, labels, held.reason)


def _named(labels: Labels) -> tuple[str, Labels]:
    own = dict(labels)
    return own.pop("alertname", ""), tuple(sorted(own.items()))
