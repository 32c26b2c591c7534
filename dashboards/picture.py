"""A dashboard as a picture, drawn from query results. It is no screenshot of Grafana, and says so at its head.

Plain SVG: a panel in its place of the grid, lines over time with their limits, newest values, states, durations, lines
of logs. Faults are shaded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.engine.panels import Dashboard, Panel
from simulator.engine.server import RangeResult

_COLUMN: Final = 50.0
_ROW: Final = 22.0
_HEAD: Final = 44.0
_WIDTH: Final = 24 * _COLUMN
_MOST_SERIES: Final = 8
_POINTS: Final = 90
_PALETTE: Final = ("#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#5195ce", "#ba43a9", "#9c89d6")
_COLOURS: Final = {"green": "#56a64b", "yellow": "#e0b400", "red": "#e02f44", "blue": "#3274d9", "": "#d8d9da"}
_SCALES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BINARY: Final = ((1024.0**3, "Gi"), (1024.0**2, "Mi"), (1024.0, "Ki"))
_LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_SUFFIX: Final = {"reqps": " req/s", "ops": " ops/s", "cps": " lines/s", "bytes": "B", "Bps": "B/s", "Kbits": " kbit/s"}


@dataclass(frozen=True)
class Drawn:
    """What a target of a panel showed: `legend` as in the dashboard, `lines` instead of series for a panel of logs."""

    legend: str
    result: RangeResult | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """A span to be shaded."""

    name: str
    start_ms: int
    end_ms: int


Times = NDArray[np.int64]


def drawn(
    dashboard: Dashboard, panels: Mapping[Panel, Sequence[Drawn]], times_ms: Times, faults: Sequence[Fault]
) -> str:
    """The picture. `panels` has what each target got, in order; a panel without it says that nobody could be asked."""
    bottom = max(panel.place[1] + panel.place[3] for panel in dashboard.panels)
    height = _HEAD + bottom * _ROW + 6
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" font-family="sans-serif">',
        f'<rect width="{_WIDTH:.0f}" height="{height:.0f}" fill="#111217"/>',
        _text(10, 20, dashboard.title, 17, "#ffffff"),
        _text(10, 37, "drawn by crybsim from query results over simulated telemetry; not a screenshot of Grafana", 11),
    ]
    row = ""
    for panel in dashboard.panels:
        x, y, w, h = panel.place
        if panel.row != row:
            row = panel.row
            parts.append(_text(8, _HEAD + y * _ROW - 6, row, 13, "#ffffff"))
        box = (x * _COLUMN + 3, _HEAD + y * _ROW + 3, w * _COLUMN - 6, h * _ROW - 6)
        parts.extend(_panel(panel, panels.get(panel), times_ms, faults, box))
    return "\n".join((*parts, "</svg>")) + "\n"


Box = tuple[float, float, float, float]
Line = tuple[str, NDArray[np.float64]]


def _panel(
    panel: Panel, answers: Sequence[Drawn] | None, times_ms: Times, faults: Sequence[Fault], box: Box
) -> Iterator[str]:
    x, y, w, h = box
    yield f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}" rx="3" fill="#181b1f" stroke="#2c3235"/>'
    yield _text(x + 8, y + 16, _cut(panel.title, w / 6.5), 12, "#d8d9da")
    inner = (x + 8, y + 24, w - 16, h - 30)
    if answers is None:
        yield _text(inner[0], inner[1] + 14, "nobody could be asked", 11, "#e0b400")
    elif panel.kind == "logs":
        rows = [line for answer in answers for line in answer.lines]
        for number, line in enumerate(rows[: int(inner[3] // 13)]):
            yield _text(inner[0], inner[1] + 10 + 13 * number, _cut(line, inner[2] / 5.7), 9, "#9fa7b3", mono=True)
    else:
        series = [one for answer in answers for one in _series(answer)]
        match panel.kind:
            case "stat":
                yield from _number(panel, series, inner)
            case "state-timeline":
                yield from _states(panel, series, inner)
            case "heatmap":
                yield from _durations(series, inner)
            case "table":
                yield from _table(panel, series, inner)
            case _:
                yield from _lines(panel, series, times_ms, faults, inner)


def _series(answer: Drawn) -> Iterator[Line]:
    """Each series with its name, gaps as NaN, thinned to what can be seen."""
    if answer.result is None:
        return
    values = np.where(answer.result.present, answer.result.values, np.nan)
    step = max(1, math.ceil(values.shape[1] / _POINTS))
    for labels, row in zip(answer.result.labels, values[:, ::step], strict=True):
        known = dict(labels)
        name = answer.legend
        for label in _LABEL.findall(name):
            name = re.sub(rf"\{{\{{\s*{label}\s*\}}\}}", known.get(label, ""), name)
        if answer.legend in ("", "__auto"):
            name = ", ".join(f"{key}={value}" for key, value in labels if not key.startswith("__"))
        yield name.strip(), row


def _lines(panel: Panel, series: list[Line], times_ms: Times, faults: Sequence[Fault], box: Box) -> Iterator[str]:
    x, y, w, h = box
    left, bottom = 52.0, 16.0
    plot = (x + left, y, w - left, h - bottom - 4)
    shown = sorted(series, key=lambda one: -_largest(one[1]))[:_MOST_SERIES]
    rows = np.array([values for _, values in shown]) if shown else np.zeros((0, 2))
    tops = np.where(np.isnan(rows), np.nan, np.nancumsum(rows, axis=0)) if panel.stacked else rows
    low, high = _axis(panel, tops)
    if not shown:
        yield _text(plot[0] + plot[2] / 2 - 24, plot[1] + plot[3] / 2, "No data", 12, "#e0b400")
    first, last = int(times_ms[0]), int(times_ms[-1])
    for fault in faults:
        a, b = ((min(max(at, first), last) - first) / (last - first) for at in (fault.start_ms, fault.end_ms))
        if b > a:
            yield (
                f'<rect x="{plot[0] + a * plot[2]:.1f}" y="{plot[1]:.0f}" width="{(b - a) * plot[2]:.1f}" '
                f'height="{plot[3]:.0f}" fill="#b877d9" opacity="0.035"/>'
            )
    for share in (0.0, 0.5, 1.0):
        at = plot[1] + plot[3] * (1 - share)
        yield f'<path d="M{plot[0]:.0f} {at:.1f}h{plot[2]:.0f}" stroke="#2c3235"/>'
        yield _text(x, at + 3, _shown(low + share * (high - low), panel.unit), 9)
    for limit, colour in panel.limits:
        if low < limit < high:
            at = plot[1] + plot[3] * (high - limit) / (high - low)
            yield f'<path d="M{plot[0]:.0f} {at:.1f}h{plot[2]:.0f}" stroke="{_colour(colour)}" stroke-dasharray="4 3"/>'
    for number, row in enumerate(tops):
        yield f'<path d="{_path(row, low, high, plot)}" fill="none" stroke="{_PALETTE[number]}" stroke-width="1.2"/>'
    at = x + left
    for number, (name, _) in enumerate(shown):
        name = _cut(name, 26)
        if at + 5.2 * len(name) + 14 > x + w:
            break
        yield f'<rect x="{at:.0f}" y="{y + h - 8:.0f}" width="8" height="3" fill="{_PALETTE[number]}"/>'
        yield _text(at + 11, y + h - 3, name, 9)
        at += 5.2 * len(name) + 22


def _number(panel: Panel, series: list[Line], box: Box) -> Iterator[str]:
    x, y, w, h = box
    there = [values for _, values in series if np.isfinite(values).any()]
    if not there:
        yield _text(x + w / 2 - 24, y + h / 2 + 5, "No data", 13, "#e0b400")
        return
    newest = float(there[0][np.isfinite(there[0])][-1])
    low, high = _axis(panel, there[0][None, :])
    yield f'<path d="{_path(there[0], low, high, (x, y + h * 0.55, w, h * 0.4))}" fill="none" stroke="#34506b"/>'
    colour = panel.base
    for limit, name in panel.limits:
        colour = name if newest >= limit else colour
    words = panel.meanings.get(f"{newest:g}", (_shown(newest, panel.unit), colour))
    yield _text(x + 2, y + h * 0.5 + 6, words[0], 22, _colour(words[1]))


def _states(panel: Panel, series: list[Line], box: Box) -> Iterator[str]:
    x, y, w, h = box
    each = min(18.0, h / max(len(series), 1))
    for number, (name, values) in enumerate(series):
        top = y + number * each
        yield _text(x, top + each * 0.7, _cut(name, 22), min(9, int(each * 0.75)))
        width = (w - 130) / len(values)
        start = 0
        for at in range(1, len(values) + 1):
            if at == len(values) or not _same(values[at], values[start]):
                colour = panel.meanings.get(f"{values[start]:g}", ("", ""))[1]
                if np.isfinite(values[start]):
                    yield (
                        f'<rect x="{x + 130 + start * width:.1f}" y="{top + 1:.1f}" width="{(at - start) * width:.1f}" '
                        f'height="{each - 2:.1f}" fill="{_colour(colour)}"/>'
                    )
                start = at


def _durations(series: list[Line], box: Box) -> Iterator[str]:
    """Buckets are cumulative: what lies between two bounds is their difference."""
    x, y, w, h = box
    order = sorted(series, key=lambda one: float(one[0]))
    rows = np.diff(np.nan_to_num([values for _, values in order]), axis=0, prepend=0.0).clip(min=0)
    most = rows.max() or 1.0
    width, height = (w - 40) / rows.shape[1], h / len(rows)
    for number, (name, _) in enumerate(order):
        top = y + h - (number + 1) * height
        yield _text(x, top + height * 0.7, name, 9)
        for at, count in enumerate(rows[number].tolist()):
            if count > most * 0.002:
                yield (
                    f'<rect x="{x + 40 + at * width:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
                    f'fill="#ff9830" opacity="{(count / most) ** 0.5:.2f}"/>'
                )


def _table(panel: Panel, series: list[Line], box: Box) -> Iterator[str]:
    x, y, w, h = box
    newest = [(name, float(values[-1])) for name, values in series if np.isfinite(values[-1])]
    for number, (name, value) in enumerate(sorted(newest, key=lambda one: -one[1])[: int(h // 14)]):
        yield _text(x, y + 10 + 14 * number, _cut(name, w / 6), 10)
        yield _text(x + w - 60, y + 10 + 14 * number, _shown(value, panel.unit), 10, "#ffffff")


def _axis(panel: Panel, rows: NDArray[np.float64]) -> tuple[float, float]:
    there = rows[np.isfinite(rows)]
    low = panel.low if panel.low is not None else (float(there.min()) if there.size else 0.0)
    high = float(there.max()) if there.size else 1.0
    if panel.high is not None and high > panel.high * 0.6:
        high = panel.high
    return (low, high) if high - low > 1e-12 * max(abs(high), 1.0) else (low, low + max(abs(low) * 0.1, 1e-3))


def _path(values: NDArray[np.float64], low: float, high: float, box: Box) -> str:
    x, y, w, h = box
    parts, pen = [], "M"
    for at, value in enumerate(values.tolist()):
        if not math.isfinite(value):
            pen = "M"
            continue
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        parts.append(f"{pen}{x + w * at / (len(values) - 1):.1f} {y + h * (1 - share):.1f}")
        pen = "L"
    return "".join(parts)


def _shown(value: float, unit: str) -> str:
    """A value as its unit asks for, short."""
    if unit == "percentunit":
        return f"{100 * value:.3g}%"
    if unit == "percent":
        return f"{value:.3g}%"
    if unit == "s":
        return _seconds(value)
    scales = _BINARY if unit in ("bytes", "Bps") else _SCALES
    factor, prefix = next(((f, p) for f, p in scales if abs(value) >= f), (1.0, ""))
    text = f"{value / factor:.3g}{prefix}{_SUFFIX.get(unit, '')}"
    return f"${text}" if unit == "currencyUSD" else text


def _seconds(value: float) -> str:
    for factor, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")):
        if abs(value) >= factor:
            return f"{value / factor:.3g} {name}"
    return f"{value * 1e6:.3g} µs" if value else "0 s"


def _text(x: float, y: float, text: str, size: float, colour: str = "#9fa7b3", *, mono: bool = False) -> str:
    family = ' font-family="monospace"' if mono else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"{family}>{escape(text, quote=False)}</text>'
    )


def _cut(text: str, most: float) -> str:
    return text if len(text) <= most else text[: max(int(most) - 1, 1)] + "…"


def _colour(name: str) -> str:
    return _COLOURS.get(name, name)


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _largest(values: NDArray[np.float64]) -> float:
    there = values[np.isfinite(values)]
    return float(np.abs(there).max()) if there.size else 0.0
