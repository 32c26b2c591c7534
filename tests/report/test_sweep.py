"""A sweep for people and for programs: the same facts in each form, a user's text in its place."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import jsonschema
from rich.console import Console

from simulator.report.sweep_document import Dose, Reaction, Sweep, TripPoint, sweep_schema
from simulator.report.sweep_page import render_sweep_page
from simulator.report.sweep_terminal import render_sweep
from simulator.units import HOUR, MINUTE

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "sweep.schema.json"


def _dose(intensity: float, detect_ms: int | None, workbook_ms: int | None) -> Dose:
    reactions = (Reaction(alert="Burns", detect_ms=detect_ms, workbook_ms=workbook_ms),)
    return Dose(intensity=intensity, error_ratio=intensity + 0.0002, reactions=reactions)


SWEEP = Sweep(
    profile="api-errors",
    profile_path="profiles/api-errors.yaml",
    fault="bad-release",
    kind="http_errors",
    meaning="share of requests that fail",
    profile_intensity=0.25,
    lasts_ms=HOUR,
    seed=1,
    prometheus_version="2.42.0",
    crybsim_version="0.1",
    doses=(
        _dose(0.0, None, None),
        _dose(0.01, None, None),
        _dose(0.02, 45 * MINUTE, 44 * MINUTE),
        _dose(1.0, 3 * MINUTE, 2 * MINUTE),
    ),
    trips=(
        TripPoint(
            alert="Ones", fires_at=0.0, silent_at=None, threshold=None, threshold_intensity=None, insensitive=True
        ),
        TripPoint(
            alert="Burns",
            fires_at=0.02,
            silent_at=0.01,
            threshold=0.0144,
            threshold_intensity=0.0142,
            insensitive=False,
        ),
    ),
    silent=("<b>Down</b>",),
    not_evaluated=("Odd: its labels need [red]js[/red]",),
    rerun="crybsim sweep api-errors",
)


def _printed(width: int = 120) -> str:
    text = io.StringIO()
    Console(file=text, width=width, highlight=False).print(render_sweep(SWEEP))
    return text.getvalue()


def test_the_terminal_has_trip_points_plots_and_what_is_wrong() -> None:
    printed = _printed()
    assert re.search(r"Ones\s+–\s+0\s.*insensitive: it trips there whatever its threshold is", printed)
    assert re.search(r"Burns\s+0.01\s+0.02\s+0.0144\s+0.0142", printed)
    assert re.search(r"0.02\s+─+w?●\s+45m\s+w 44m", printed)
    assert re.search(r"threshold 0.0144 reached at 0.0142\n\s+0.02 ", printed)
    assert "Odd: its labels need [red]js[/red]" in printed
    assert "Ones: to detect" not in printed  # it needs no fault
    assert _printed(60)


def test_the_page_draws_each_alert_with_threshold_and_prediction() -> None:
    page = render_sweep_page(SWEEP)
    assert page.count("<svg") == 1
    assert page.count("<circle") == 2
    assert 'class="book"' in page
    assert "threshold 0.0144" in page
    assert "&lt;b&gt;Down&lt;/b&gt;" in page
    assert not re.search(r"https?://|url\(", page)
    (threshold,) = re.findall(r'class="limit" x1="([\d.]+)"', page)
    points = [float(x) for x in re.findall(r'<circle class="dot" cx="([\d.]+)"', page)]
    assert 0 < float(threshold) < points[0] < points[1] == 720


def test_a_sweep_in_which_nothing_fires_has_a_page_too() -> None:
    page = render_sweep_page(SWEEP.model_copy(update={"trips": ()}))
    assert "No alert fired" in page


def test_the_document_keeps_to_its_published_schema() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == sweep_schema(), "crybsim sweep --schema > docs/schema/…"
    schema = json.loads(sweep_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(SWEEP.model_dump_json()))
    assert Sweep.model_validate_json(SWEEP.model_dump_json()) == SWEEP
