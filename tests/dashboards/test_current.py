"""The JSON is what the generator makes, and Grafana is told where to find it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards import frame
from dashboards.__main__ import FOLDER, rendered
from simulator.engine.panels import read_dashboard

FILES = rendered()


def test_what_is_checked_in_is_what_the_generator_makes() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == FILES.keys()
    stale = [name for name, text in FILES.items() if (FOLDER / name).read_text(encoding="utf-8") != text]
    assert not stale, "run `make dashboards`"


def test_it_is_made_alike_each_time() -> None:
    assert rendered() == FILES


@pytest.mark.parametrize("name", FILES)
def test_ids_are_unique_and_panels_do_not_overlap(name: str) -> None:
    content = json.loads(FILES[name])
    ids = [panel["id"] for panel in content["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in content["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_all_five_are_there_and_lead_to_each_other(tmp_path: Path) -> None:
    uids = {json.loads(text)["uid"] for text in FILES.values()}
    assert uids == {frame.API, frame.BUSINESS, frame.SLO, frame.INFRASTRUCTURE, frame.LOGS}
    for name, text in FILES.items():
        content = json.loads(text)
        assert content["links"][0]["type"] == "dashboards"
        assert set(content["links"][0]["tags"]) <= set(content["tags"])
        assert {one["name"] for one in content["annotations"]["list"]} == {"Simulated faults", "Alerts"}
        for panel in content["panels"]:
            for link in panel.get("fieldConfig", {}).get("defaults", {}).get("links") or ():
                assert link["url"].split("?")[0].removeprefix("/d/") in uids, f"{name}: {panel['title']}"


def test_every_variable_that_is_used_is_there() -> None:
    for name in FILES:
        dashboard = read_dashboard(FOLDER / name)
        for panel in dashboard.panels:
            for target in panel.targets:
                filled = dashboard.filled(target.expr, step_ms=60_000, range_ms=3_600_000)
                assert "$" not in filled, f"{name}: {panel.title}: {filled}"
