"""The reference routes: each class is heard where the guide says, nobody is out of reach, no outage silences itself."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

import pytest
from ruamel.yaml import YAML

from alerting.channels import ALERTMANAGER, ESCALATION, read_routes
from alerting.rules import MONITORING, Alert, read_alerts
from simulator.stack.binaries import Binaries

ROUTES = read_routes()
ALERTS = {alert.name: alert for alert in read_alerts()}
DOCUMENT = YAML(typ="safe").load(ALERTMANAGER.read_text())

# who hears of what: the guide's channels, addresses and PagerDuty classes
OF_CRITICAL = {"#critical-alerts", "devops@cryb.ai", "sre-team@cryb.ai", "pagerduty"}
OF_CATEGORY = {
    "slo": {"#sre-alerts", "pagerduty"},
    "security": {"#security-alerts", "security@cryb.ai", "pagerduty"},
    "business": {"#business-analytics", "business@cryb.ai"},
    "revenue": {"revenue-ops@cryb.ai", "#business-analytics", "pagerduty"},
}
EVERYWHERE = set().union(OF_CRITICAL, *OF_CATEGORY.values(), {"#monitoring"})


def wanted(alert: Alert) -> set[str]:
    by_severity = OF_CRITICAL if alert.severity == "critical" else {"#monitoring"}
    return by_severity | OF_CATEGORY.get(alert.category, set())


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
def test_an_alert_is_heard_where_the_guide_says_and_nowhere_else(alert: Alert) -> None:
    assert set(ROUTES.told(alert)) == wanted(alert)
    assert len(ROUTES.receivers(alert)) == len(set(ROUTES.receivers(alert)))
    assert bool(ROUTES.escalated(alert)) == (alert.severity == "critical")


def test_every_channel_and_address_of_the_guide_hears_something() -> None:
    assert {place for alert in ALERTS.values() for place in ROUTES.told(alert)} == EVERYWHERE


def test_every_receiver_and_every_route_is_reached() -> None:
    matched = [
        route
        for alert in ALERTS.values()
        for route in ROUTES.tree.root.match({**alert.labels, "alertname": alert.name})
    ]
    assert {route.receiver for route in matched} == ROUTES.destinations.keys()
    everywhere = {route.path for route in ROUTES.tree.routes() if not route.children}
    assert everywhere - {route.path for route in matched} == set()


@pytest.mark.stack
@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
def test_alertmanager_walks_the_routes_alike(alert: Alert, binaries: Binaries) -> None:
    labels = [f"{name}={re.sub('{{.*}}', 'x', value)}" for name, value in alert.labels.items()]
    command = [binaries.amtool.path, "config", "routes", "test", f"--config.file={ALERTMANAGER}"]
    ran = subprocess.run([*command, f"alertname={alert.name}", *labels], capture_output=True, text=True, check=True)
    assert tuple(ran.stdout.strip().split(",")) == ROUTES.receivers(alert)


@pytest.mark.stack
def test_alertmanager_accepts_the_configuration_and_its_templates(binaries: Binaries) -> None:
    ran = subprocess.run(
        [binaries.amtool.path, "check-config", ALERTMANAGER], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 templates" in ran.stdout


INHIBITIONS = [
    (source, target, inhibition)
    for inhibition in ROUTES.tree.inhibitions
    for source in ALERTS.values()
    if all(
        matcher.accepts({**source.labels, "alertname": source.name}.get(matcher.label, ""))
        for matcher in inhibition.source
    )
    for target in ALERTS.values()
    if all(
        matcher.accepts({**target.labels, "alertname": target.name}.get(matcher.label, ""))
        for matcher in inhibition.target
    )
]


def test_inhibitions_name_alerts_that_there_are() -> None:
    rules = DOCUMENT["inhibit_rules"]
    written = " ".join(one for rule in rules for side in ("source_matchers", "target_matchers") for one in rule[side])
    named = {name for text in re.findall(r'"([^"]+)"', written) for name in text.split("|")}
    assert named <= ALERTS.keys()
    assert {source.name for source, _, _ in INHIBITIONS} == {"APIServiceDown", "DatabaseDown", "RedisDown"}


def test_an_outage_is_told_itself_and_silences_only_its_own_service() -> None:
    for source, target, inhibition in INHIBITIONS:
        assert source.name != target.name
        assert inhibition.equal == ("service",)
        assert source.severity == "critical"
        assert set(ROUTES.told(source)) >= OF_CRITICAL
    sources = {source.name for source, _, _ in INHIBITIONS}
    assert not sources & {target.name for _, target, _ in INHIBITIONS}


def test_a_consequence_carries_the_service_of_its_cause() -> None:
    """`equal: [service]` would never hold otherwise. A target's service is its job."""
    services: Mapping[str, str] = {"APIServiceDown": "cryb-api", "DatabaseDown": "postgresql", "RedisDown": "redis"}
    for source, target, _ in INHIBITIONS:
        assert target.labels["service"] in (services[source.name], "{{ $labels.job }}")


def test_what_is_critical_is_never_muted() -> None:
    for alert in ALERTS.values():
        for route in ROUTES.tree.root.match({**alert.labels, "alertname": alert.name}):
            if alert.severity == "critical" or alert.name == "Watchdog":
                assert not route.muted or route.receiver == "business"
    assert ROUTES.tree.intervals_in_use()


def test_more_people_hear_after_a_quarter_of_an_hour() -> None:
    (route,) = [route for route in ROUTES.tree.routes() if route.receiver == ESCALATION]
    assert route.group_wait_ms == 15 * 60_000


def test_secrets_are_files_that_the_example_names() -> None:
    text = ALERTMANAGER.read_text()
    files = set(re.findall(r"/etc/alertmanager/secrets/(\w+)", text))
    assert not re.findall(r"(?:api_url|routing_key|service_key|password): ", text)
    readme = (MONITORING / "README.md").read_text()
    assert {name for name in files if name not in readme} == set()
