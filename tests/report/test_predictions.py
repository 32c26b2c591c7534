"""What was foretold stands beside what was measured, in every form of the report."""

from __future__ import annotations

import io

from rich.console import Console

from simulator.report import render_html, render_json, render_markdown, render_terminal
from simulator.slo import Firing
from simulator.telemetry.interval import Interval
from simulator.units import MINUTE, SECOND
from simulator.verdict import Verdict
from simulator.verdict.facts import Prediction
from tests.verdict.scene import FAULT_END, FIRED, ONSET, PASSING

FIRES = Firing(ONSET + 30 * SECOND, FIRED - 15 * SECOND, FAULT_END + MINUTE)
TOLD = Prediction(
    "HighErrorRate",
    "g",
    (("severity", "critical"),),
    Interval(ONSET, FAULT_END),
    error_ratio=0.2,
    fires=FIRES,
    at_highest=FIRES,
    at_lowest=FIRES,
    steady_detect_ms=2 * MINUTE + 7 * SECOND,
)
NOT_TOLD = Prediction(
    "DiskAlmostFull", "g", (), Interval(ONSET, FAULT_END), reason="<b>x</b> is not summed before it is divided"
)


def _verdict() -> Verdict:
    return PASSING.given(predictions=(TOLD, NOT_TOLD)).judged()


def test_the_terminal_has_both_times_and_the_reason_for_none() -> None:
    text = io.StringIO()
    Console(file=text, width=100, highlight=False).print(render_terminal(_verdict()))
    assert "20.000% of events bad" in text.getvalue()
    assert "to detect 2m30s, foretold 2m15s, Workbook 2m7s" in text.getvalue()
    assert "no prediction for DiskAlmostFull: <b>x</b> is not summed before it is divided" in text.getvalue()


def test_markdown_has_them_escaped() -> None:
    text = render_markdown(_verdict())
    assert "| HighErrorRate | 20.000% | 2m30s | 2m15s | 2m7s |" in text
    assert "\\<b\\>x\\</b\\> is not summed" in text


def test_the_page_has_them_escaped() -> None:
    page = render_html(_verdict())
    assert '<a href="#budget">' in page
    assert "<td>2m30s</td><td>2m15s</td><td>2m7s</td>" in page
    assert "&lt;b&gt;x&lt;/b&gt; is not summed" in page


def test_json_reads_back() -> None:
    verdict = _verdict()
    assert Verdict.model_validate_json(render_json(verdict)) == verdict
    assert [one.reason for one in verdict.predictions] == ["", NOT_TOLD.reason]
