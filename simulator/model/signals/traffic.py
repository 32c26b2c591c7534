"""Arrivals: how much the platform is used."""

from __future__ import annotations

import numpy as np

from simulator.model.arrays import exp_of
from simulator.model.moment import Floats, Moment, signal
from simulator.profile.traffic import planned_rate

RATE_SIGMA = 0.12
"""Standard deviation of the logarithm of the rate around its plan."""


@signal("one", "", "1 at all times")
def one(m: Moment) -> Floats:
    return m.full(1.0)


@signal("traffic.planned", "1/s", "HTTP requests as the profile plans them: the curve of day and week")
def planned(m: Moment) -> Floats:
    return planned_rate(m.profile, m.elapsed_ms)


@signal("traffic.requests", "1/s", "HTTP requests that users send: the plan with long-memory noise around it")
def requests(m: Moment) -> Floats:
    # a lognormal factor of mean 1
    return m["traffic.planned"] * exp_of(RATE_SIGMA * m.noise("traffic") - 0.5 * RATE_SIGMA * RATE_SIGMA)


@signal("traffic.activity", "ratio", "traffic as a share of its planned peak")
def activity(m: Moment) -> Floats:
    traffic = m.profile.traffic
    return np.asarray(m["http.served"] / (traffic.peak * m.profile.load.scale))
