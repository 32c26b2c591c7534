"""The PromQL in a team's rule files and Grafana dashboards.

Formats: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ and a dashboard's JSON model,
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.engine.uses import Use, uses_of
from simulator.errors import InputError
from simulator.wire.kubernetes import Carried, carried_files, is_helm_template, is_manifest

_RANGE: Final = re.compile(r"(\[|:|\boffset\s+)\s*(?:\$(?:\w+|\{[^}]*\})|\[\[[\w:]+\]\])")
_VARIABLE: Final = re.compile(r"\$(?:\w+|\{[^}]*\})|\[\[[\w:]+\]\]")
_TEMPLATE_QUERY: Final = re.compile(r"(?P<function>label_values|query_result)\((?P<of>.*)\)$", re.DOTALL)
_LAST_ARGUMENT: Final = re.compile(r",\s*[\w$]+\s*$")
_PIPELINE: Final = re.compile(
    r"\|\s*(?:=|~|json\b|logfmt\b|regexp\b|pattern\b|line_format\b|unwrap\b|unpack\b)|\}\s*!=\s*\"\""
)
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_EQUALS: Final = re.compile(r"(!?)=\s*$")
_STRING: Final = re.compile(r'("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')')


@dataclass(frozen=True)
class Expression:
    """One expression and where it stands. `records` is the name that it is recorded under, `alert` that of the alert it
    is for; `uses` is None where it cannot be read."""

    file: str
    place: str
    text: str
    records: str
    uses: tuple[Use, ...] | None
    alert: str = ""


def expressions_in(path: Path) -> tuple[Expression, ...]:
    """Every expression of a rule file (YAML) or a dashboard (JSON). Raises InputError."""
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix == ".json":
            of_dashboards: list[Any] = [json.loads(text)]
            of_rules: list[Any] = []
        elif is_manifest(text):
            of_dashboards, of_rules = _carried(text, str(path))
        else:
            of_dashboards, of_rules = [], [_first_document(text)]
        rules = [one for content in of_rules for one in _of_rules(content, str(path))]
        panels = [one for content in of_dashboards for one in _of_dashboard(content)]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}") from error
    except YAMLError as error:
        raise InputError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    return (
        *(replace(_expression(str(path), *one, filled_in=False), alert=alert) for alert, *one in rules),
        *(_expression(str(path), *one, filled_in=True) for one in panels),
    )


def _first_document(text: str) -> Any:
    """What Prometheus reads of a rule file: the first YAML document."""
    return next(iter(YAML(typ="safe", pure=True).load_all(text)), None)


def _carried(text: str, file: str) -> tuple[list[Any], list[Any]]:
    """The dashboards and the rule files inside of Kubernetes manifests."""
    try:
        carried = carried_files(text)
    except ValueError as error:
        hint = "; a Helm template has to be rendered first (helm template)" if is_helm_template(text) else ""
        raise InputError(f"{file}: is not YAML: {error}{hint}") from error
    dashboards = [json.loads(one.text) for one in carried if one.kind is Carried.DASHBOARD]
    rules = [_first_document(one.text) for one in carried if one.kind is Carried.RULES]
    if not dashboards and not rules:
        raise InputError(f"{file}: a Kubernetes manifest that carries neither rules nor dashboards")
    return dashboards, rules


def _expression(file: str, place: str, text: str, records: str, *, filled_in: bool) -> Expression:
    """`filled_in`: Grafana fills variables in before anybody reads it; one outside of strings is a number or a name."""
    readings = (_without_variables(text, stand_in) for stand_in in ("1", "x")) if filled_in else (text,)
    for reading in readings:
        try:
            return Expression(file, place, text, records, uses_of(reading))
        except ValueError:
            continue
    return Expression(file, place, text, records, None)


def _without_variables(text: str, stand_in: str) -> str:
    """An expression that Grafana would fill in: ranges become 5m, and a matcher's variables may be any text."""
    parts = _STRING.split(_RANGE.sub(r"\g<1>5m", text))
    for number in range(1, len(parts), 2):
        parts[number], variables = _VARIABLE.subn(".*", parts[number])
        if variables and (equals := _EQUALS.search(parts[number - 1])):
            parts[number - 1] = f"{parts[number - 1][: equals.start()]}{equals[1] or '='}~"
    for number in range(0, len(parts), 2):
        grouped = _GROUPING.sub(
            lambda found: _VARIABLE.sub("le", found[0]), parts[number]
        )  # a label that nobody learns
        parts[number] = _VARIABLE.sub(stand_in, grouped)
    return "".join(parts)


def _of_rules(content: Any, file: str) -> Iterator[tuple[str, str, str, str]]:
    groups = content.get("groups") if isinstance(content, dict) else None
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise InputError(f"{file}: is not a rule file: it has no list `groups`")
    for group in groups:
        for rule in group.get("rules") or ():
            alert, record = str(rule.get("alert") or ""), str(rule.get("record") or "")
            yield alert, f"{group.get('name', '?')}/{record or alert or '?'}", str(rule.get("expr", "")), record


def _of_dashboard(content: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """Expressions of all panels, whatever rows and libraries they lie in, and of the variables."""
    if isinstance(content, list):
        for item in content:
            yield from _of_dashboard(item, place)
    elif isinstance(content, dict):
        place = str(content.get("title") or content.get("name") or place)
        expr = content.get("expr")
        if isinstance(expr, str) and expr.strip() and not _is_logql(content):
            yield place, expr, ""
        if content.get("type") in (None, "query") and not _is_logql(content) and (asked := _asked_by_variable(content)):
            yield place, asked, ""
        for value in content.values():
            if isinstance(value, dict | list):
                yield from _of_dashboard(value, place)


def _asked_by_variable(variable: dict[str, Any]) -> str:
    """The expression that a variable's values come from; `label_values(LABEL)` and other questions have none."""
    for key in ("definition", "query"):
        written = variable.get(key)
        if isinstance(written, dict):
            written = written.get("query")
        if isinstance(written, str) and (match := _TEMPLATE_QUERY.match(written.strip())):
            if match["function"] == "query_result":
                return match["of"]
            return _LAST_ARGUMENT.sub("", match["of"]) if _LAST_ARGUMENT.search(match["of"]) else ""
    return ""


def _is_logql(target: dict[str, Any]) -> bool:
    """Whether a target asks Loki: its data source says so, or, where a variable names that, its pipeline does."""
    if isinstance(target.get("expr"), str) and _PIPELINE.search(_STRING.sub('""', target["expr"])):
        return True
    source = target.get("datasource")
    kind = source.get("type", "") if isinstance(source, dict) else str(source or "")
    return "loki" in kind.lower()
