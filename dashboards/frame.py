"""What all dashboards share: data sources, variables, annotations, links to each other, the time shown first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.parts import LOKI, PROMETHEUS, Panel

TAG: Final = "cryb"
API, BUSINESS, SLO, INFRASTRUCTURE, LOGS = (
    f"cryb-{name}" for name in ("api-performance", "business-kpis", "slo", "infrastructure", "logs")
)
_EVERYTHING: Final = model.VariableOption(text="All", value="$__all", selected=True)

# Fields of a Prometheus annotation query that the SDK's model of annotations does not have.
_ANNOTATION_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "Simulated faults": {"titleFormat": "{{fault}}", "textFormat": "{{kind}}", "tagKeys": "kind", "step": "15s"},
    "Alerts": {
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}}",
        "tagKeys": "severity,category",
        "step": "15s",
    },
}


def framed(uid: str, title: str, description: str, *, hours: int, logs: bool = False) -> dashboard.Dashboard:
    """A dashboard without panels. `logs`: it asks Loki as well."""
    board = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .refresh("30s")
        .time(f"now-{hours}h", "now")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("CRYB dashboards")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(False)
            .include_vars(True)
            .keep_time(True)
        )
        .with_variable(_source("prometheus"))
    )
    if logs:
        board = board.with_variable(_source("loki"))
    return board.annotation(
        dashboard.AnnotationQuery()
        .name("Simulated faults")
        .datasource(PROMETHEUS)
        .enable(True)
        .icon_color("purple")
        .expr("crybsim_fault_active == 1")
    ).annotation(
        dashboard.AnnotationQuery()
        .name("Alerts")
        .datasource(PROMETHEUS)
        .enable(True)
        .icon_color("red")
        .expr('ALERTS{alertstate="firing", severity!="info"}')
    )


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


def row(title: str, *panels: Panel) -> Row:
    """Panels under one heading, in the order in which they are read."""
    return Row(title, panels)


def filled(board: dashboard.Dashboard, *rows: Row) -> dashboard.Dashboard:
    """The dashboard with these rows."""
    for each in rows:
        board = board.with_row(dashboard.Row(each.title))
        for panel in each.panels:
            board = board.with_panel(panel)
    return board


def choice(name: str, label: str, description: str, values: str, *, everything: str = ".*", loki: bool = False) -> Any:
    """A variable whose values are asked for (`label_values(…)`); several may be chosen, and all are at first."""
    query: str | dict[str, object] = values
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .description(description)
        .query(query)
        .datasource(LOKI if loki else PROMETHEUS)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(everything)
        .current(_EVERYTHING)
    )


def environment() -> Any:
    """The external label `environment`, where the data source has it."""
    return choice(
        "environment",
        "Environment",
        "External label of the Prometheus that scraped; a single Prometheus does not store it, then All is right",
        "label_values(up, environment)",
    )


def as_json(board: dashboard.Dashboard) -> str:
    """The dashboard as Grafana loads it, always written the same way."""
    content = json.loads(json.dumps(board.build(), cls=JSONEncoder))
    content["schemaVersion"] = 38  # Grafana 10.0
    for number, panel in enumerate(content["panels"], 1):
        panel["id"] = number
    for annotation in content["annotations"]["list"]:
        annotation |= _ANNOTATION_FIELDS[annotation["name"]]
    for variable in content["templating"]["list"]:
        for unused in ("auto", "auto_count", "auto_min", "id"):
            del variable[unused]
        if variable["type"] == "query":
            variable["definition"] = variable["query"]
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _source(kind: str) -> dashboard.DatasourceVariable:
    return (
        dashboard.DatasourceVariable(f"{kind}_datasource")
        .label(f"{kind.title()} data source")
        .type(kind)
        .current(model.VariableOption(text="default", value="default", selected=True))
    )
