"""The rules of grafana/dashboard-linter, restated over our parser: what each checks is in its documentation
(https://github.com/grafana/dashboard-linter/tree/main/docs). A rule takes a dashboard's JSON and yields complaints.

`EXCLUSIONS` says where a rule is not followed, and why, as the linter's `.lint` file would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import promql_parser

from simulator.engine.panels import Dashboard, Panel
from simulator.engine.variables import Language

Json = dict[str, Any]
Rule = Callable[[Json, Dashboard], Iterator[tuple[str, str]]]
"""Yields where (a panel, a variable) and what."""
STEP_MS: Final = 60_000
RANGE_MS: Final = 3_600_000

# Stand-ins that tell a variable from what is written out; no panel has a window of 127 seconds of its own.
_RATE_INTERVAL: Final = "127s"

# Ids of Grafana's units that the dashboards use, by category of its value formats.
UNITS: Final = {
    *("none", "short", "percent", "percentunit"),
    *("currencyUSD", "bytes", "Bps", "Kbits", "s", "reqps", "ops", "cps"),
}

EXCLUSIONS: Final[Mapping[tuple[str, str], str]] = {
    ("template-job-rule", "*"): "each panel names its job: a dashboard shows several jobs, whose families differ",
    ("template-instance-rule", "cryb-business-kpis"): "KPIs are of the whole platform, whichever instance tells them",
    ("template-instance-rule", "cryb-slo"): "objectives are of the whole service",
    ("template-instance-rule", "cryb-logs"): "streams are told apart by service and level",
    ("target-instance-rule", "cryb-business-kpis"): "KPIs are of the whole platform, whichever instance tells them",
    ("target-instance-rule", "cryb-slo"): "objectives are of the whole service",
    ("target-job-rule", "cryb-slo"): "recording rules have chosen the job",
    ("target-job-rule", "cryb-infrastructure/Targets up"): "it is about the targets of all jobs",
    ("target-job-rule", "cryb-infrastructure/Targets"): "it is about the targets of all jobs",
}


def complaints(content: Json, dashboard: Dashboard) -> list[str]:
    """What no exclusion covers, one line each, with the rule's name in front."""
    return [
        f"{rule}: {where}: {what}"
        for rule, check in RULES.items()
        for where, what in check(content, dashboard)
        if not excluded(rule, dashboard.uid, where)
    ]


def excluded(rule: str, uid: str, where: str) -> bool:
    """Whether an exclusion covers it."""
    return any((rule, key) in EXCLUSIONS for key in ("*", uid, f"{uid}/{where}"))


def template_datasource(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    sources = [one for one in content["templating"]["list"] if one["type"] == "datasource"]
    if not sources:
        yield "templating", "no data source variable"
    for one in sources:
        if one["name"] != f"{one['query']}_datasource" or one["label"] != f"{one['query'].title()} data source":
            yield "templating", f"data source variable {one['name']!r} ({one['label']!r})"


def template_job(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    yield from _template(content, "job", "Job")


def template_instance(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    yield from _template(content, "instance", "Instance")


def _template(content: Json, name: str, label: str) -> Iterator[tuple[str, str]]:
    found = [one for one in content["templating"]["list"] if one["name"] == name]
    if not found:
        yield "templating", f"no variable {name}"
    for one in found:
        if not _uses_source_variable(one):
            yield "templating", f"variable {name} does not use the data source variable"
        if (one["type"], one["label"], one["multi"], one["allValue"]) != ("query", label, True, ".+"):
            yield "templating", f"variable {name} is {one['type']}, {one['label']}, {one['multi']}, {one['allValue']}"


def template_label_promql(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for one in content["templating"]["list"]:
        if one["type"] != "query" or one["datasource"]["type"] != "prometheus":
            continue
        inside = one["query"].removeprefix("label_values(").removesuffix(")")
        if inside == one["query"] or "," not in inside:
            yield one["name"], f"{one['query']!r} is not label_values(selector, label)"
            continue
        try:
            promql_parser.parse(inside.rpartition(",")[0])
        except ValueError as error:
            yield one["name"], str(error)


def template_on_time_change_reload(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for one in content["templating"]["list"]:
        if one["type"] == "query" and one["refresh"] != 2:
            yield one["name"], "is not asked for again when the time range changes"


def panel_datasource(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel in _panels(content):
        asked = [panel, *panel["targets"]]
        if not all(_uses_source_variable(one) for one in asked):
            yield panel["title"], "does not use the data source variable"


def panel_title_description(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel in _panels(content):
        if not panel.get("title") or not panel.get("description"):
            yield panel.get("title") or f"panel {panel['id']}", "has no title or no description"


def panel_units(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel in _panels(content):
        unit = panel["fieldConfig"]["defaults"].get("unit", "") if panel["type"] != "logs" else "none"
        if unit not in UNITS:
            yield panel["title"], f"unit {unit!r}"


def panel_no_targets(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel in _panels(content):
        if not panel.get("targets"):
            yield panel["title"], "asks for nothing"


def target_promql(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel, expr in _filled(dashboard, Language.PROMQL):
        try:
            promql_parser.parse(expr)
        except ValueError as error:
            yield panel.title, f"{expr}: {error}"


def target_logql_auto(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel in dashboard.panels:
        for target in panel.targets:
            if target.language is Language.LOGQL and panel.kind != "logs" and "[$__auto]" not in target.expr:
                yield panel.title, f"no [$__auto] in {target.expr}"


def target_rate_interval(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel, expr in _filled(dashboard, Language.PROMQL):
        for node, parents in _walk(promql_parser.parse(expr)):
            rated = _kind(node) == "MatrixSelector" and parents and _called(parents[-1]) in ("rate", "irate")
            if rated and f"{node.range.total_seconds():.0f}s" != _RATE_INTERVAL:
                yield panel.title, f"a rate over {node.range}, not over $__rate_interval"


def target_job(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    yield from _matched(dashboard, "job")


def target_instance(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    yield from _matched(dashboard, "instance")


def _matched(dashboard: Dashboard, label: str) -> Iterator[tuple[str, str]]:
    for panel, expr in _filled(dashboard, Language.PROMQL):
        for node, _ in _walk(promql_parser.parse(expr)):
            if _kind(node) == "VectorSelector" and label not in {one.name for one in node.matchers.matchers}:
                yield panel.title, f"no matcher of {label} on {node.name}"


def target_counter_agg(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel, expr in _filled(dashboard, Language.PROMQL):
        for node, parents in _walk(promql_parser.parse(expr)):
            if _kind(node) != "VectorSelector" or not str(node.name).endswith("_total"):
                continue
            ranged = len(parents) > 1 and _kind(parents[-1]) == "MatrixSelector"
            if node.name not in GAUGES_NAMED_TOTAL and not (
                ranged and _called(parents[-2]) in ("rate", "irate", "increase")
            ):
                yield panel.title, f"counter {node.name} outside of rate, irate or increase"


def uneditable(content: Json, dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    if content["editable"]:
        yield "dashboard", "may be edited: what is provisioned from files should be changed there"


RULES: Final[Mapping[str, Rule]] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template_job,
    "template-instance-rule": template_instance,
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-promql-rule": target_promql,
    "target-logql-auto-rule": target_logql_auto,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_job,
    "target-instance-rule": target_instance,
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard-rule": uneditable,
}

GAUGES_NAMED_TOTAL: Final = {"cryb_realtime_connections_total", "cryb_active_users_total"}
"""Gauges of the platform contract whose names say otherwise."""


def _panels(content: Json) -> Iterator[Json]:
    for panel in content["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels") or ()
        else:
            yield panel


def _uses_source_variable(item: Json) -> bool:
    source = item["datasource"]
    return bool(source["uid"] == f"${{{source['type']}_datasource}}")


def _filled(dashboard: Dashboard, language: Language) -> Iterator[tuple[Panel, str]]:
    chosen = {"__rate_interval": _RATE_INTERVAL}
    for panel in dashboard.panels:
        for target in panel.targets:
            if target.language is language:
                yield panel, dashboard.filled(target.expr, step_ms=STEP_MS, range_ms=RANGE_MS, chosen=chosen)


def _kind(node: Any) -> str:
    return type(node).__name__


def _called(node: Any) -> str:
    return str(node.func.name) if _kind(node) == "Call" else ""


def _walk(node: Any, parents: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every node of an expression, and those above it, the nearest last."""
    yield node, parents
    inside: list[Any] = []
    match _kind(node):
        case "MatrixSelector":
            inside = [node.vector_selector]
        case "BinaryExpr":
            inside = [node.lhs, node.rhs]
        case "Call":
            inside = list(node.args)
        case "AggregateExpr":
            inside = [node.expr, *([node.param] if node.param is not None else [])]
        case "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
            inside = [node.expr]
    for child in inside:
        yield from _walk(child, (*parents, node))
