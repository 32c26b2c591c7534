"""Recording rules and alerts of the SLO file: error ratios over every window, multi-window burn rates, violations.

Burn rates and windows are the SRE Workbook's (chapter 5, "Alerting on SLOs"), as `simulator.slo` has them; the verdict
computes with the same ones when each alert had to fire.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alerting.slo_file import AvailabilitySlo, LatencySlo, Slos
from simulator.slo import WORKBOOK_ALERTS, BurnAlert
from simulator.units import HOUR, MINUTE, SECOND, format_duration

_HEAD: Final = """\
# Made from monitoring/slo/cryb-api.yml by `python -m alerting`: change it there.
#
# Multi-window, multi-burn-rate alerts as in the SRE Workbook, chapter 5. A burn rate of 1 spends the whole error budget
# in the period. Long windows are evaluated less often: they move slowly, and cost the more the longer they are.
groups:
"""
_RUNBOOKS: Final = "https://monitoring.cryb.ai/runbooks"
_DASHBOARD: Final = "https://monitoring.cryb.ai/d/cryb-slo"
_PAGES: Final = 2
"""So many of the workbook's alerts page; the others open a ticket."""


def slo_rules(slos: Slos) -> str:
    """The rule file."""
    return _HEAD + "\n".join((*_windows(slos.availability), *_burns(slos.availability), _latency(slos.latency)))


def _windows(slo: AvailabilitySlo) -> Iterable[str]:
    windows = sorted({window for alert in WORKBOOK_ALERTS for window in (alert.long_ms, alert.short_ms)})
    parts = {
        15 * SECOND: [window for window in windows if window <= 2 * HOUR],
        MINUTE: [*(window for window in windows if window > 2 * HOUR), slo.objective.period_ms],
    }
    for number, (interval_ms, some) in enumerate(parts.items(), 1):
        rules = "\n".join(_ratio(slo, window) for window in some)
        yield _group(f"{slo.service}-slo-windows-{number}", interval_ms, rules)


def _ratio(slo: AvailabilitySlo, window_ms: int) -> str:
    window = format_duration(window_ms)
    total = f"sum by (service) (rate({slo.total}[{window}]))"
    return f"""\
      - record: {_recorded(slo, window_ms)}
        expr: |2
          (
            sum by (service) (rate({slo.bad}[{window}]))
              or
            0 * {total}
          )
            /
          {total}
"""


def _burns(slo: AvailabilitySlo) -> Iterable[str]:
    budget = f"{slo.objective.allowed:.6g}"
    period = format_duration(slo.objective.period_ms)
    described = (
        f'"{{{{ $value | humanizePercentage }}}} of requests failed over the long window; '
        f'the {period} budget is {100 * slo.objective.allowed:.4g} %."'
    )
    target = f"{100 * slo.objective.target:.6g} %"
    pages, tickets = WORKBOOK_ALERTS[:_PAGES], WORKBOOK_ALERTS[_PAGES:]
    fast = _alert(
        "SLOAvailabilityFastBurn",
        _any_of(slo, pages, budget),
        "2m",
        ("critical", slo.service),
        "The availability budget of {{ $labels.service }} burns fast",
        described,
    )
    slow = _alert(
        "SLOAvailabilitySlowBurn",
        _any_of(slo, tickets, budget),
        "15m",
        ("warning", slo.service),
        "The availability budget of {{ $labels.service }} burns slowly",
        described,
    )
    violated = _alert(
        "SLOAvailabilityViolated",
        f"          {_recorded(slo, slo.objective.period_ms)} > {budget}\n",
        "5m",
        ("critical", slo.service),
        f"The {period} availability objective of {{{{ $labels.service }}}} is missed",
        f'"{{{{ $value | humanizePercentage }}}} of the last {period}\'s requests failed; the objective is {target}."',
    )
    yield _group(f"{slo.service}-slo-availability", 15 * SECOND, f"{fast}\n{slow}\n{violated}")


def _any_of(slo: AvailabilitySlo, alerts: Iterable[BurnAlert], budget: str) -> str:
    conditions = [
        f"""\
          (
            {_recorded(slo, alert.long_ms)} > {alert.burn_rate:g} * {budget}
              and
            {_recorded(slo, alert.short_ms)} > {alert.burn_rate:g} * {budget}
          )
"""
        for alert in alerts
    ]
    return "          or\n".join(conditions)


def _latency(slo: LatencySlo) -> str:
    share = f"p{100 * slo.quantile:g}"
    limit = f"{1000 * slo.seconds:g} ms"
    expression = f"          {slo.service_level} > {slo.seconds:g}\n"
    recorded = f"""\
      - record: {slo.service_level}
        expr: |2
          histogram_quantile({slo.quantile:g},
            sum by (service, le) (rate({slo.buckets}[{format_duration(slo.window_ms)}]))
          )
"""
    alert = _alert(
        "SLOLatencyViolated",
        expression,
        "5m",
        ("critical", slo.service),
        f'"API {share} is {{{{ $value | humanizeDuration }}}}, objective {limit}"',
        f"The {share} of {{{{ $labels.service }}}}'s response time has been above {limit} for five minutes.",
    )
    return _group(f"{slo.service}-slo-latency", 15 * SECOND, f"{recorded}\n{alert}")


def _recorded(slo: AvailabilitySlo, window_ms: int) -> str:
    return f"service:{slo.indicator}:ratio_rate{format_duration(window_ms)}"


def _group(name: str, interval_ms: int, rules: str) -> str:
    return f"  - name: {name}\n    interval: {format_duration(interval_ms)}\n    rules:\n{rules}"


def _alert(name: str, expression: str, hold: str, of: tuple[str, str], summary: str, description: str) -> str:
    severity, service = of
    return f"""\
      - alert: {name}
        expr: |2
{expression}        for: {hold}
        labels: {{ severity: {severity}, category: slo, service: {service} }}
        annotations:
          summary: {summary}
          description: {description}
          runbook_url: {_RUNBOOKS}/{name}
          dashboard_url: {_DASHBOARD}
"""
