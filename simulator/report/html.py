"""The report as one HTML file: no network, no foreign code, readable on a phone, in the dark, and by a screen reader.

A Content-Security-Policy in the page names its own script and style by their hashes and forbids everything else. Text
of users is escaped wherever it stands; were it not, it still could not run, load or send anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from simulator.report import phrasing
from simulator.report.chart import Chart, number
from simulator.report.chart_budget import budget_charts
from simulator.report.chart_load import latency_chart, measurements, rate_chart
from simulator.report.html_alerts import AlertStory, alert_stories
from simulator.report.html_timeline import events, timeline
from simulator.report.together import not_graded_together, together, unpredicted
from simulator.telemetry.observations import Observation
from simulator.telemetry.series import ReportSeries
from simulator.units import SECOND
from simulator.verdict import wording
from simulator.verdict.document import Outcome, RequestFigures, Verdict, Word

MOST_BYTES: Final = 2_000_000
"""Of the whole file. What does not fit is left out, and the page says so."""

UPLOT_VERSION: Final = "1.6.32"

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_MEANING: Final = {
    Outcome.PASS: "What this pass means",
    Outcome.FAIL: "What this fail means",
    Outcome.INCONCLUSIVE: "What this verdict means",
}


@dataclass(frozen=True)
class _Room:
    """How much of each kind the page holds."""

    text: int = 2000  # characters of one text
    findings: int = 400
    lanes: int = 60
    events: int = 300
    notifications: int = 200
    names: int = 100
    alerts: int = 40
    others: int = 80
    lines: int = 8
    numbers: int = 120_000  # in all charts together
    most_rows: int = 600  # of one chart
    table_rows: int = 24

    def smaller(self) -> _Room:
        """Half of it, at least one of each."""
        return _Room(**{name: max(room // 2, 1) for name, room in asdict(self).items()})


def render_html(verdict: Verdict, journal: Sequence[Observation] = (), series: Sequence[ReportSeries] = ()) -> str:
    """The page. Without a journal it has no load over time, without series no values of expressions."""
    room = _Room()
    page = _render(verdict, journal, series, room)
    while len(page.encode()) > MOST_BYTES and room.text > 1:
        room = room.smaller()
        page = _render(verdict, journal, series, room)
    return page


def _render(verdict: Verdict, journal: Sequence[Observation], series: Sequence[ReportSeries], room: _Room) -> str:
    run = verdict.run
    started_ms = run.started.at_ms
    measured = measurements(journal, started_ms, run.ends.at_ms)
    notable, others = alert_stories(verdict, series, room.lines)
    shown, silent = notable[: room.alerts], [story for story in others if story.charts][: room.others]
    load, latency = rate_chart(measured, started_ms), latency_chart(measured, started_ms)
    budget = budget_charts(series, measured, started_ms, run.ends.at_ms - started_ms)
    charts = [*_of(shown), *_of(silent), *budget, *(chart for chart in (load, latency) if chart)]
    columns = sum(len(chart.lines) + 1 for chart in charts)
    rows = max(min(room.numbers // max(columns, 1), room.most_rows), 8)
    lanes = timeline(verdict, journal, room.lanes)
    data = {
        "start": lanes.start,
        "end": lanes.end,
        "startedMs": started_ms,
        "faults": [
            [(fault.onset.at_ms - started_ms) / SECOND, (fault.end.at_ms - started_ms) / SECOND]
            for fault in verdict.faults
        ],
        "charts": {chart.key: chart.drawn(rows) for chart in charts},
    }
    style = Markup(_asset("assets/uPlot.min.css") + _asset("templates/report.css"))  # noqa: S704 -- our own files
    script = Markup(_asset("assets/uPlot.iife.min.js") + _asset("templates/report.js"))  # noqa: S704
    broken = together([f for f in phrasing.by_weight(verdict.findings) if f.word is not Word.MET])
    not_graded = not_graded_together(verdict.not_graded)
    met = [f for f in phrasing.by_weight(verdict.findings) if f.word is Word.MET]
    return (
        _environment(room.text)
        .get_template("report.html.j2")
        .render(
            policy=_policy(script, style),
            style=style,
            script=script,
            data=_json(data),
            verdict=verdict,
            run=run,
            length=wording.span(run.ends.at_ms - started_ms),
            began=f"{run.started.at[:19].replace('T', ' ')} UTC",
            headline=phrasing.HEADLINE[verdict.outcome],
            meaning=_MEANING[verdict.outcome],
            figures=_figures(verdict),
            broken=broken[: room.findings],
            met=met[: room.findings],
            findings_left_out=max(len(broken) - room.findings, 0) + max(len(met) - room.findings, 0),
            timeline=lanes,
            events=events(verdict, journal)[: room.events],
            events_left_out=max(len(events(verdict, journal)) - room.events, 0),
            notable=shown,
            notable_left_out=len(notable) - len(shown),
            silent=silent,
            has_series=bool(series),
            budget=budget,
            prediction_headings=phrasing.PREDICTION_HEADINGS,
            predictions=[phrasing.prediction_row(one, verdict) for one in phrasing.predicted(verdict)[: room.alerts]],
            unpredicted=unpredicted(verdict.predictions)[: room.names],
            notifications=verdict.notifications[: room.notifications],
            notifications_left_out=max(len(verdict.notifications) - room.notifications, 0),
            load=load,
            latency=latency,
            load_figures=[(what, value) for what, value in phrasing.load_figures(verdict) if what != "target"],
            load_accounts=phrasing.load_accounts(verdict),
            by_name=() if verdict.load is None else _busiest(verdict)[: room.names],
            not_graded=not_graded[: room.names],
            not_graded_left_out=max(len(not_graded) - room.names, 0),
            notes=verdict.notes[: room.names],
            run_again=phrasing.run_again(verdict),
            table_rows=room.table_rows,
            uplot_version=UPLOT_VERSION,
        )
    )


def _of(stories: Iterable[AlertStory]) -> list[Chart]:
    return [chart for story in stories for chart in story.charts]


def _busiest(verdict: Verdict) -> list[RequestFigures]:
    assert verdict.load is not None
    return sorted(verdict.load.by_name, key=lambda figures: (-figures.requests, figures.name))


def _figures(verdict: Verdict) -> list[tuple[str, str]]:
    """The run in a handful of numbers: (what, value)."""
    met = sum(finding.word is Word.MET for finding in verdict.findings)
    expected = phrasing.standing(verdict, "expected")
    detected = [alert.detect_ms for alert in expected if alert.detect_ms is not None]
    notified = [alert.notified_ms for alert in expected if alert.notified_ms is not None]
    figures = [("expectations met", f"{met} of {len(verdict.findings)}")]
    if expected:
        figures.append(("expected alerts fired", str(len({alert.alert for alert in expected}))))
    if detected:
        figures.append(("to detect", wording.span(min(detected))))
    if notified:
        figures.append(("to notify", wording.span(min(notified))))
    figures.append(("unexpected alerts", str(len({alert.alert for alert in phrasing.standing(verdict, "unexpected")}))))
    figures.append(("notifications", f"{len(verdict.notifications):,}"))
    if verdict.load is not None:
        figures.append(("requests", f"{verdict.load.overall.requests:,}"))
    return figures


@cache
def _environment(most_text: int) -> Environment:
    """Templates whose every text is clipped, cleaned and escaped."""

    def clean(value: object) -> object:
        if not isinstance(value, str) or isinstance(value, Markup):
            return value
        text = value if len(value) <= most_text else value[:most_text] + "…"
        return _CONTROL.sub("\ufffd", text)

    environment = Environment(
        loader=PackageLoader("simulator.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=clean,
    )
    environment.filters |= {
        "offset": phrasing.offset,
        "span": phrasing.span,
        "latency": phrasing.latency,
        "unanswered": phrasing.unanswered,
        "mark": phrasing.mark,
        "subject": phrasing.subject,
        "heard": phrasing.heard_alerts,
        "number": number,
        "counted": wording.counted,
    }
    return environment


@cache
def _asset(path: str) -> str:
    return files("simulator.report").joinpath(path).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: object) -> Markup:
    """JSON for a script element of no language: nothing in it can end the element."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 -- numbers and names of our own, escaped above
