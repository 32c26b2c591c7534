"""What the API measures about itself: traces, service level indicators."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register
from simulator.units import DAY, MINUTE

SAMPLED = 0.1
"""Share of requests that are traced."""
SPANS = 6.0
OBJECTIVES = {"availability": 0.999, "latency": 0.95}
"""Share of requests that must succeed, and that must be faster than 500 ms."""
WINDOW_DAYS = 30
SLOW_SHARE = 0.006
"""Share of requests over 500 ms on a good day."""

_LATE = (("http.late_share", "http.late_seconds"), ("db.late_share", "db.late_seconds"))
register(
    {
        "tracing.span": Spread(0.006, 1.1, "api.stretch", _LATE),
        "sli.p95": Spread(0.11, 0.3, "api.stretch", _LATE, tail=0.0),
        "sli.rate": Spread(20.0, 0.3, "sli.rate_stretch", tail=0.0),
    }
)


@signal("tracing.spans", "1/s", "spans recorded")
def spans(m: Moment) -> Floats:
    return SAMPLED * SPANS * m["http.served"]


@signal("tracing.errors", "1/s", "traces that end in an error")
def errors(m: Moment) -> Floats:
    return SAMPLED * m["http.served"] * m["sli.failing"]


@signal("tracing.active", "", "traces that are being recorded")
def active(m: Moment) -> Floats:
    return SAMPLED * m["http.in_flight"]


@signal("sli.failing", "ratio", "share of requests that end with 5xx")
def failing(m: Moment) -> Floats:
    return m["http.failing_percent"] / 100.0


@signal("sli.measured", "1/s", "times that a service level indicator is taken down")
def measured(m: Moment) -> Floats:
    return m.full(1.0 / 15.0)


@signal("sli.rate_stretch", "", "requests against 20 a second")
def rate_stretch(m: Moment) -> Floats:
    return np.maximum(m["http.served"] * m["api.share"] / 20.0, 1e-3)


@signal("sli.slow", "ratio", "share of requests that take over 500 ms")
def slow(m: Moment) -> Floats:
    late = m["http.late_share"] * np.minimum(m["http.late_seconds"] / 0.5, 1.0)
    waiting = m["db.late_share"] * np.minimum(m["db.late_seconds"] / 0.5, 1.0)
    return SLOW_SHARE + (1.0 - SLOW_SHARE) * (1.0 - (1.0 - late) * (1.0 - waiting))


def _budget(m: Moment, spent: str, objective: float) -> Floats:
    """The share of a window's error budget that is left. A request of five minutes ago weighs as one of today."""
    return np.maximum(1.0 - m.mean_over(spent, WINDOW_DAYS * DAY, 5 * MINUTE) / (1.0 - objective), 0.0)


@signal("slo.availability_budget", "ratio", "error budget of availability that is left of 30 days")
def availability_budget(m: Moment) -> Floats:
    return _budget(m, "sli.failing", OBJECTIVES["availability"])


@signal("slo.latency_budget", "ratio", "error budget of latency that is left of 30 days")
def latency_budget(m: Moment) -> Floats:
    return _budget(m, "sli.slow", OBJECTIVES["latency"])
