"""The PromQL in a team's rule files and Grafana dashboards.

Formats: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ and a dashboard's JSON model,
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.engine.uses import Use, uses_of
from simulator.errors import InputError

_RANGE: Final = re.compile(r"(\[|:|\boffset\s+)\s*\$(?:\w+|\{[^}]*\})")
_VARIABLE: Final = re.compile(r"\$(?:\w+|\{[^}]*\})|\[\[\w+\]\]")
_TEMPLATE_QUERY: Final = re.compile(r"(?:label_values|query_result)\((.*)\)", re.DOTALL)
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_EQUALS: Final = re.compile(r"(!?)=\s*$")
_STRING: Final = re.compile(r'("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')')


@dataclass(frozen=True)
class Expression:
    """One expression and where it stands. `records` is the name that it is recorded under; `uses` is None where it
    cannot be read."""

    file: str
    place: str
    text: str
    records: str
    uses: tuple[Use, ...] | None


def expressions_in(path: Path) -> tuple[Expression, ...]:
    """Every expression of a rule file (YAML) or a dashboard (JSON). Raises InputError."""
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".json":
            found = _of_dashboard(json.loads(text))
        else:
            found = _of_rules(YAML(typ="safe", pure=True).load(text), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}") from error
    except YAMLError as error:
        raise InputError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    return tuple(_expression(str(path), *one, filled_in=path.suffix == ".json") for one in found)


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


def _of_rules(content: Any, file: str) -> Iterator[tuple[str, str, str]]:
    groups = content.get("groups") if isinstance(content, dict) else None
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise InputError(f"{file}: is not a rule file: it has no list `groups`")
    for group in groups:
        for rule in group.get("rules") or ():
            name = str(rule.get("record") or rule.get("alert") or "?")
            yield f"{group.get('name', '?')}/{name}", str(rule.get("expr", "")), str(rule.get("record") or "")


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
        definition = content.get("definition")
        if isinstance(definition, str) and (match := _TEMPLATE_QUERY.match(definition)):
            yield place, re.sub(r",\s*\w+\s*$", "", match[1]), ""
        for value in content.values():
            if isinstance(value, dict | list):
                yield from _of_dashboard(value, place)


def _is_logql(target: dict[str, Any]) -> bool:
    """Whether a target asks Loki: its data source says so."""
    source = target.get("datasource")
    kind = source.get("type", "") if isinstance(source, dict) else str(source or "")
    return "loki" in kind.lower()
