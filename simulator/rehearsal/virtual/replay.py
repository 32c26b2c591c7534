"""An alert timeline played into the real Alertmanager in compressed time, and what its receivers heard, mapped back.

Routing, grouping, deduplication, inhibition, silences, time intervals and repeats are Alertmanager's own; only its
timers are shorter. Between arrivals nothing happens but timers, so the replay is as long as the span divided by the
factor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import httpx

from simulator.clock import Clock, rfc3339
from simulator.engine.notifier import Arrival, batches
from simulator.errors import UnobservedError
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import NotificationReceived

_SLACK_SECONDS: Final = 0.5  # after the span, for what is still on its way
_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True)
class TimeMap:
    """Simulated time to wall time and back: `simulated_ms` happened at `wall_ms`, and runs `factor` times as fast."""

    simulated_ms: int
    wall_ms: int
    factor: float

    def to_wall_ms(self, simulated_ms: int) -> int:
        return self.wall_ms + round((simulated_ms - self.simulated_ms) / self.factor)

    def to_simulated_ms(self, wall_ms: int) -> int:
        return self.simulated_ms + round((wall_ms - self.wall_ms) * self.factor)

    def restored(self, heard: NotificationReceived) -> NotificationReceived:
        """A notification at its simulated instant."""
        alerts = tuple(
            replace(a, starts_at_ms=None if a.starts_at_ms is None else self.to_simulated_ms(a.starts_at_ms))
            for a in heard.alerts
        )
        return replace(heard, at_ms=self.to_simulated_ms(heard.at_ms), alerts=alerts)


def replay(
    arrivals: Sequence[Arrival],
    span: Interval,
    times: TimeMap,
    alertmanager: httpx.Client,
    clock: Clock,
    look: Callable[[], None] = lambda: None,
) -> int:
    """Send every arrival at its compressed instant and wait until the span is over. Blocks for its whole length.

    Returns how late (ms of the wall) the latest arrival was taken. `look` is called now and then, while nothing is due.
    Raises UnobservedError when Alertmanager does not take an alert.
    """
    late_ms = 0
    for at_ms, batch in batches(arrivals):
        wall_ms = times.to_wall_ms(at_ms)
        _wait_until(wall_ms, clock, look)
        _post(alertmanager, (_body(arrival, times) for arrival in batch))
        late_ms = max(late_ms, clock.now_ms() - wall_ms)
    if arrivals:
        _wait_until(times.to_wall_ms(span.end_ms) + round(_SLACK_SECONDS * 1000), clock, look)
    return late_ms


def _wait_until(wall_ms: int, clock: Clock, look: Callable[[], None]) -> None:
    while (left := (wall_ms - clock.now_ms()) / 1000) > 0:
        if left > _LOOK_SECONDS:
            look()
            left = min((wall_ms - clock.now_ms()) / 1000, _LOOK_SECONDS)
        if left > 0:
            clock.sleep(left)


def _body(arrival: Arrival, times: TimeMap) -> dict[str, object]:
    body: dict[str, object] = {
        "labels": dict(arrival.labels),
        "annotations": dict(arrival.annotations),
        "startsAt": rfc3339(times.to_wall_ms(arrival.starts_at_ms)),
        "endsAt": rfc3339(times.to_wall_ms(arrival.ends_at_ms)),
    }
    return body | ({"generatorURL": arrival.generator_url} if arrival.generator_url else {})


def _post(alertmanager: httpx.Client, bodies: Iterable[dict[str, object]]) -> None:
    try:
        alertmanager.post("/api/v2/alerts", json=list(bodies)).raise_for_status()
    except httpx.HTTPError as error:
        raise UnobservedError(f"alertmanager did not take an alert: {error or type(error).__name__}") from error
