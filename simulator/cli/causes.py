"""Which fault could set an alert off: guessed from what its expression looks at."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.catalog.jobs import BY_NAME, CRYB_API
from simulator.engine.thresholds import comparisons_of
from simulator.rehearsal.learning.alert_limits import fault_id
from simulator.telemetry.rules import AlertRule, Selector
from simulator.units import SECOND, format_duration

CUSTOM: Final = "custom"
_CODES: Final = frozenset(
    {"code", "status", "status_code", "http_code", "response_code", "http_status_code", "outcome"}
)
_REQUESTS: Final = re.compile(r"http|request|response")
_FAILED: Final = re.compile(r"5|error|fail", re.IGNORECASE)
_LONGEST_SECONDS: Final = 30.0  # of a response; what is more is counted in milliseconds
_SHORTEST_MS: Final = 1500
_SLOW: Final = re.compile(r"duration|latency|_seconds|_time")

_BY_METRIC: Final[tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...]] = tuple(
    (re.compile(pattern), kind, lines)
    for pattern, kind, lines in (
        (r"pg_up$|postgres.*_up$", "database_down", ()),
        (r"redis_up$", "redis_down", ()),
        (r"redis_.*(memory|maxmemory)", "redis_memory", ()),
        (r"redis_.*(hits|misses)", "cache_miss_storm", ()),
        (r"deadlock", "deadlocks", ()),
        (r"replication.*lag|lag.*replication|replay_lag|pg_replication", "replication_lag", ()),
        (r"pg_stat_activity_count|numbackends|pg_settings_max_conn|db.*connections", "connections_exhausted", ()),
        (r"(pg_|postgres)|.*(database|_db_|db_quer)", "database_slow", ()),
        (r"node_filesystem|disk.*(free|avail|used)", "disk_fill", ()),
        (r"node_memory", "memory_leak", ()),
        (r"node_cpu|node_load", "cpu_saturation", ()),
        (r"node_timex", "clock_skew", ()),
        (r"probe_ssl|cert.*expir", "certificate_expiry", ()),
        (r"container_.*restart|kube_pod_container_status_restarts|container_start_time", "crash_loop", ()),
        (r"nodejs_heap|process_resident_memory", "memory_leak", ()),
        (r"queue|bullmq", "queue_backlog", ()),
    )
)


@dataclass(frozen=True)
class Cause:
    """A fault that could set an alert off; `reason` says what in the expression suggested it."""

    kind: str
    reason: str
    lines: tuple[str, ...] = ()  # further YAML of the fault
    id: str = "the-fault"


UNKNOWN: Final = Cause(
    "http_errors", "nothing in the expression points to a fault kind; `crybsim catalog faults` lists them"
)


@dataclass(frozen=True)
class Causes:
    """`reacts` are ids of faults that the team's overlays bind metrics to, `jobs` are the catalogue's by the team's."""

    reacts: Collection[str] = ()
    jobs: Mapping[str, str] = field(default_factory=dict)

    def of(self, rule: AlertRule) -> Cause | None:
        """The fault kind that the rule's series suggest, or None."""
        own = fault_id(rule.name)
        if own in self.reacts:
            return Cause(CUSTOM, "your overlay lets a metric react to this id (`during`)", id=own)
        for selector in rule.selectors:
            if _is_of_failed_requests(selector):
                return Cause("http_errors", f"it looks at {selector}", ("intensity: 0.25",))
        for selector in rule.selectors:
            cause = self._of(selector, rule)
            if cause is not None:
                return cause
        return None

    def _of(self, selector: Selector, rule: AlertRule) -> Cause | None:
        metric = selector.metric.lower()
        looks = f"it looks at {selector.metric}"
        if metric == "up":
            return self._outage(selector, rule)
        for pattern, kind, lines in _BY_METRIC:
            if pattern.match(metric) or (not pattern.pattern.startswith(("pg_", "(pg_")) and pattern.search(metric)):
                return Cause(kind, looks, lines)
        if _REQUESTS.search(metric) and _SLOW.search(metric) and "histogram_quantile" in rule.expr:
            return Cause("latency", looks, ("parameters:", f"  delay: {_delay(rule.expr)}"))
        if metric.startswith("http_") and re.search(r"duration|latency", metric):
            return Cause("latency", looks, ("parameters:", f"  delay: {_delay(rule.expr)}"))
        return None

    def _outage(self, selector: Selector, rule: AlertRule) -> Cause | None:
        job = next((matcher.value for matcher in selector.matchers if matcher.label == "job"), "")
        if "changes(" in rule.expr:
            return Cause("target_flapping", f"it looks at {selector}")
        meant = self.jobs.get(job, job)
        if meant in ("", CRYB_API):
            return Cause("outage", f"it looks at {selector}")
        service = BY_NAME[meant].service if meant in BY_NAME else ""
        return Cause("outage", f"it looks at {selector}", ("target:", f"  service: {service}")) if service else None


PLAIN: Final = Causes()


def _delay(expr: str) -> str:
    """Twice what an alert allows a response to take, as far as it says so in seconds."""
    try:
        limits = [one.threshold for one in comparisons_of(expr) if one.op in (">", ">=") and one.threshold]
    except ValueError:
        limits = []
    longest = max((limit for limit in limits if limit <= _LONGEST_SECONDS), default=0.0)
    return format_duration(max(round(2 * longest * SECOND), _SHORTEST_MS))


def _is_of_failed_requests(selector: Selector) -> bool:
    asked = (matcher for matcher in selector.matchers if matcher.label in _CODES and matcher.op in ("=", "=~"))
    return bool(_REQUESTS.search(selector.metric)) and any(_FAILED.search(matcher.value) for matcher in asked)
