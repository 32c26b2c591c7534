"""The model's truth of an interval, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from simulator.clock import rfc3339
from simulator.telemetry.interval import Interval
from simulator.telemetry.truth import RequestsTruth, Truth
from simulator.units import format_duration

MOST_ROUTES: Final = 10


def render_truth(truth: Truth) -> str:
    """Tables in plain text: requests, indicators, budgets, burn rates, faults."""
    return "\n".join(line.rstrip() for line in _lines(truth)) + "\n"


def truth_document(truth: Truth) -> dict[str, Any]:
    """The same as JSON has it: instants in RFC 3339, seconds, ratios; null where there was nothing to measure."""
    return {
        "interval": _interval(truth.interval),
        "requests": _requests(truth.requests),
        "routes": [{"method": one.method, "route": one.route, **_requests(one)} for one in truth.routes],
        "slis": [
            {"name": one.name, "total": one.total, "bad": one.bad, "ratio": one.ratio, "target": one.target}
            for one in truth.slis
        ],
        "budgets": [
            {"sli": one.sli, "target": one.target, "period_seconds": one.period_ms / 1000, "left": one.left}
            for one in truth.budgets
        ],
        "burn_rates": [
            {
                "sli": one.sli,
                "window_seconds": one.window_ms / 1000,
                "error_ratio": one.error_ratio,
                "burn_rate": one.burn_rate,
            }
            for one in truth.burns
        ],
        "faults": [
            {"id": one.id, "kind": one.kind, "acted": _interval(one.acted), "level": one.level} for one in truth.faults
        ],
    }


def _lines(truth: Truth) -> Iterator[str]:
    span = truth.interval
    yield f"{rfc3339(span.start_ms)} to {rfc3339(span.end_ms)} ({format_duration(span.length_ms)})"
    yield ""
    yield from _table(
        ("requests", "total", "a second", "5xx", "p50", "p95", "p99"),
        [("all", *_figures(truth.requests))]
        + [(f"{one.method} {one.route}", *_figures(one)) for one in truth.routes[:MOST_ROUTES]],
    )
    if len(truth.routes) > MOST_ROUTES:
        yield f"(and {len(truth.routes) - MOST_ROUTES} routes more; --json has them)"
    yield ""
    yield from _table(
        ("indicator", "events", "bad", "good", "objective"),
        [
            (one.name, str(one.total), str(one.bad), _percent(one.ratio), _percent(one.target, "none"))
            for one in truth.slis
        ],
    )
    yield ""
    yield from _table(
        ("error budget", "period", "left at the end"),
        [(one.sli, format_duration(one.period_ms), _percent(one.left)) for one in truth.budgets],
    )
    yield ""
    yield from _table(
        ("burn rate over", *dict.fromkeys(format_duration(one.window_ms) for one in truth.burns)),
        [
            (name, *(_number(one.burn_rate) for one in truth.burns if one.sli == name))
            for name in dict.fromkeys(one.sli for one in truth.burns)
        ],
    )
    yield ""
    if not truth.faults:
        yield "no fault acted"
        return
    yield from _table(
        ("fault", "kind", "from", "to", "level"),
        [
            (one.id, one.kind, rfc3339(one.acted.start_ms), rfc3339(one.acted.end_ms), f"{one.level:g}")
            for one in truth.faults
        ],
    )


def _figures(one: RequestsTruth) -> tuple[str, ...]:
    return (
        str(one.total),
        f"{one.per_second:.2f}",
        _percent(one.error_ratio),
        *(_milliseconds(seconds) for seconds in (one.p50_seconds, one.p95_seconds, one.p99_seconds)),
    )


def _requests(one: RequestsTruth) -> dict[str, Any]:
    return {
        "total": one.total,
        "failed": one.failed,
        "per_second": one.per_second,
        "error_ratio": one.error_ratio,
        "p50_seconds": one.p50_seconds,
        "p95_seconds": one.p95_seconds,
        "p99_seconds": one.p99_seconds,
    }


def _interval(interval: Interval) -> dict[str, str]:
    return {"from": rfc3339(interval.start_ms), "to": rfc3339(interval.end_ms)}


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column to the left, figures to the right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, *rows):
        first, *others = row
        yield "  ".join((first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(others, widths[1:], strict=True))))


def _percent(ratio: float | None, nothing: str = "–") -> str:
    return nothing if ratio is None else f"{100 * ratio:.3f} %"


def _milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{1000 * seconds:.1f} ms"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
