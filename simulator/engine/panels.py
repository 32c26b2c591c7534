"""The panels of a Grafana dashboard and what they ask, with variables filled in as Grafana does.

Formats: a dashboard's JSON model (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/)
and the Prometheus data source's `$__rate_interval` (https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulator.engine.variables import AUTO, REFERENCE, Language, Variable, language_of, read_variable, referred
from simulator.errors import InputError
from simulator.units import HOUR, SECOND, parse_duration

DEFAULT_SCRAPE_MS: Final = 15 * SECOND
"""What Grafana takes for the scrape interval where the data source does not say."""
DEFAULT_SPAN_MS: Final = 6 * HOUR
"""What a dashboard shows where it does not say."""


@dataclass(frozen=True)
class Target:
    """One query of a panel. `expr` still has its variables."""

    ref: str
    expr: str
    language: Language
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True)
class Panel:
    """One panel with its place in the grid (x, y, width, height in Grafana's units) and how its values are shown.

    `limits` are the thresholds' values and colours, `base` is the colour below all of them; `row` is the title above.
    `repeats` are the variables that it, or its row, is shown once for each value of. `elsewhere` says where its queries
    are where they are not in the dashboard. `min_step_ms` and `span_ms` are its own shortest step and time shown, or 0.
    """

    dashboard: str
    row: str
    title: str
    kind: str
    place: tuple[int, int, int, int]
    unit: str
    targets: tuple[Target, ...]
    low: float | None = None
    high: float | None = None
    limits: tuple[tuple[float, str], ...] = ()
    base: str = "green"
    meanings: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    stacked: bool = False
    repeats: tuple[str, ...] = ()
    elsewhere: str = ""
    min_step_ms: int = 0
    span_ms: int = 0


@dataclass(frozen=True)
class Dashboard:
    """A dashboard as far as its queries go. It shows the last `span_ms`."""

    uid: str
    title: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...]
    span_ms: int = DEFAULT_SPAN_MS

    def filled(
        self,
        expr: str,
        *,
        step_ms: int,
        range_ms: int,
        scrape_ms: int = DEFAULT_SCRAPE_MS,
        chosen: Mapping[str, str] | None = None,
    ) -> str:
        """An expression as Grafana sends it for a range with that step. `chosen` are values of variables by name."""
        variables = {variable.name: variable for variable in self.variables}
        values = {
            "__interval": f"{step_ms // SECOND}s",
            "__interval_ms": str(step_ms),
            "__rate_interval": f"{max(step_ms + scrape_ms, 4 * scrape_ms) // SECOND}s",
            "__range": f"{range_ms // SECOND}s",
            "__range_s": str(range_ms // SECOND),
            "__range_ms": str(range_ms),
            "__auto": f"{step_ms // SECOND}s",
        }
        values |= chosen or {}

        def put(found: re.Match[str]) -> str:
            name = referred(found)
            if name in values:
                return values[name]
            form = found["form"] or found["old_form"] or ""
            value = variables[name].value(form) if name in variables else found[0]
            return values["__interval"] if value.startswith(f"{AUTO}_interval") else value

        return REFERENCE.sub(put, expr)


def read_dashboard(path: Path) -> Dashboard:
    """A dashboard's JSON, exported or provisioned. Raises InputError."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}") from error
    try:
        return _dashboard(content, path)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: is not a dashboard as Grafana writes it: {error or type(error).__name__}") from error


def _dashboard(content: Any, path: Path) -> Dashboard:
    if isinstance(content, dict) and isinstance(content.get("dashboard"), dict):
        content = content["dashboard"]  # as the API answers
    if isinstance(content, dict) and "elements" in (content.get("spec") or content):
        raise InputError(f"{path}: is a dashboard of schema v2, which is not read here; export it as the classic model")
    if isinstance(content, dict) and isinstance(content.get("rows"), list):  # before Grafana 5
        content["panels"] = [{"type": "row", **row} for row in content["rows"]]
    if not isinstance(content, dict) or not isinstance(content.get("panels"), list):
        raise InputError(f"{path}: is not a dashboard: it has no list `panels`")
    title = str(content.get("title") or path.stem)
    variables = (content.get("templating") or {}).get("list") or ()
    inputs = {one["name"]: one.get("pluginId") for one in content.get("__inputs") or ()}
    inputs |= {one["name"]: one.get("query") for one in variables if one.get("type") == "datasource"}
    sources = {str(name): str(kind) for name, kind in inputs.items() if kind}
    return Dashboard(
        uid=str(content.get("uid") or ""),
        title=title,
        panels=tuple(_panels(content["panels"], title, sources)),
        variables=tuple(read_variable(one, sources) for one in variables),
        span_ms=_span_of(str((content.get("time") or {}).get("from") or "")) or DEFAULT_SPAN_MS,
    )


def _panels(
    items: list[Any], dashboard: str, sources: Mapping[str, str], row: str = "", repeats: tuple[str, ...] = ()
) -> Iterator[Panel]:
    """Every panel that is no row, those that lie in a collapsed row included; without the copies that Grafana saves of
    repeated ones."""
    for item in items:
        if not isinstance(item, dict) or item.get("repeatPanelId"):
            continue
        if item.get("type") == "row":
            row = str(item.get("title") or "")
            repeats = _repeats(item)
            yield from _panels(item.get("panels") or [], dashboard, sources, row, repeats)
        else:
            yield _panel(item, dashboard, row, repeats + _repeats(item), sources)


def _repeats(item: dict[str, Any]) -> tuple[str, ...]:
    return (str(item["repeat"]),) if item.get("repeat") else ()


def _panel(
    item: dict[str, Any], dashboard: str, row: str, repeats: tuple[str, ...], sources: Mapping[str, str]
) -> Panel:
    defaults = (item.get("fieldConfig") or {}).get("defaults") or {}
    custom = defaults.get("custom") or {}
    steps = (defaults.get("thresholds") or {}).get("steps") or ()
    at = item.get("gridPos") or {}
    targets = (target for target in item.get("targets") or () if isinstance(target, dict) and not target.get("hide"))
    return Panel(
        dashboard=dashboard,
        row=row,
        title=str(item.get("title") or ""),
        kind=str(item.get("type") or ""),
        place=(at.get("x", 0), at.get("y", 0), at.get("w", 12), at.get("h", 8)),
        unit=str(defaults.get("unit") or ""),
        targets=tuple(_target(target, item, sources) for target in targets if target.get("expr")),
        low=defaults.get("min"),
        high=defaults.get("max"),
        base=next((str(one["color"]) for one in steps if one.get("value") is None), "green"),
        limits=tuple((float(one["value"]), str(one["color"])) for one in steps if one.get("value") is not None),
        meanings={
            value: (str(means.get("text", "")), str(means.get("color", "")))
            for mapping in defaults.get("mappings") or ()
            if mapping.get("type") == "value"
            for value, means in mapping["options"].items()
        },
        stacked=(custom.get("stacking") or {}).get("mode", "none") != "none",
        repeats=repeats,
        elsewhere=_elsewhere(item),
        min_step_ms=_span_of(str(item.get("interval") or "").lstrip(">=")),
        span_ms=_span_of(str(item.get("timeFrom") or "")),
    )


def _elsewhere(item: dict[str, Any]) -> str:
    """Where a panel without queries of its own has them, if it does."""
    library = item.get("libraryPanel")
    if isinstance(library, dict) and not item.get("targets"):
        return f"library panel {library.get('name') or library.get('uid')!r}"
    if any(isinstance(target, dict) and target.get("panelId") for target in item.get("targets") or ()):
        return "another panel"
    return ""


def _span_of(text: str) -> int:
    """Milliseconds of `now-6h` or `1h`; 0 for what is no plain length of time, such as `now/d`."""
    try:
        return parse_duration(text.removeprefix("now-"))
    except ValueError:
        return 0


def _target(target: dict[str, Any], panel: dict[str, Any], sources: Mapping[str, str]) -> Target:
    return Target(
        ref=str(target.get("refId", "")),
        expr=str(target["expr"]),
        language=language_of(target.get("datasource") or panel.get("datasource"), sources),
        legend=str(target.get("legendFormat") or ""),
        instant=bool(target.get("instant")) and not target.get("range"),
    )
