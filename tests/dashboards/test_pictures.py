"""The pictures in docs: one of each dashboard, small, labelled for what they are, and drawn of what was measured."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from dashboards.picture import Drawn, Fault, drawn
from simulator.engine.panels import Dashboard
from simulator.engine.server import RangeResult
from tests.dashboards.pictures import FOLDER, MOST_BYTES
from tests.dashboards.shown import shipped_dashboards

SVG = "{http://www.w3.org/2000/svg}"
DASHBOARDS = {dashboard.uid.removeprefix("cryb-"): dashboard for dashboard in shipped_dashboards()}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_each_dashboard_has_a_small_picture_that_says_what_it_is(name: str) -> None:
    path = FOLDER / f"{name}.svg"
    assert path.stat().st_size < MOST_BYTES
    words = [text.text or "" for text in ElementTree.parse(path).iter(f"{SVG}text")]  # noqa: S314  # our own
    assert DASHBOARDS[name].title in words
    assert any("not a screenshot of Grafana" in word for word in words)
    shown = [panel.title for panel in DASHBOARDS[name].panels]
    assert all(any(word.startswith(title[:12]) for word in words) for title in shown)
    assert "nobody could be asked" not in words


def _picture(dashboard: Dashboard, values: list[float]) -> ElementTree.Element:
    panel = next(panel for panel in dashboard.panels if panel.title == "Request rate by status")
    times_ms = np.arange(len(values), dtype=np.int64) * 60_000
    row = np.array([values])
    result = RangeResult(((("code", "200 <&>"),),), ~np.isnan(row), np.nan_to_num(row))
    faults = [Fault("x", 60_000, 120_000)]
    one = Dashboard(dashboard.uid, dashboard.title, (panel,), ())
    return ElementTree.fromstring(drawn(one, {panel: [Drawn("{{code}}", result)]}, times_ms, faults))  # noqa: S314


def test_a_line_goes_where_its_values_go_and_breaks_where_there_is_none() -> None:
    picture = _picture(DASHBOARDS["api-performance"], [0.0, 5.0, float("nan"), 10.0, 10.0])
    (line,) = [path.get("d", "") for path in picture.iter(f"{SVG}path") if path.get("stroke-width") == "1.2"]
    assert line.count("M") == 2
    points = [tuple(map(float, point.split())) for point in line.replace("M", "L").split("L")[1:]]
    heights = [y for _, y in points]
    assert heights[0] > heights[1] > heights[2] == heights[3]
    assert heights[1] == pytest.approx((heights[0] + heights[2]) / 2, abs=0.1)
    assert "200 <&>" in [text.text for text in picture.iter(f"{SVG}text")]
    assert len([box for box in picture.iter(f"{SVG}rect") if box.get("fill") == "#b877d9"]) == 1


def test_a_panel_that_nobody_was_asked_for_says_so() -> None:
    dashboard = DASHBOARDS["slo"]
    text = drawn(dashboard, {}, np.array([0, 60_000]), [])
    assert text.count("nobody could be asked") == len(dashboard.panels)
