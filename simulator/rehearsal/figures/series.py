"""What the alerts' expressions were worth over a run, asked of Prometheus before it stops: for the report's charts.

Values are asked for at the very instants at which the server evaluated the rule's group, so a chart shows what the rule
saw. Charts are no evidence: whatever cannot be had is left out, and no verdict depends on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from simulator.clock import Clock
from simulator.engine.rules import RuleSet, reach_of
from simulator.engine.schedule import production_grid
from simulator.engine.thresholds import Comparison, comparisons_of
from simulator.errors import UnobservedError
from simulator.observers import PrometheusApi
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import AlertObserved, Observation
from simulator.telemetry.rules import AlertRule
from simulator.telemetry.samples import Labels
from simulator.telemetry.series import ReportSeries, breaches, encode_series
from simulator.verdict.wording import counted

MOST_POINTS: Final = 2_000
"""Instants of one series; Prometheus itself refuses more than 11,000. A longer run is seen at every n-th evaluation."""
MOST_SERIES: Final = 12
"""Of one comparison: a chart of more cannot be read."""
LONGEST_SECONDS: Final = 10.0
"""For all queries together. A run waits no longer for its charts."""

_Points: TypeAlias = list[tuple[int, float]]


@dataclass(frozen=True)
class ReadSeries:
    """What was read, and in one line what was not (empty: nothing is missing)."""

    series: tuple[ReportSeries, ...]
    problem: str = ""


def read_report_series(
    api: PrometheusApi,
    rules: RuleSet,
    span: Interval,
    prometheus_version: str,
    clock: Clock,
    first: Collection[str] = (),
) -> ReadSeries:
    """Ask for every comparison of every alerting rule over a span; the alerts named in `first` before the others."""
    began = clock.monotonic()
    series: list[ReportSeries] = []
    refused: list[str] = []
    waiting = sorted(rules.alerts, key=lambda rule: rule.name not in first)
    while waiting and (left := LONGEST_SECONDS - (clock.monotonic() - began)) > 0:
        rule = waiting.pop(0)
        try:
            series.extend(_of_rule(api, rule, rules.recordings, _instants(rule, span, prometheus_version), left))
        except (UnobservedError, ValueError) as error:
            refused.append(f"{rule.name}: {' '.join(str(error).split())}")
    problems = refused[:1]
    if len(refused) > 1:
        problems.append(f"{len(refused) - 1} more refused")
    if waiting:
        problems.append(f"no time left for {len(waiting)} of {len(rules.alerts)} alerts")
    return ReadSeries(tuple(series), "; ".join(problems))


def keep_series(read: ReadSeries, path: Path) -> str:
    """Write `series.json`, and say in a line how that went. Never raises: a run does without its charts."""
    problem = read.problem
    try:
        path.write_text(encode_series(read.series), encoding="utf-8")
    except OSError as error:
        problem = f"{path}: {error.strerror or error}"
    kept = f"values of {counted(len({one.alert for one in read.series if not one.true}), 'alert')} kept for the report"
    return f"{kept}; missing from it: {problem}" if problem else kept


def active_alerts(observations: Iterable[Observation]) -> frozenset[str]:
    """The alerts that were pending or firing at any time."""
    return frozenset(one.alert for one in observations if isinstance(one, AlertObserved))


def _instants(rule: AlertRule, span: Interval, prometheus_version: str) -> range:
    """The evaluations of a rule's group within a span, at most MOST_POINTS of them."""
    if rule.interval_ms == 0:
        raise ValueError("is not evaluated")  # this Prometheus cannot load it
    evaluations = production_grid(rule.file, rule.group, rule.interval_ms, prometheus_version).instants(span)
    if evaluations.size == 0:
        raise ValueError("was not evaluated during the run")
    step = rule.interval_ms * -(-evaluations.size // MOST_POINTS)
    return range(int(evaluations[0]), int(evaluations[-1]) + 1, step)


def _of_rule(
    api: PrometheusApi,
    rule: AlertRule,
    recordings: Mapping[str, tuple[str, ...]],
    instants: range,
    within_seconds: float,
) -> Iterator[ReportSeries]:
    for comparison in comparisons_of(rule.expr):
        window_ms = reach_of(comparison.value, recordings)
        results = api.query_range(comparison.value, instants, within_seconds=within_seconds)
        for labels, points in _nearest(results, comparison):
            yield ReportSeries(
                alert=rule.name,
                expression=comparison.value,
                labels=tuple((name, value) for name, value in labels if name != "__name__"),
                threshold=comparison.threshold,
                op=comparison.op,
                times_ms=tuple(at for at, _ in points),
                values=tuple(value for _, value in points),
                part=comparison.part,
                window_ms=window_ms,
                budget=comparison.budget,
                series_count=len(results),
            )
        if not results:  # a chart that says so: nothing matched at any instant
            yield ReportSeries(
                rule.name,
                comparison.value,
                (),
                comparison.threshold,
                comparison.op,
                (),
                (),
                comparison.part,
                window_ms,
                comparison.budget,
                series_count=0,
            )


def _nearest(results: Sequence[tuple[Labels, _Points]], comparison: Comparison) -> list[tuple[Labels, _Points]]:
    """The series that were longest, then nearest, to firing, each comparison seen from its own side."""

    def distance(result: tuple[Labels, _Points]) -> tuple[int, float, Labels]:
        labels, points = result
        through = sum(breaches(value, comparison.op, comparison.threshold) for _, value in points)
        threshold = comparison.threshold or 0.0
        away = min((_away(value, comparison.op, threshold) for _, value in points), default=float("inf"))
        return -through, away, labels

    return sorted(results, key=distance)[:MOST_SERIES]


def _away(value: float, op: str, threshold: float) -> float:
    if value != value:  # NaN compares with nothing
        return float("inf")
    if op in (">", ">="):
        return threshold - value
    if op in ("<", "<="):
        return value - threshold
    return abs(value - threshold)
