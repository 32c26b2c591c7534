"""The reference rules: every alert that was agreed on, told so that people can act, and asking right questions."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import promql_parser as promql
import pytest

from alerting.rules import MONITORING, RULE_FILES, Alert, read_alerts, read_recordings
from alerting.table import RUNBOOKS
from simulator.catalog.catalogue import FAMILIES
from simulator.engine.selectors import selectors_of
from simulator.stack.binaries import Binaries

HERE = Path(__file__).parent
ALERTS = {alert.name: alert for alert in read_alerts()}
each_alert = pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)

# severity, category, `for`: the table of reference alerts
AGREED = {
    "APIServiceDown": ("critical", "availability", "1m"),
    "APIInstanceDown": ("warning", "availability", "1m"),
    "HighErrorRate": ("critical", "availability", "2m"),
    "SLOAvailabilityFastBurn": ("critical", "slo", "2m"),
    "SLOAvailabilitySlowBurn": ("warning", "slo", "15m"),
    "SLOAvailabilityViolated": ("critical", "slo", "5m"),
    "SLOLatencyViolated": ("critical", "slo", "5m"),
    "ResponseTimeDegraded": ("warning", "performance", "5m"),
    "DatabaseDown": ("critical", "database", "1m"),
    "DatabaseConnectionsExhausted": ("critical", "database", "5m"),
    "DatabaseSlowQueries": ("warning", "database", "5m"),
    "DatabaseDeadlocks": ("warning", "database", "5m"),
    "DatabaseReplicationLag": ("warning", "database", "5m"),
    "RedisDown": ("critical", "database", "1m"),
    "RedisMemoryHigh": ("warning", "database", "5m"),
    "CacheHitRatioLow": ("warning", "database", "15m"),
    "BruteForceLogin": ("critical", "security", "2m"),
    "SuspiciousActivity": ("warning", "security", "5m"),
    "SecurityIncident": ("critical", "security", "0m"),
    "HighCPU": ("warning", "resource", "10m"),
    "HighMemory": ("warning", "resource", "10m"),
    "DiskAlmostFull": ("warning", "resource", "5m"),
    "ContainerRestarting": ("warning", "resource", "0m"),
    "TargetDown": ("warning", "resource", "5m"),
    "DiskWillFill": ("warning", "capacity", "30m"),
    "MemoryLeak": ("warning", "capacity", "30m"),
    "ConnectionsWillExhaust": ("warning", "capacity", "30m"),
    "CertificateExpiring": ("warning", "capacity", "1h"),
    "UserChurnHigh": ("warning", "business", "30m"),
    "EngagementDecline": ("warning", "business", "30m"),
    "LowEngagement": ("warning", "business", "30m"),
    "RegistrationDrop": ("warning", "business", "30m"),
    "DailyActiveUsersDrop": ("warning", "business", "30m"),
    "PaymentFailures": ("critical", "revenue", "5m"),
    "SubscriptionCancellations": ("warning", "revenue", "30m"),
    "SocketDisconnectStorm": ("critical", "realtime", "2m"),
    "MessageDeliveryFailures": ("critical", "realtime", "5m"),
    "MessageLatencyHigh": ("warning", "realtime", "5m"),
    "VoiceQualityPoor": ("warning", "voice", "10m"),
    "VoiceSFUSaturated": ("warning", "voice", "5m"),
    "QueueBacklog": ("warning", "performance", "15m"),
    "UploadFailures": ("warning", "performance", "5m"),
    "SearchDegraded": ("warning", "performance", "10m"),
    "Watchdog": ("info", "resource", "0m"),
    "ScrapeGap": ("warning", "resource", "10m"),
}


def test_every_alert_that_was_agreed_on_is_there_as_agreed() -> None:
    found = {name: (a.severity, a.category, a.hold) for name, a in ALERTS.items() if not a.by_logs}
    assert found == AGREED


@each_alert
def test_an_alert_tells_what_is_wrong_and_where_to_go_on(alert: Alert) -> None:
    assert {"severity", "category", "service"} <= alert.labels.keys()
    assert {"summary", "description", "runbook_url", "dashboard_url"} <= alert.annotations.keys()
    assert "\n" not in alert.annotations["summary"]
    assert alert.annotations["runbook_url"].rpartition("/")[2] == alert.name
    assert (RUNBOOKS / f"{alert.name}.md").exists()


def test_every_dashboard_that_an_alert_leads_to_is_there() -> None:
    linked = {alert.annotations["dashboard_url"].rpartition("/")[2] for alert in ALERTS.values()}
    shipped = (MONITORING / "grafana" / "dashboards").glob("**/*.json")
    assert linked <= {json.loads(path.read_text())["uid"] for path in shipped}


def test_every_runbook_is_one_of_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} - ALERTS.keys() <= {"README"}


@each_alert
def test_the_value_of_a_condition_is_told(alert: Alert) -> None:
    """Where the condition is about a number, people are told it; what is down is just down."""
    yes_or_no = ("APIServiceDown", "APIInstanceDown", "DatabaseDown", "RedisDown", "TargetDown", "Watchdog")
    assert alert.name in yes_or_no or "$value" in "".join(alert.annotations.values())


def test_rules_read_what_the_platform_exports() -> None:
    exported = {f"{family.name}{suffix}" for family in FAMILIES for suffix in ("", "_bucket", "_count", "_sum")} | {
        "up",
        *read_recordings(),
    }
    expressions = [*(a.expr for a in ALERTS.values() if not a.by_logs), *read_recordings().values()]
    read = {selector.metric for expr in expressions for selector in selectors_of(expr)}
    assert read - exported == set()


def test_nothing_is_recorded_for_nobody() -> None:
    """Recorded names are read by an alert or drawn on a dashboard."""
    readers = [alert.expr for alert in ALERTS.values() if not alert.by_logs]
    readers += [path.read_text() for path in (MONITORING / "grafana" / "dashboards").glob("**/*.json")]
    unread = {name for name in read_recordings() if not any(name in reader for reader in readers)}
    assert unread == set()


RATES = ("rate", "irate", "increase", "delta")


def per_series(node: object) -> bool:
    """Whether an expression still has one value for each series of a counter: a rate that nothing has added up."""
    if isinstance(node, promql.AggregateExpr):
        return False
    if isinstance(node, promql.Call):
        if node.func.name == "histogram_quantile":
            return per_series(node.args[1])
        return node.func.name in RATES or any(per_series(argument) for argument in node.args)
    if isinstance(node, promql.ParenExpr | promql.UnaryExpr):
        return per_series(node.expr)
    if isinstance(node, promql.BinaryExpr):
        return per_series(node.lhs) or per_series(node.rhs)
    return False


def divisions(node: object) -> list[promql.BinaryExpr]:
    """Every division of an expression."""
    inner = [getattr(node, name) for name in ("lhs", "rhs", "expr") if hasattr(node, name)]
    inner += list(getattr(node, "args", ()))
    own = [node] if isinstance(node, promql.BinaryExpr) and str(node.op) == "/" else []
    return own + [one for part in inner for one in divisions(part)]


def unaggregated(expr: str) -> list[str]:
    found = divisions(promql.parse(expr))
    return [str(one) for one in found if per_series(one.lhs) or per_series(one.rhs)]


def test_ratios_add_up_before_they_divide() -> None:
    expressions = [*(a.expr for a in ALERTS.values() if not a.by_logs), *read_recordings().values()]
    assert sum(len(divisions(promql.parse(expr))) for expr in expressions) > 15
    assert [bad for expr in expressions for bad in unaggregated(expr)] == []


def test_the_guide_s_own_ratio_would_be_found() -> None:
    assert unaggregated('rate(http_requests_total{code=~"5.."}[5m]) / rate(http_requests_total[5m])')


@pytest.mark.stack
def test_promtool_accepts_the_rules(binaries: Binaries) -> None:
    files = sorted(RULE_FILES[0].glob("*.yml"))
    ran = subprocess.run(
        [binaries.promtool.path, "check", "rules", *files], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "duplicate" not in ran.stdout


@pytest.mark.stack
@pytest.mark.accept
def test_the_tricky_rules_do_what_they_should(binaries: Binaries) -> None:
    ran = subprocess.run(
        [binaries.promtool.path, "test", "rules", HERE / "rules_test.yml"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_group_is_evaluated_in_the_rule_tests() -> None:
    """promtool evaluates groups in the order of a list, and those that are not in it in any."""
    groups = {
        name for path in RULE_FILES[0].glob("*.yml") for name in re.findall(r"^  - name: (\S+)", path.read_text(), re.M)
    }
    listed = re.findall(r"^  - (cryb-\S+)", (HERE / "rules_test.yml").read_text(), re.M)
    assert set(listed) == groups
