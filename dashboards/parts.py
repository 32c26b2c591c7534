"""Panels as the dashboards use them. Each asks for title, description and unit, so that none can be without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    heatmap,
    logs,
    loki,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS: Final = model.DataSourceRef(type_val="prometheus", uid="${prometheus_datasource}")
LOKI: Final = model.DataSourceRef(type_val="loki", uid="${loki_datasource}")
GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"

Panel = Builder[model.Panel]
Steps = Sequence[tuple[float, str]]
NEARLY_FULL: Final = ((0.8, YELLOW), (0.9, RED))
"""Limits of a share in use."""


@dataclass(frozen=True)
class Query:
    """An expression and the names of its series (`{{label}}`)."""

    expr: str
    legend: str = ""


def lines(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    span: int = 8,
    height: int = 8,
    limits: Steps = (),
    low: float | None = 0.0,
    high: float | None = None,
    stacked: bool = False,
    links: Sequence[dashboard.DashboardLink] = (),
    source: model.DataSourceRef = PROMETHEUS,
) -> Panel:
    """Values over time. `limits` are drawn as lines: above them the colour holds; `low` None: as the values fall."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(source)
        .span(span)
        .height(height)
        .fill_opacity(40 if stacked else 10)
        .show_points(common_model.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_model.LegendDisplayMode.LIST)
            .placement(common_model.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_model.TooltipDisplayMode.MULTI)
            .sort(common_model.SortOrder.DESCENDING)
        )
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
    if low is not None:
        panel = panel.min(low)
    if high is not None:
        panel = panel.max(high)
    if limits:
        panel = panel.thresholds(_thresholds(limits)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_model.GraphTresholdsStyleMode.DASHED)
        )
    if links:
        panel = panel.data_links(list(links))
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(query, number, source))
    return panel


def number(
    title: str,
    description: str,
    unit: str,
    query: Query,
    *,
    limits: Steps = (),
    span: int = 4,
    decimals: int | None = None,
    mappings: Sequence[model.ValueMapping] = (),
) -> Panel:
    """The newest value, large, with its way there in the background."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(PROMETHEUS)
        .span(span)
        .height(4)
        .color_mode(common_model.BigValueColorMode.VALUE)
        .graph_mode(common_model.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .thresholds(_thresholds(limits))
        .with_target(_target(query, 0, PROMETHEUS))
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    if mappings:
        panel = panel.mappings(list(mappings))
    return panel


def share(
    title: str, description: str, query: Query, *, limits: Steps = (), span: int = 4, decimals: int | None = 1
) -> Panel:
    """A number from 0 to 1, as a percentage."""
    return number(title, description, "percentunit", query, limits=limits, span=span, decimals=decimals)


def states(
    title: str, description: str, *queries: Query, mappings: Sequence[model.ValueMapping], span: int = 12
) -> Panel:
    """A bar for each series, coloured by what its value means."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .unit("none")
        .datasource(PROMETHEUS)
        .span(span)
        .height(8)
        .show_value(common_model.VisibilityMode.NEVER)
        .merge_values(True)
        .row_height(0.8)
        .mappings(list(mappings))
        .thresholds(_thresholds(()))
    )
    for position, query in enumerate(queries):
        panel = panel.with_target(_target(query, position, PROMETHEUS))
    return panel


def durations(title: str, description: str, buckets: str, *, span: int = 12) -> Panel:
    """How many events took how long, as a heatmap of a histogram's buckets."""
    query = (
        prometheus.Dataquery()
        .expr(buckets)
        .legend_format("{{le}}")
        .format(PromQueryFormat.HEATMAP)
        .range()
        .ref_id("A")
        .datasource(PROMETHEUS)
    )
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .unit("s")
        .datasource(PROMETHEUS)
        .span(span)
        .height(8)
        .calculate(False)
        .color(
            heatmap.HeatmapColorOptions()
            .mode(heatmap_model.HeatmapColorMode.SCHEME)
            .scheme("Oranges")
            .scale(heatmap_model.HeatmapColorScale.EXPONENTIAL)
            .exponent(0.5)
            .steps(64)
        )
        .cell_gap(1)
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .y_axis(heatmap.YAxisConfig().unit("s").axis_placement(common_model.AxisPlacement.LEFT))
        .with_target(query)
    )


def table(title: str, description: str, unit: str, query: Query, *, limits: Steps = (), span: int = 12) -> Panel:
    """The newest value of each series, one a row."""
    target = (
        prometheus.Dataquery()
        .expr(query.expr)
        .legend_format(query.legend)
        .format(PromQueryFormat.TABLE)
        .instant()
        .ref_id("A")
        .datasource(PROMETHEUS)
    )
    return (
        tables.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(PROMETHEUS)
        .span(span)
        .height(8)
        .thresholds(_thresholds(limits))
        .with_transformation(
            model.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True, "__name__": True}})
        )
        .with_target(target)
    )


def log_lines(title: str, description: str, expr: str, *, span: int = 24, height: int = 10) -> Panel:
    """The lines that a LogQL query finds, the newest first."""
    return (
        logs.Panel()
        .title(title)
        .description(description)
        .datasource(LOKI)
        .span(span)
        .height(height)
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(common_model.LogsSortOrder.DESCENDING)
        .dedup_strategy(common_model.LogsDedupStrategy.NONE)
        .with_target(_target(Query(expr), 0, LOKI))
    )


def meanings(*known: tuple[str, str, str]) -> list[model.ValueMapping]:
    """Values with their words and colours."""
    options = {value: model.ValueMappingResult(text=text, color=color) for value, text, color in known}
    return [model.ValueMap(options=options)]


UP: Final = (("1", "up", GREEN), ("0", "down", RED))


def link_to(title: str, uid: str, variables: str = "") -> dashboard.DashboardLink:
    """A link from a panel's values to another dashboard, over the same time."""
    return dashboard.DashboardLink(title).url(f"/d/{uid}?${{__url_time_range}}{variables}")


def _target(query: Query, position: int, source: model.DataSourceRef) -> Builder[Dataquery]:
    name = chr(ord("A") + position)
    if source is LOKI:
        return (
            loki.Dataquery()
            .expr(query.expr)
            .legend_format(query.legend)
            .query_type("range")
            .ref_id(name)
            .datasource(LOKI)
        )
    return (
        prometheus.Dataquery()
        .expr(query.expr)
        .legend_format(query.legend or "__auto")
        .range()
        .ref_id(name)
        .datasource(PROMETHEUS)
    )


def _thresholds(limits: Steps) -> dashboard.ThresholdsConfig:
    """Green below the first limit, unless the first step says otherwise (from minus infinity)."""
    steps = [model.Threshold(value=None, color=GREEN)]
    for value, color in limits:
        if value == float("-inf"):
            steps[0] = model.Threshold(value=None, color=color)
        else:
            steps.append(model.Threshold(value=value, color=color))
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)
