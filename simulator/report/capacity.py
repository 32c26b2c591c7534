"""A sweep over arrival rates, for a terminal and as a page with the knee drawn. Works offline."""

from __future__ import annotations

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulator.load.capacity import Bearing, Capacity
from simulator.report.line_plot import HEIGHT, WIDTH, Line, draw
from simulator.units import format_duration

_WORDS: Final = {Bearing.KEPT: "kept", Bearing.BROKEN: "broken", Bearing.UNKNOWN: "unknown"}
_STYLES: Final = {Bearing.KEPT: "green", Bearing.BROKEN: "red", Bearing.UNKNOWN: "yellow"}
_BAR: Final = 32


def render_capacity(capacity: Capacity) -> Group:
    """The result, each rate from the lowest on, and its p95 as a bar: where the bars grow is the knee."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("requests/s", "", "reached", "failed", "p50", "p95", "p99", "CPU"):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=True)
    table.add_column("p95, to scale", no_wrap=True)
    table.add_column("why", overflow="fold")
    steps = sorted(capacity.steps, key=lambda step: step.rate)
    longest = max((step.p95_seconds or 0.0 for step in steps), default=0.0)
    for step in steps:
        table.add_row(
            f"{step.rate:g}",
            Text(_WORDS[step.bearing], style=_STYLES[step.bearing]),
            _share(step.achieved),
            f"{step.error_ratio:.1%}",
            *(_ms(value) for value in (step.p50_seconds, step.p95_seconds, step.p99_seconds)),
            _share(step.cpu_ratio),
            "█" * max(1, round(_BAR * (step.p95_seconds or 0.0) / longest)) if longest else "",
            "" if step.bearing is Bearing.KEPT else step.why,
        )
    return Group(Text(f"{capacity.profile}, target: {capacity.target}"), Text(capacity.told, style="bold"), "", table)


def render_capacity_page(capacity: Capacity) -> str:
    """The page."""
    steps = sorted(capacity.steps, key=lambda step: step.rate)
    marks = [(rate, text) for rate, text in ((capacity.kept, "borne"), (capacity.broken, "not")) if rate is not None]

    def line(label: str, css: str, name: str) -> Line:
        return Line(label, css, [(step.rate, getattr(step, name)) for step in steps])

    reached = Line(
        "came through", "one", [(s.rate, None if s.achieved is None else s.rate * s.achieved) for s in steps]
    )
    asked = Line("asked for", "plan", [(step.rate, step.rate) for step in steps])
    plots = [
        draw(
            "Time to an answer by arrival rate",
            [line("p50", "one", "p50_seconds"), line("p95", "two", "p95_seconds"), line("p99", "three", "p99_seconds")],
            tell_x="{:.4g}/s".format,
            tell_y=_ms,
            log=True,
            marks=marks,
        ),
        draw(
            "Requests a second that came through",
            [reached, asked],
            tell_x="{:.4g}/s".format,
            tell_y="{:g}".format,
            marks=marks,
        ),
    ]
    environment = Environment(
        loader=PackageLoader("simulator.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"ms": _ms, "share": _share}
    return environment.get_template("capacity.html.j2").render(
        capacity=capacity,
        steps=steps,
        plots=[plot for plot in plots if plot is not None],
        width=WIDTH,
        height=HEIGHT,
        lasts=format_duration(round(capacity.seconds * 1000)),
        warm_up=format_duration(round(capacity.warm_up_seconds * 1000)),
    )


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.4g}ms"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
