"""Those who watch: Prometheus, Alertmanager, Grafana, and the platform's own exporters of errors."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register

SERIES_PER_TARGET = 900.0


@signal("prometheus.targets", "", "targets that Prometheus scrapes")
def targets(m: Moment) -> Floats:
    counted = ("api", "node", "node", "postgres", "redis", "livekit")
    return m.full(16.0 + sum(len(m.world.instances(service)) for service in counted))


@signal("prometheus.series", "", "series in the head block")
def series(m: Moment) -> Floats:
    return SERIES_PER_TARGET * m["prometheus.targets"]


@signal("prometheus.samples", "1/s", "samples appended")
def samples(m: Moment) -> Floats:
    return m["prometheus.series"] / 14.0


@signal("prometheus.evaluations", "1/s", "rules evaluated")
def evaluations(m: Moment) -> Floats:
    return m.full(4.0)


@signal("errors.of_api", "1/s", "requests that end with 5xx", shared=True)
def of_api(m: Moment) -> Floats:
    return m["http.served"] * m["http.failing_percent"] / 100.0


@signal("errors.of_database", "1/s", "queries that fail", shared=True)
def of_database(m: Moment) -> Floats:
    return m["db.errors_connection"] + m["db.errors_deadlock"] + m["db.errors_timeout"]


@signal("errors.of_browsers", "1/s", "errors in users' browsers", shared=True)
def of_browsers(m: Moment) -> Floats:
    return 0.0009 * m["traffic.requests"] + 0.5 * m["errors.of_api"]


@signal("errors.of_api_per_minute", "1/min", "requests that end with 5xx")
def of_api_per_minute(m: Moment) -> Floats:
    return 60.0 * m["errors.of_api"]


@signal("errors.of_database_per_minute", "1/min", "queries that fail")
def of_database_per_minute(m: Moment) -> Floats:
    return 60.0 * m["errors.of_database"]


@signal("errors.of_browsers_per_minute", "1/min", "errors in users' browsers")
def of_browsers_per_minute(m: Moment) -> Floats:
    return 60.0 * m["errors.of_browsers"]


@signal("watchers.pages", "1/s", "requests of people who look at dashboards")
def pages(m: Moment) -> Floats:
    return m.full(0.35)


@signal("watchers.alerts", "1/s", "alerts that Prometheus sends: the Watchdog, again and again")
def alerts(m: Moment) -> Floats:
    return m.full(1.0 / 60.0)


@signal("watchers.notifications", "1/s", "notifications sent")
def notifications(m: Moment) -> Floats:
    return m.full(1.0 / 14_400.0)


@signal("standing.rarely", "1/s", "once in ten minutes")
def rarely(m: Moment) -> Floats:
    return m.full(1.0 / 600.0)


@signal("standing.slowly", "1/s", "twice a minute")
def slowly(m: Moment) -> Floats:
    return m.full(1.0 / 30.0)


@signal("standing.evenly", "1/s", "once a second")
def evenly(m: Moment) -> Floats:
    return m.full(1.0)


@signal("standing.now", "seconds", "what time it is")
def now(m: Moment) -> Floats:
    return m.unix_seconds


@signal("standing.lately", "seconds", "the last full hour, at which something is done each time")
def lately(m: Moment) -> Floats:
    return np.floor(m.unix_seconds / 3600.0) * 3600.0


register({"grafana.request": Spread(0.022, 1.1, "one")})
