"""Background queues: what arrives, what the workers do, what waits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.catalog.queues import FAILING, PER_REQUEST, QUEUES
from simulator.model.disturbance import AFTERMATH_MS
from simulator.model.moment import Floats, Moment, signal
from simulator.model.queues import fluid_backlog
from simulator.model.spreads import Spread, register
from simulator.units import HOUR

LOOKBACK_MS = 4 * HOUR
"""Jobs that have waited longer are given up."""
MARGIN = 2.2
"""What a queue's workers can do, over what arrives at the planned peak of the season."""
PICK_UP_SECONDS = 0.2
"""How long a job waits for a worker to ask for it where there is no backlog."""

for kind in ("message_latency", "queue_backlog"):
    AFTERMATH_MS[kind] = LOOKBACK_MS

_ARRIVALS: dict[str, Callable[[Moment], Floats]] = {
    "messages": lambda m: m["messages.attempted"],
    "notifications": lambda m: m["notifications.wanted"],
    "media": lambda m: m["uploads.stored"],
    "analytics": lambda m: PER_REQUEST["analytics"] * m["http.served"],
    "moderation": lambda m: 0.35 * m["messages.sent"],
    "blockchain": lambda m: PER_REQUEST["blockchain"] * m["http.served"],
    "email": lambda m: PER_REQUEST["email"] * m["http.served"],
}


def _register(queue: str) -> None:
    """The signals of one queue. Workers share one Redis: every API instance sees the same depth."""
    name = f"queue.{queue}"
    fault = "message_latency" if queue == "messages" else "queue_backlog"

    @signal(f"{name}.arrivals", "1/s", f"jobs that come into the queue {queue}", shared=True)
    def arrivals(m: Moment) -> Floats:
        return _ARRIVALS[queue](m)

    @signal(f"{name}.capacity", "1/s", f"jobs that the workers of {queue} can do", shared=True)
    def capacity(m: Moment) -> Floats:
        peak = PER_REQUEST[queue] * m.profile.traffic.peak * m.profile.load.scale
        whole = MARGIN * peak * np.maximum(m["traffic.season"], 1.0)
        neglected = m.fault(fault)
        kept_up_with = (1.0 - neglected) * m[f"{name}.arrivals"]
        return np.where(neglected > 0, np.minimum(whole, kept_up_with), whole)

    @signal(f"{name}.backlog", "", f"jobs that wait in {queue} because the workers do not keep up", shared=True)
    def backlog(m: Moment) -> Floats:
        return fluid_backlog(m, f"{name}.arrivals", f"{name}.capacity", LOOKBACK_MS)

    @signal(f"{name}.wait_seconds", "seconds", f"how long the oldest of them has waited in {queue}", shared=True)
    def wait_seconds(m: Moment) -> Floats:
        came = m[f"{name}.arrivals"]
        age = np.divide(m[f"{name}.backlog"], came, out=np.zeros(len(m)), where=came > 0)
        return np.minimum(age, LOOKBACK_MS / 1000.0)

    @signal(f"{name}.waiting", "", f"jobs that wait in {queue}", shared=True)
    def waiting(m: Moment) -> Floats:
        return PICK_UP_SECONDS * m[f"{name}.arrivals"] + m[f"{name}.backlog"]

    @signal(f"{name}.done", "1/s", f"jobs of {queue} that workers finish, well or not", shared=True)
    def done(m: Moment) -> Floats:
        behind = m[f"{name}.backlog"] > 0
        return np.where(behind, m[f"{name}.capacity"], np.minimum(m[f"{name}.arrivals"], m[f"{name}.capacity"]))

    @signal(f"{name}.active", "", f"jobs of {queue} that a worker holds (Little's law)", shared=True)
    def active(m: Moment) -> Floats:
        return m[f"{name}.done"] * QUEUES[queue].seconds

    @signal(f"{name}.delayed", "", f"jobs of {queue} that wait for another attempt", shared=True)
    def delayed(m: Moment) -> Floats:
        return 30.0 * FAILING * m[f"{name}.done"]

    @signal(f"{name}.lag_ms", "ms", f"age of the oldest job that waits in {queue}", shared=True)
    def lag_ms(m: Moment) -> Floats:
        return 1000.0 * (PICK_UP_SECONDS + m[f"{name}.wait_seconds"])

    @signal(f"{name}.busy_percent", "percent", f"share of the workers' time that {queue} takes", shared=True)
    def busy_percent(m: Moment) -> Floats:
        able = m[f"{name}.capacity"]
        return 100.0 * np.divide(m[f"{name}.done"], able, out=np.ones(len(m)), where=able > 0)

    @signal(f"{name}.healthy", "", f"1 where {queue} is worked off as it comes", shared=True)
    def healthy(m: Moment) -> Floats:
        return np.where(m[f"{name}.wait_seconds"] < 60.0, 1.0, 0.0)


for _queue in QUEUES:
    _register(_queue)

register({"queue.collection": Spread(0.05, 0.6, "api.stretch")})


@signal("queue.collections", "1/s", "looks at all queues", shared=True)
def collections(m: Moment) -> Floats:
    return m.full(1.0 / 15.0)


@signal("queue.collection_errors", "1/s", "looks at all queues that fail", shared=True)
def collection_errors(m: Moment) -> Floats:
    return m.full(2e-6)
