"""The panels of a Grafana dashboard and what they ask, with variables filled in as Grafana does.

Formats: a dashboard's JSON model (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/),
variable syntax (https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/) and the Prometheus data
source's `$__rate_interval` (https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from simulator.errors import InputError
from simulator.units import SECOND

_REFERENCE: Final = re.compile(r"\$(?P<bare>\w+)|\$\{(?P<braced>\w+)(?:[.:][^}]*)?\}|\[\[(?P<old>\w+)(?::\w+)?\]\]")
_ALL: Final = "$__all"
_SPECIAL: Final = re.compile(r"[\\^$*+?.()|\[\]{}/]")
DEFAULT_SCRAPE_MS: Final = 15 * SECOND
"""What Grafana takes for the scrape interval where the data source does not say."""


class Language(StrEnum):
    """What a target is written in."""

    PROMQL = "promql"
    LOGQL = "logql"
    OTHER = "other"


@dataclass(frozen=True)
class Target:
    """One query of a panel. `expr` still has its variables."""

    ref: str
    expr: str
    language: Language
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel with its place in the grid (x, y, width, height in Grafana's units) and how its values are shown.

    `limits` are the thresholds' values and colours, `base` is the colour below all of them; `row` is the title above.
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


@dataclass(frozen=True)
class Variable:
    """A template variable. `query` is what its values are asked with; `chosen` are the values chosen at first."""

    name: str
    kind: str
    query: str
    chosen: tuple[str, ...]
    all_value: str = ""
    several: bool = False

    def value(self) -> str:
        """What a reference to it becomes. All without a value of its own is anything: its values are not known here."""
        if _ALL in self.chosen:
            return self.all_value or ".*"
        if not self.several:
            return self.chosen[0] if self.chosen else ""
        escaped = [_SPECIAL.sub(lambda found: "\\\\" + found[0], one) for one in self.chosen]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


@dataclass(frozen=True)
class Dashboard:
    """A dashboard as far as its queries go."""

    uid: str
    title: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...]

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
        values = {variable.name: variable.value() for variable in self.variables}
        values |= {
            "__interval": f"{step_ms // SECOND}s",
            "__interval_ms": str(step_ms),
            "__rate_interval": f"{max(step_ms + scrape_ms, 4 * scrape_ms) // SECOND}s",
            "__range": f"{range_ms // SECOND}s",
            "__range_s": str(range_ms // SECOND),
            "__range_ms": str(range_ms),
            "__auto": f"{step_ms // SECOND}s",
        }
        values |= chosen or {}
        return _REFERENCE.sub(lambda found: values.get(_name(found), found[0]), expr)


def read_dashboard(path: Path) -> Dashboard:
    """A dashboard's JSON, exported or provisioned. Raises InputError."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}") from error
    if isinstance(content, dict) and isinstance(content.get("dashboard"), dict):
        content = content["dashboard"]  # as the API answers
    if not isinstance(content, dict) or not isinstance(content.get("panels"), list):
        raise InputError(f"{path}: is not a dashboard: it has no list `panels`")
    title = str(content.get("title") or path.stem)
    variables = content.get("templating", {}).get("list") or ()
    return Dashboard(
        uid=str(content.get("uid") or ""),
        title=title,
        panels=tuple(_panels(content["panels"], title)),
        variables=tuple(_variable(one) for one in variables if isinstance(one, dict)),
    )


def _name(found: re.Match[str]) -> str:
    return found["bare"] or found["braced"] or found["old"]


def _panels(items: list[Any], dashboard: str, row: str = "") -> Iterator[Panel]:
    """Every panel that is no row, those that lie in a collapsed row included."""
    for item in items:
        if not isinstance(item, dict):
            continue
        if item.get("type") == "row":
            row = str(item.get("title") or "")
            yield from _panels(item.get("panels") or [], dashboard, row)
        else:
            yield _panel(item, dashboard, row)


def _panel(item: dict[str, Any], dashboard: str, row: str) -> Panel:
    defaults = item.get("fieldConfig", {}).get("defaults", {})
    custom = defaults.get("custom", {})
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
        targets=tuple(_target(target, item) for target in targets if target.get("expr")),
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
    )


def _target(target: dict[str, Any], panel: dict[str, Any]) -> Target:
    source = target.get("datasource") or panel.get("datasource")
    kind = str(source.get("type", "") if isinstance(source, dict) else source or "").lower()
    language = Language.LOGQL if "loki" in kind else Language.PROMQL if kind in ("", "prometheus") else Language.OTHER
    return Target(str(target.get("refId", "")), str(target["expr"]), language, str(target.get("legendFormat") or ""))


def _variable(one: dict[str, Any]) -> Variable:
    current = (one.get("current") or {}).get("value")
    query = one.get("query")
    chosen = current if isinstance(current, list) else [current]
    if one.get("type") in ("textbox", "constant"):
        chosen = [query if isinstance(query, str) else ""]
    return Variable(
        name=str(one.get("name") or ""),
        kind=str(one.get("type") or ""),
        query=query if isinstance(query, str) else str((query or {}).get("query", "")),
        chosen=tuple(str(value) for value in chosen if value is not None),
        all_value=str(one.get("allValue") or ""),
        several=bool(one.get("multi") or one.get("includeAll")),
    )
