"""The alerts of design.md that infrastructure can trip: each fault of sensible strength trips its own, an ordinary
month trips none. Conditions are those of the table there, over what a Prometheus would have scraped every minute."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from simulator.catalog.postgres_exporter import MAX_CONNECTIONS
from simulator.profile.load import load_profile
from simulator.resources import shipped
from simulator.units import DAY, HOUR, MINUTE
from tests.streams.infrastructure import Seen, manifest_of, run_of

STEP = MINUTE
Condition = np.ndarray


def held(condition: Condition, for_ms: int) -> Condition:
    """Where a condition has held at every step of its `for`."""
    steps = for_ms // STEP
    running = np.concatenate(([0], np.cumsum(condition)))
    out = np.zeros(len(condition), dtype=bool)
    if steps < len(condition):
        out[steps:] = running[steps + 1 :] - running[: len(condition) - steps] == steps + 1
    return out


def over(values: np.ndarray, window_ms: int) -> np.ndarray:
    """What a counter rose by within the window before each instant, or since the first."""
    steps = window_ms // STEP
    rises = np.diff(values, prepend=values[0])
    rises = np.where(np.isnan(rises), 0.0, np.where(rises < 0, np.nan_to_num(values), rises))
    total = np.cumsum(rises)
    return total - np.concatenate((np.zeros(min(steps, len(total))), total[:-steps]))


def mean_over(values: np.ndarray, window_ms: int) -> np.ndarray:
    steps = window_ms // STEP
    total = np.concatenate(([0.0], np.cumsum(values)))
    out = np.full(len(values), np.nan)
    out[steps - 1 :] = (total[steps:] - total[:-steps]) / steps
    return out


def predicted(values: np.ndarray, ahead_ms: int, window_ms: int = 6 * HOUR) -> np.ndarray:
    """As `predict_linear`: the line of least squares through the window, read so far ahead; NaN before a whole one."""
    steps = window_ms // STEP
    out = np.full(len(values), np.nan)
    if len(values) < steps:
        return out
    windows = np.lib.stride_tricks.sliding_window_view(values, steps)
    places = np.arange(steps) - (steps - 1.0)
    slope = (
        (windows - windows.mean(axis=1, keepdims=True))
        @ (places - places.mean())
        / ((places - places.mean()) ** 2).sum()
    )
    at_end = windows.mean(axis=1) - slope * places.mean()
    out[steps - 1 :] = at_end + slope * (ahead_ms / STEP)
    return out


def quantile(seen: Seen, instance: str, sample: str, q: float) -> np.ndarray:
    """As `histogram_quantile` over five minutes of the API's queries."""
    buckets: dict[float, np.ndarray] = {}
    for (_, _, name, labels), values in seen.of("cryb-api", instance).items():
        if name == f"{sample}_bucket":
            bound = float(dict(labels)["le"])
            buckets[bound] = buckets.get(bound, 0.0) + over(values, 5 * MINUTE)
    edges = sorted(buckets)
    below = np.stack([buckets[edge] for edge in edges])
    rank = q * below[-1]
    place = np.minimum((below < rank).sum(axis=0), len(edges) - 2)
    low = np.array([0.0, *edges])[place]
    high = np.array(edges)[place]
    under = np.where(place > 0, np.take_along_axis(below, np.maximum(place - 1, 0)[None, :], 0)[0], 0.0)
    inside = np.take_along_axis(below, place[None, :], 0)[0] - under
    part = np.divide(rank - under, inside, out=np.zeros(len(rank)), where=inside > 0)
    return np.where(below[-1] > 0, low + part * (high - low), 0.0)


def of_hosts(seen: Seen) -> dict[str, Condition]:
    nothing = np.zeros(len(seen.elapsed), dtype=bool)
    found = dict.fromkeys(
        ("HighCPU", "HighMemory", "DiskAlmostFull", "DiskWillFill", "MemoryLeak", "ContainerRestarting"), nothing
    )
    for host in seen.source.instances("node-exporter"):
        idle = over(seen.series("node-exporter", host, "node_cpu_seconds_total", mode="idle"), 5 * MINUTE) / (4 * 300)
        free = seen.series("node-exporter", host, "node_memory_MemAvailable_bytes")
        used = 1 - free / seen.series("node-exporter", host, "node_memory_MemTotal_bytes")
        left = seen.series("node-exporter", host, "node_filesystem_avail_bytes")
        full = 1 - left / seen.series("node-exporter", host, "node_filesystem_size_bytes")
        whole = seen.elapsed >= 6 * MINUTE
        found["HighCPU"] = found["HighCPU"] | held(whole & (1 - idle > 0.8), 10 * MINUTE)
        found["HighMemory"] = found["HighMemory"] | held(used > 0.85, 10 * MINUTE)
        found["DiskAlmostFull"] = found["DiskAlmostFull"] | held(full > 0.9, 5 * MINUTE)
        found["DiskWillFill"] = found["DiskWillFill"] | held(predicted(left, 24 * HOUR) < 0, 30 * MINUTE)
        found["MemoryLeak"] = found["MemoryLeak"] | held(predicted(free, 4 * HOUR) < 0, 30 * MINUTE)
        for (_, _, name, _), values in seen.of("cadvisor", host).items():
            if name == "container_start_time_seconds":
                known = values[~np.isnan(values)]
                place = np.maximum.accumulate(np.where(np.isnan(values), -1, np.cumsum(~np.isnan(values)) - 1))
                changes = np.diff(np.where(place >= 0, known[place], np.nan), prepend=np.nan) > 0
                found["ContainerRestarting"] = found["ContainerRestarting"] | (
                    over(np.cumsum(changes) * 1.0, 15 * MINUTE) > 3
                )
    return found


def of_stores(seen: Seen) -> dict[str, Condition]:
    activity = seen.series("postgresql", "postgres-1", "pg_stat_activity_count")
    replica = seen.source.instances("postgresql")[-1]
    hits = over(seen.series("redis", "redis-1", "redis_keyspace_hits_total"), 5 * MINUTE)
    misses = over(seen.series("redis", "redis-1", "redis_keyspace_misses_total"), 5 * MINUTE)
    memory = seen.series("redis", "redis-1", "redis_memory_used_bytes") / seen.series(
        "redis", "redis-1", "redis_memory_max_bytes"
    )
    asked = hits + misses
    deadlocks = over(seen.series("postgresql", "postgres-1", "pg_stat_database_deadlocks"), 5 * MINUTE)
    return {
        "DatabaseDown": held(seen.series("postgresql", "postgres-1", "pg_up") == 0, MINUTE),
        "DatabaseConnectionsExhausted": held(activity / MAX_CONNECTIONS > 0.9, 5 * MINUTE),
        "ConnectionsWillExhaust": held(predicted(activity, 4 * HOUR) > MAX_CONNECTIONS, 30 * MINUTE),
        "DatabaseDeadlocks": held(deadlocks > 5, 5 * MINUTE),
        "DatabaseReplicationLag": held(
            seen.series("postgresql", replica, "pg_replication_lag_seconds") > 30, 5 * MINUTE
        ),
        "RedisDown": held(seen.series("redis", "redis-1", "redis_up") == 0, MINUTE),
        "RedisMemoryHigh": held(memory > 0.9, 5 * MINUTE),
        "CacheHitRatioLow": held((asked > 0) & (hits < 0.8 * asked), 15 * MINUTE),
    }


def of_targets(seen: Seen) -> dict[str, Condition]:
    everyone = [(job, name) for job in seen.source.jobs() for name in seen.source.instances(job)]
    up = {target: seen.answered(*target) for target in everyone}
    api = np.stack([up["cryb-api", name] for name in seen.source.instances("cryb-api")])
    some = held(~api.all(axis=0) & api.any(axis=0), MINUTE)
    expiry = np.min(
        [
            seen.series("blackbox-ssl", host, "probe_ssl_earliest_cert_expiry")
            for host in seen.source.instances("blackbox-ssl")
        ],
        axis=0,
    )
    gaps = [
        held((mean_over(answered * 1.0, 10 * MINUTE) < 0.95) & (mean_over(answered * 1.0, 5 * MINUTE) > 0), 10 * MINUTE)
        for answered in up.values()
    ]
    return {
        "APIInstanceDown": some,
        "APIServiceDown": held(~api.any(axis=0), MINUTE),
        "TargetDown": np.any([held(~answered, 5 * MINUTE) for answered in up.values()], axis=0),
        "ScrapeGap": np.any(gaps, axis=0),
        "CertificateExpiring": held(expiry - seen.times / 1000 < 14 * DAY / 1000, HOUR),
    }


def of_queries(seen: Seen) -> dict[str, Condition]:
    p95 = quantile(seen, "api-1", "cryb_db_query_duration_seconds", 0.95)
    return {"DatabaseSlowQueries": held(p95 > 1.0, 5 * MINUTE)}


def fired(seen: Seen) -> dict[str, int]:
    """Every alert that fires, and the first minute at which it does."""
    conditions = {**of_hosts(seen), **of_stores(seen), **of_targets(seen), **of_queries(seen)}
    return {name: int(np.argmax(fires)) for name, fires in conditions.items() if fires.any()}


ONSET = 20
# The fault; instances; how long the run takes; what must fire, and within how many minutes of the onset; what may.
Row = tuple[dict[str, object], dict[str, int], str, dict[str, int], set[str]]
TRIPS: dict[str, Row] = {
    "outage of one": (
        {"kind": "outage", "target": {"instance": "api-2"}},
        {"api": 2},
        "1h",
        {"APIInstanceDown": 3, "TargetDown": 7},
        {"ScrapeGap"},
    ),
    "outage of all": ({"kind": "outage"}, {"api": 2}, "1h", {"APIServiceDown": 3, "TargetDown": 7}, {"ScrapeGap"}),
    "outage of a host": (
        {"kind": "outage", "target": {"service": "node", "instance": "node-2"}},
        {"api": 2, "node": 2},
        "1h",
        {"APIInstanceDown": 3, "TargetDown": 7},
        {"ScrapeGap"},
    ),
    "deploy": ({"kind": "deploy"}, {"api": 2}, "1h", {}, set()),
    "crash_loop": (
        {"kind": "crash_loop", "parameters": {"every": "3m", "downtime": "50s"}},
        {},
        "1h",
        {"ContainerRestarting": 14},
        {"ScrapeGap"},
    ),
    "cpu_saturation": ({"kind": "cpu_saturation"}, {}, "1h", {"HighCPU": 17}, set()),
    "memory_leak": (
        {"kind": "memory_leak", "parameters": {"full_after": "8h"}, "for": "10h"},
        {},
        "12h",
        {"HighMemory": 500, "MemoryLeak": 400},
        set(),
    ),
    "disk_fill": (
        {"kind": "disk_fill", "parameters": {"full_after": "12h"}, "for": "13h"},
        {},
        "14h",
        {"DiskWillFill": 420, "DiskAlmostFull": 620},
        set(),
    ),
    "certificate_expiry": ({"kind": "certificate_expiry", "for": "2h"}, {}, "3h", {"CertificateExpiring": 62}, set()),
    "scrape_gap": (
        {"kind": "scrape_gap", "intensity": 0.3, "target": {"service": "redis"}},
        {},
        "1h",
        {"ScrapeGap": 30},
        set(),
    ),
    "target_flapping": ({"kind": "target_flapping"}, {}, "1h", {"ScrapeGap": 25}, {"APIServiceDown"}),
    "clock_skew": ({"kind": "clock_skew"}, {}, "1h", {}, set()),
    "database_down": ({"kind": "database_down"}, {}, "1h", {"DatabaseDown": 2}, set()),
    "connections_exhausted": (
        {"kind": "connections_exhausted"},
        {},
        "1h",
        {"DatabaseConnectionsExhausted": 6},
        set(),
    ),
    "a leak of connections": (
        {"kind": "connections_exhausted", "ramp": "9h", "for": "20h"},
        {},
        "12h",
        {"ConnectionsWillExhaust": 420, "DatabaseConnectionsExhausted": 520},
        set(),
    ),
    "database_slow": ({"kind": "database_slow", "intensity": 0.3}, {}, "1h", {"DatabaseSlowQueries": 11}, set()),
    "deadlocks": ({"kind": "deadlocks"}, {}, "1h", {"DatabaseDeadlocks": 12}, set()),
    "replication_lag": ({"kind": "replication_lag"}, {"postgres": 2}, "1h", {"DatabaseReplicationLag": 8}, set()),
    "cache_miss_storm": ({"kind": "cache_miss_storm", "intensity": 0.5}, {}, "1h", {"CacheHitRatioLow": 21}, set()),
    "redis_memory": ({"kind": "redis_memory"}, {}, "1h", {"RedisMemoryHigh": 6}, {"CacheHitRatioLow"}),
    "redis_down": ({"kind": "redis_down"}, {}, "1h", {"RedisDown": 2}, set()),
}


@pytest.mark.slow
@pytest.mark.parametrize("row", TRIPS.values(), ids=TRIPS)
def test_a_fault_trips_its_alerts_in_time_and_no_others(row: Row) -> None:
    fault, instances, duration, must, may = row
    given: Mapping[str, object] = {"at": f"{ONSET}m", "for": "35m", **fault}
    found = fired(Seen(run_of(given, instances=instances, duration=duration)))
    assert must.keys() - found.keys() == set()
    assert {name: found[name] - ONSET for name in must if found[name] - ONSET > must[name]} == {}
    assert found.keys() - must.keys() - may == set()
    assert all(minute >= ONSET for minute in found.values())


@pytest.mark.accept
@pytest.mark.slow
def test_an_ordinary_month_trips_none() -> None:
    seen = Seen(run_of(instances={"postgres": 2}, duration="31d"))
    assert {**fires(of_hosts(seen)), **fires(of_stores(seen)), **fires(of_targets(seen))} == {}


def fires(conditions: Mapping[str, Condition]) -> dict[str, int]:
    return {name: int(np.argmax(found)) for name, found in conditions.items() if found.any()}


CONDITIONS = {name for _, _, _, must, may in TRIPS.values() for name in {*must, *may}}
"""The alerts that are looked at here."""

PROFILES = (
    "api-instance-outage",
    "host-outage",
    "deploy",
    "crash-loop",
    "cpu-saturation",
    "memory-leak",
    "disk-fill",
    "certificate-expiry",
    "scrape-gap",
    "target-flapping",
    "clock-skew",
    "database-slow",
    "database-down",
    "connections-exhausted",
    "connection-leak",
    "deadlocks",
    "replication-lag",
    "cache-miss-storm",
    "redis-memory",
    "redis-down",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROFILES)
def test_a_shipped_profile_expects_what_its_fault_does(name: str) -> None:
    profile = load_profile(shipped("profiles") / f"{name}.yaml")
    (fault,) = profile.faults
    found = fired(Seen(manifest_of(profile)))
    expected = {alert.name: alert for alert in profile.expect.alerts}
    for alert in expected.keys() & CONDITIONS:
        within = expected[alert].fires_within
        assert within is not None
        assert fault.at <= found[alert] * MINUTE <= fault.at + within, alert
    allowed = {*expected, *profile.expect.ignore}
    assert found.keys() - allowed == set() or not profile.expect.no_other_alerts
    assert found.keys() & set(profile.expect.silent) == set()
