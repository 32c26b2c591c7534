"""Dashboards as people have them: of any age, exported in any way, and broken in any place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.panels import read_dashboard
from simulator.engine.variables import Language
from simulator.errors import InputError
from simulator.resources import shipped
from simulator.units import HOUR, MINUTE

CONTENT = json.loads((shipped("monitoring") / "grafana" / "dashboards" / "slo.json").read_text())
ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.text() | st.just([]) | st.just({}) | st.just([None]) | st.just([1])
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document."""
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def put(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value there."""
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = put(node[path[0]], path[1:], value)
    return copy


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=st.sampled_from(list(places(CONTENT))), value=ANYTHING)
def test_whatever_is_broken_is_one_line_or_does_not_matter(tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
    file = tmp_path / "d.json"
    file.write_text(json.dumps(put(CONTENT, path, value)))
    try:
        dashboard = read_dashboard(file)
        for panel in dashboard.panels:
            for target in panel.targets:
                dashboard.filled(target.expr, step_ms=MINUTE, range_ms=HOUR)
    except InputError as error:
        said = str(error)
    else:
        return
    assert said.startswith(f"{file}: ")
    assert "\n" not in said


def read(tmp_path: Path, **content: Any) -> Any:
    (tmp_path / "d.json").write_text(json.dumps(content))
    return read_dashboard(tmp_path / "d.json")


def test_rows_of_before_grafana_5_are_read(tmp_path: Path) -> None:
    panels = [{"type": "graph", "title": "p", "targets": [{"refId": "A", "expr": "up"}]}]
    (panel,) = read(tmp_path, rows=[{"title": "r", "repeat": "node", "panels": panels}]).panels
    assert (panel.row, panel.title, panel.repeats) == ("r", "p", ("node",))


def test_a_data_source_is_known_by_its_type_its_input_or_its_variable(tmp_path: Path) -> None:
    def panel(source: Any) -> dict[str, Any]:
        return {"type": "graph", "datasource": source, "targets": [{"refId": "A", "expr": "up"}]}

    sources = ["${DS_LOGS}", "$ds", {"type": "loki"}, {"uid": "${ds}"}, None, {"type": "graphite"}, "Prometheus eu"]
    dashboard = read(
        tmp_path,
        __inputs=[{"name": "DS_LOGS", "type": "datasource", "pluginId": "loki"}],
        templating={"list": [{"name": "ds", "type": "datasource", "query": "prometheus"}]},
        panels=[panel(source) for source in sources],
    )
    p, q, r = Language.PROMQL, Language.LOGQL, Language.OTHER
    assert [panel.targets[0].language for panel in dashboard.panels] == [q, p, q, p, p, r, p]


@pytest.mark.parametrize("content", [{"spec": {"elements": {}}}, {"elements": {}}])
def test_a_dashboard_of_the_new_schema_is_named_as_such(content: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="schema v2"):
        read(tmp_path, **content)
