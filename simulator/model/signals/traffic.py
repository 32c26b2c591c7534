"""Arrivals: how much the platform is used."""

from __future__ import annotations

import numpy as np

from simulator.model.arrays import exp_of
from simulator.model.bursts import MEAN as BURSTS_MEAN
from simulator.model.bursts import bursts
from simulator.model.keys import key
from simulator.model.moment import Floats, Moment, signal
from simulator.profile.traffic import demand, season, usual_rate

RATE_SIGMA = 0.08
"""Standard deviation of the logarithm of the rate around its plan."""


@signal("one", "", "1 at all times")
def one(m: Moment) -> Floats:
    return m.full(1.0)


@signal(
    "traffic.planned",
    "1/s",
    "HTTP requests as the profile plans them: day, week, holidays, growth; no faults",
    shared=True,
)
def planned(m: Moment) -> Floats:
    return usual_rate(m.profile, m.elapsed_ms)


@signal(
    "traffic.season",
    "",
    "what a day is worth against an ordinary weekday at the start: week, holidays, growth",
    shared=True,
)
def of_season(m: Moment) -> Floats:
    return season(m.profile, m.elapsed_ms)


@signal("traffic.demand", "", "what faults make of traffic: 1 where none changes it", shared=True)
def of_demand(m: Moment) -> Floats:
    return demand(m.profile, m.elapsed_ms) if m.disturbed else m.full(1.0)


@signal(
    "traffic.requests",
    "1/s",
    "HTTP requests that users send: the plan, long-memory noise around it, bursts",
    shared=True,
)
def requests(m: Moment) -> Floats:
    # a lognormal factor of mean 1, and bursts less what they add on average
    noise = exp_of(RATE_SIGMA * m.noise("traffic") - 0.5 * RATE_SIGMA * RATE_SIGMA)
    crowds = 1.0 + (bursts(key(m.world.seed, "bursts"), m.grid_ms) - BURSTS_MEAN)
    return m["traffic.planned"] * noise * crowds * m["traffic.demand"]


@signal("traffic.activity", "ratio", "traffic as a share of its planned peak", shared=True)
def activity(m: Moment) -> Floats:
    traffic = m.profile.traffic
    return np.asarray(m["http.served"] / (traffic.peak * m.profile.load.scale))
