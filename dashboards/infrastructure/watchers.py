"""The monitoring itself."""

from __future__ import annotations

from dashboards.frame import Row, row
from dashboards.parts import Query, lines
from dashboards.selectors import of, ratio

_PROMETHEUS, _ALERTMANAGER = "prometheus", "alertmanager"


def watchers() -> Row:
    """Prometheus and Alertmanager."""
    return row(
        "Monitoring itself",
        lines(
            "Series",
            "Series in the head of Prometheus.",
            "short",
            Query(of(_PROMETHEUS, "prometheus_tsdb_head_series"), "{{instance}}"),
        ),
        lines(
            "Rule evaluation",
            "How long each rule group takes; the five slowest.",
            "s",
            Query(f"topk(5, {of(_PROMETHEUS, 'prometheus_rule_group_last_duration_seconds')})", "{{rule_group}}"),
        ),
        lines(
            "Notifications",
            "Notifications that Alertmanager sent within the last hour, and the share that failed.",
            "short",
            Query(
                f"sum by (integration) (increase({of(_ALERTMANAGER, 'alertmanager_notifications_total')}[1h]))",
                "{{integration}}",
            ),
        ),
        lines(
            "Failed notifications",
            "Share of notifications that did not arrive.",
            "percentunit",
            Query(
                ratio(
                    of(_ALERTMANAGER, "alertmanager_notifications_failed_total"),
                    of(_ALERTMANAGER, "alertmanager_notifications_total"),
                ),
                "failed",
            ),
            high=1.0,
        ),
    )
