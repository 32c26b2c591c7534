"""Each alert by itself: what was asked of it, its episodes, and its expression's value against the threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from simulator.report.chart import OP_WORDS, Chart, Line, number
from simulator.report.phrasing import by_weight
from simulator.telemetry.series import ReportSeries
from simulator.verdict.document import AlertTimeline, Finding, Verdict, Word


@dataclass(frozen=True)
class AlertStory:
    """One alert's part of the report. `key` names it in the page."""

    key: str
    name: str
    findings: tuple[Finding, ...]
    episodes: tuple[AlertTimeline, ...]
    charts: tuple[Chart, ...]


def alert_stories(
    verdict: Verdict, series: Sequence[ReportSeries], most_lines: int
) -> tuple[list[AlertStory], list[AlertStory]]:
    """Alerts that something was asked of or that fired, the broken ones first; and the others that have values."""
    charts = _charts(series, verdict.run.started.at_ms, most_lines)
    asked = {f.alert: None for f in by_weight(verdict.findings) if f.alert and _is_about_firing(f)}
    fired = {alert.alert: None for alert in verdict.alerts if alert.firing is not None and alert.standing != "ignored"}
    notable = list(asked | fired)
    others = [name for name in charts if name not in asked | fired]
    stories = []
    for place, name in enumerate((*notable, *others)):
        key = f"alert-{place}"
        episodes = tuple(alert for alert in verdict.alerts if alert.alert == name)
        spans = tuple(_spans(episodes, verdict.run.ends.at_ms))
        stories.append(
            AlertStory(
                key=key,
                name=name,
                findings=tuple(f for f in by_weight(verdict.findings) if f.alert == name),
                episodes=episodes,
                charts=tuple(
                    replace(chart, key=f"{key}-{index}", episodes=spans)
                    for index, chart in enumerate(charts.get(name, ()))
                ),
            )
        )
    return stories[: len(notable)], stories[len(notable) :]


def _spans(episodes: Sequence[AlertTimeline], end_ms: int) -> Iterator[tuple[int, int, str]]:
    """When the alert was pending and when it fired, whichever instance it was."""
    for episode in episodes:
        over = end_ms if episode.resolved is None else episode.resolved.at_ms
        fired = over if episode.firing is None else episode.firing.at_ms
        yield episode.pending.at_ms, fired, "pending"
        if episode.firing is not None:
            yield fired, over, "firing"


def _is_about_firing(finding: Finding) -> bool:
    """Not of an alert that kept silent as it should: it has nothing to tell."""
    return finding.expectation.startswith("expect.alerts") or finding.word is not Word.MET


def _charts(series: Sequence[ReportSeries], started_ms: int, most_lines: int) -> dict[str, list[Chart]]:
    """One chart for each comparison of each alert."""
    comparisons: dict[str, dict[tuple[object, ...], list[ReportSeries]]] = {}
    for one in (one for one in series if not one.true):
        key = (one.expression, one.op, one.threshold, one.part)
        comparisons.setdefault(one.alert, {}).setdefault(key, []).append(one)
    return {
        alert: [_chart(found, started_ms, most_lines) for found in by_key.values()]
        for alert, by_key in comparisons.items()
    }


def _chart(found: list[ReportSeries], started_ms: int, most_lines: int) -> Chart:
    first = found[0]
    shown = found[:most_lines]
    left_out = max(one.series_count for one in found) - len(shown)
    names = list(_names([one for one in shown if one.times_ms]))
    lines = [
        Line(name, list(zip(one.times_ms, one.values, strict=True)))
        for name, one in zip(names, (one for one in shown if one.times_ms), strict=True)
    ]
    return Chart(
        key="",
        title=first.expression,
        lines=tuple(lines),
        started_ms=started_ms,
        op=first.op,
        threshold=first.threshold,
        note=f"{left_out} more series are farther from the threshold" if left_out > 0 and lines else "",
        asks=_asks(first),
    )


def _names(series: Sequence[ReportSeries]) -> Iterator[str]:
    """Their labels; where each has the same value of a label, it is said once or not at all."""
    if len(series) == 1:
        yield _pairs(series[0].labels) or "value"
        return
    common = set.intersection(*(set(one.labels) for one in series)) if series else set()
    for one in series:
        yield _pairs(tuple(pair for pair in one.labels if pair not in common)) or "value"


def _pairs(labels: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels)


def _asks(series: ReportSeries) -> str:
    """`and above 0.05`: what the comparison lets through."""
    if series.op and series.threshold is not None:
        text = f"{OP_WORDS[series.op]} {number(series.threshold)}"
    else:
        text = "whenever there is a value"
    return {"": f"fires {text}", "and": f"and {text}", "or": f"or {text}", "unless": f"unless {text}"}[series.part]
