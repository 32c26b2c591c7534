"""A Prometheus that runs: its targets, its rules, the metrics that rules and dashboards read, its Alertmanagers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from simulator.clock import Clock
from simulator.engine.groups import RecordingRule, groups_from_api
from simulator.engine.panels import read_dashboard
from simulator.engine.selectors import selectors_of
from simulator.engine.variables import Language
from simulator.errors import UnobservedError, did_you_mean
from simulator.observers import PrometheusApi
from simulator.rehearsal.standing.answers import is_healthy
from simulator.telemetry.checks import Check, State
from simulator.units import MINUTE

_NAME: Final = "prometheus"
_NOT_YET: Final = "unknown"
_LATELY_MS: Final = 10 * MINUTE
_MADE_BY_ITSELF: Final = frozenset({"ALERTS", "ALERTS_FOR_STATE", "up"})
_MOST_LINES: Final = 20
_STEP_MS: Final = MINUTE


def check_prometheus(client: httpx.Client, clock: Clock, dashboards: Sequence[Path]) -> Iterator[Check]:
    """Everything about one server. Raises InputError for a dashboard that cannot be read."""
    health = is_healthy(client, _NAME, "/-/healthy", "is it started? look into its log; is the URL the right one?")
    yield health
    if not health.ready:
        return
    api = PrometheusApi(client)
    try:
        yield Check(_NAME, State.OK, f"version {api.version()}")
        targets = api.get("/api/v1/targets", state="active")["activeTargets"]
        yield from _targets(targets)
        groups = api.groups()
        yield from _rules(groups)
        is_young = any(target["health"] == _NOT_YET for target in targets)
        yield from _metrics(api, clock.now_ms(), _read_by(groups, dashboards), is_young=is_young)
        yield _alertmanagers(api.get("/api/v1/alertmanagers"))
    except UnobservedError as error:
        yield Check(_NAME, State.BROKEN, str(error), "is this a Prometheus, and may its API be read?")


def _targets(targets: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    if not targets:
        yield Check("targets", State.MISSING, "nothing is scraped", "scrape_configs in prometheus.yml")
        return
    down = [target for target in targets if target["health"] not in ("up", _NOT_YET)]
    waiting = sum(target["health"] == _NOT_YET for target in targets)
    state = State.BROKEN if down else State.NOTE if waiting else State.OK
    found = f"{len(targets) - len(down) - waiting} of {len(targets)} up"
    yield Check("targets", state, f"{found}, {waiting} not scraped yet" if waiting else found)
    for target in down[:_MOST_LINES]:
        labels = target["labels"]
        who = f"{labels.get('job', '')} {labels.get('instance', '')}".strip()
        then = f"does {target['scrapeUrl']} answer from where Prometheus runs? port, path, firewall, network"
        yield Check("target", State.BROKEN, f"{who}: {target.get('lastError') or target['health']}", then)


def _rules(groups: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    rules = [(group, rule) for group in groups for rule in group["rules"]]
    if not rules:
        yield Check("rules", State.MISSING, "none are loaded", "rule_files in prometheus.yml; then reload")
        return
    ill = [(group, rule) for group, rule in rules if rule.get("health") == "err"]
    waiting = sum(rule.get("health") == "unknown" for _, rule in rules)
    kinds = sum(rule["type"] == "alerting" for _, rule in rules)
    found = f"{kinds} alerts and {len(rules) - kinds} recordings in {len(groups)} groups"
    found += f", {len(ill)} of them fail" if ill else f", {waiting} not evaluated yet" if waiting else ", all healthy"
    yield Check("rules", State.BROKEN if ill else State.NOTE if waiting else State.OK, found)
    for group, rule in ill[:_MOST_LINES]:
        yield Check("rule", State.BROKEN, f"{group['name']} {rule['name']}: {rule.get('lastError')}", "mend its expr")


def _metrics(
    api: PrometheusApi, now_ms: int, read_by: Mapping[str, Collection[str]], *, is_young: bool
) -> Iterator[Check]:
    """Whether each name that somebody reads has had series in the last minutes."""
    if not read_by:
        return
    window = {"start": f"{(now_ms - _LATELY_MS) / 1000:.3f}", "end": f"{now_ms / 1000:.3f}"}
    present = set(api.get("/api/v1/label/__name__/values", **window))
    missing = sorted(read_by.keys() - present)
    found = f"{len(read_by) - len(missing)} of {len(read_by)} that rules and dashboards read have series"
    if missing and is_young:
        yield Check("metrics", State.NOTE, found, "not everything has been scraped yet; ask again in a minute")
        return
    yield Check("metrics", State.MISSING if missing else State.OK, found)
    for name in missing[:_MOST_LINES]:
        readers = sorted(read_by[name])
        more = f" and {len(readers) - 2} more" if len(readers) > 2 else ""
        what = f"{name} has no series; {', '.join(readers[:2])}{more} can see nothing"
        yield Check(
            "metric", State.MISSING, f"{what}{did_you_mean(name, present)}", "does its exporter run, and expose it?"
        )
    if len(missing) > _MOST_LINES:
        yield Check("metric", State.MISSING, f"{len(missing) - _MOST_LINES} more names have no series")


def _read_by(groups: Sequence[Mapping[str, Any]], dashboards: Sequence[Path]) -> dict[str, set[str]]:
    """Names, and the rules and panels that read them; without what rules record and what Prometheus makes itself."""
    found: dict[str, set[str]] = defaultdict(set)
    recorded = set(_MADE_BY_ITSELF)
    for group in groups_from_api(groups):
        for rule in group.rules:
            if isinstance(rule, RecordingRule):
                recorded.add(rule.name)
            _note(rule.expr, rule.name, found)
    for path in dashboards:
        dashboard = read_dashboard(path)
        for panel in dashboard.panels:
            for target in panel.targets:
                if target.language is Language.PROMQL:
                    expr = dashboard.filled(target.expr, step_ms=_STEP_MS, range_ms=60 * _STEP_MS)
                    _note(expr, f"{dashboard.title} / {panel.title}", found)
    return {name: readers for name, readers in found.items() if name and name not in recorded}


def _note(expr: str, reader: str, found: dict[str, set[str]]) -> None:
    try:
        selectors = selectors_of(expr)
    except ValueError:
        return  # a rule that does not parse is told of by the server itself
    for selector in selectors:
        if not selector.absence:
            found[selector.metric].add(reader)


def _alertmanagers(known: Mapping[str, Any]) -> Check:
    active = [one["url"] for one in known.get("activeAlertmanagers") or ()]
    if active:
        return Check("alerting", State.OK, f"sends alerts to {', '.join(active)}")
    return Check("alerting", State.MISSING, "knows no Alertmanager", "alerting.alertmanagers in prometheus.yml")
