"""A load run as one HTML page: how it was judged, and latency, rate, errors and users over time. Works offline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from simulator.load.judgement import Judged, LoadJudgement
from simulator.load.thresholds import tell
from simulator.profile.load_names import Kind, kind_of, requests_of
from simulator.profile.load_plan import plans_of
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Scenario
from simulator.profile.thresholds import Measure, parse_threshold
from simulator.report.line_plot import HEIGHT, WIDTH, Line, LinePlot, draw
from simulator.telemetry.observations import LoadEnded, RequestTotals
from simulator.units import SECOND, format_duration
from simulator.wire.load_report import Measured, Tally, add_tallies, sum_tallies

_SPANS: Final = 150
"""Points of a line at most: a run of hours is summed up over longer spans."""
_WORDS: Final = {Judged.FINE: "✓", Judged.BROKEN: "✗", Judged.UNOBSERVED: "?"}
_CSS: Final = ("one", "two", "three")


@dataclass
class Span:
    """What was measured within some seconds."""

    at_ms: int
    users: int = 0
    missed: int = 0
    seconds: float = 0.0
    tallies: dict[str, Tally] = field(default_factory=dict)

    @property
    def requests(self) -> Tally:
        """All requests together."""
        return sum_tallies(requests_of(self.tallies))


def spans_of(lines: Iterable[Measured], started_ms: int, until_ms: int) -> list[Span]:
    """The run's lines in spans of equal length, those in which nothing was measured left out."""
    every = max(SECOND, -(-(until_ms - started_ms) // (_SPANS * SECOND)) * SECOND)
    found: dict[int, Span] = {}
    before = started_ms
    for line in lines:
        if line.at_ms <= started_ms:
            continue
        span = found.setdefault((line.at_ms - started_ms - 1) // every, Span(line.at_ms))
        span.at_ms, span.users = line.at_ms, line.users
        span.missed += line.missed
        span.seconds += (line.at_ms - before) / SECOND
        add_tallies(span.tallies, line.tallies)
        before = line.at_ms
    return [found[number] for number in sorted(found)]


def render_load_page(
    manifest: Manifest,
    lines: Sequence[Measured],
    ended: LoadEnded,
    judgement: LoadJudgement,
    *,
    target: str,
    rerun: str,
) -> str:
    """The page."""
    started_ms = manifest.started_ms
    spans = spans_of(lines, started_ms, ended.at_ms)
    environment = Environment(
        loader=PackageLoader("simulator.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"figure": _figure, "count": "{:,}".format}
    return environment.get_template("load.html.j2").render(
        name=manifest.profile.name,
        description=manifest.profile.description,
        outcome=judgement.outcome.name.lower(),
        findings=[(_WORDS[one.judged], one.judged.value, one.text) for one in judgement.findings],
        lasted=format_duration(max(0, ended.at_ms - started_ms) // SECOND * SECOND),
        started_ms=started_ms,
        target=target,
        plots=[plot for plot in _plots(manifest, spans) if plot is not None],
        totals=(*ended.totals, ended.overall),
        kept=ended.kept,
        deliveries=ended.deliveries,
        accounts=ended.accounts,
        unaccounted=ended.unaccounted,
        rerun=rerun,
        width=WIDTH,
        height=HEIGHT,
    )


def _plots(manifest: Manifest, spans: Sequence[Span]) -> list[LinePlot | None]:
    started_ms = manifest.started_ms

    marks = [(fault.at / SECOND, fault.id) for fault in manifest.profile.faults]
    requests = [(_at(span, started_ms), span.requests, span) for span in spans]
    quantiles = [tally.latency.quantiles_seconds((0.5, 0.95, 0.99)) for _, tally, _ in requests]
    limits = [
        (threshold.limit, threshold.text)
        for threshold in map(parse_threshold, manifest.profile.load.thresholds)
        if threshold.measure is Measure.LATENCY and threshold.kind is Kind.LATENCY and threshold.limit > 0
    ]
    plan = plans_of(manifest.profile).get(Scenario.HTTP)
    planned = [(x, plan.at(x * SECOND).rate) for x, _, _ in requests] if plan else []
    per_second = [(x, tally.requests / (span.seconds or 1)) for x, tally, span in requests]
    failed = [(x, tally.failures / (span.seconds or 1)) for x, tally, span in requests]
    dropped = [(x, span.missed / (span.seconds or 1)) for x, _, span in requests]
    rate_lines = [Line("requests", "one", per_second), Line("failed", "bad", failed)]
    if any(value for _, value in dropped):
        rate_lines.append(Line("not begun", "two", dropped))
    if planned:
        rate_lines.append(Line("planned HTTP", "plan", planned))
    plots = [
        draw(
            "Time to an answer, from the instant at which a request was to leave",
            [
                Line(name, css, [(x, found[index]) for (x, _, _), found in zip(requests, quantiles, strict=True)])
                for index, (name, css) in enumerate(zip(("p50", "p95", "p99"), _CSS, strict=True))
            ],
            tell_x=_seconds,
            tell_y=lambda value: tell(value, Kind.LATENCY),
            log=True,
            limits=limits,
            marks=marks,
        ),
        draw("Requests a second", rate_lines, tell_x=_seconds, tell_y="{:g}".format, marks=marks),
        draw(
            "Users",
            [Line("users", "one", [(x, float(span.users)) for x, _, span in requests])],
            tell_x=_seconds,
            tell_y="{:g}".format,
            marks=marks,
        ),
    ]
    for name, title, quantile in (
        ("SIO deliver", "From one member's message to another's screen", 0.99),
        ("VOICE mos", "Mean opinion score of calls", 0.05),
        ("VOICE loss", "Share of packets lost", 0.95),
    ):
        plots.append(_quantiles(name, title, quantile, spans, started_ms, marks))
    return plots


def _quantiles(
    name: str, title: str, quantile: float, spans: Sequence[Span], started_ms: int, marks: Sequence[tuple[float, str]]
) -> LinePlot | None:
    kind = kind_of(name)
    found: list[tuple[float, tuple[float | None, ...]]] = [
        (_at(span, started_ms), span.tallies[name].latency.quantiles_seconds((0.5, quantile)))
        for span in spans
        if name in span.tallies
    ]
    lines = [
        Line(label, css, [(x, values[index]) for x, values in found])
        for index, (label, css) in enumerate((("p50", "one"), (f"p{100 * quantile:g}", "three")))
    ]
    return draw(
        title, lines, tell_x=_seconds, tell_y=lambda value: tell(value, kind), log=kind is Kind.LATENCY, marks=marks
    )


def _at(span: Span, started_ms: int) -> float:
    return (span.at_ms - started_ms) / SECOND


def _seconds(x: float) -> str:
    return format_duration(round(x) * SECOND)


def _figure(value: float | None, totals: RequestTotals) -> str:
    return "–" if value is None else tell(value, Kind(totals.kind))
