"""Which expressions depend on how densely the past was sampled: history is coarser the older it is.

rate(x[30d])                        the increase is the same, however many samples tell it
count_over_time(x[1d])              counts the samples themselves
avg_over_time(x[1d])                weighs the dense last hours more than the rest of the day
rate(x[1m] offset 1d)               finds no two samples within a minute of then
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from simulator.engine.parsing import parse
from simulator.engine.selectors import LOOKBACK_MS
from simulator.units import format_duration

_COUNTS_SAMPLES: Final = frozenset(
    {
        "avg_over_time",
        "changes",
        "count_over_time",
        "deriv",
        "double_exponential_smoothing",
        "holt_winters",
        "mad_over_time",
        "max_over_time",
        "min_over_time",
        "predict_linear",
        "quantile_over_time",
        "resets",
        "stddev_over_time",
        "stdvar_over_time",
        "sum_over_time",
    }
)
_LAST_TWO: Final = frozenset({"idelta", "irate"})
_ONE_IS_ENOUGH: Final = frozenset({"absent_over_time", "last_over_time", "present_over_time"})


@dataclass(frozen=True)
class Density:
    """Every scrape within `full_ms` before an evaluation, one in `old_step_ms` before that; 0: all of them."""

    full_ms: int
    old_step_ms: int


def sparse_reads(
    expr: str, density: Density, back_ms: int = 0, dense: Collection[str] = frozenset()
) -> tuple[str, ...]:
    """What of an expression would be worth something else on a past that is dense throughout; each ends a sentence.

    `back_ms` is how long before the run it is evaluated at most; `dense` are names of which every sample is there.
    Empty for an expression that our parser does not know.
    """
    if density.old_step_ms == 0:
        return ()
    try:
        node = parse(expr)
    except ValueError:
        return ()
    return tuple(dict.fromkeys(_walk(node, back_ms, density, dense)))


def _walk(node: Any, outer_ms: int, density: Density, dense: Collection[str]) -> Iterator[str]:
    match type(node).__name__:
        case "VectorSelector":
            if (
                node.name not in dense
                and outer_ms + _ms(node.offset) > density.full_ms
                and density.old_step_ms >= LOOKBACK_MS
            ):
                yield f"{_short(node)} finds a sample only at times: there is one in {_step(density)}"
        case "Call":
            for argument in node.args:
                if type(argument).__name__ == "MatrixSelector":
                    yield from _ranged(node, argument, outer_ms, density, dense)
                else:
                    yield from _walk(argument, outer_ms, density, dense)
        case "SubqueryExpr":
            yield from _walk(node.expr, outer_ms + _ms(node.range) + _ms(node.offset), density, dense)
        case "BinaryExpr":
            yield from _walk(node.lhs, outer_ms, density, dense)
            yield from _walk(node.rhs, outer_ms, density, dense)
        case "AggregateExpr" | "ParenExpr" | "UnaryExpr":
            yield from _walk(node.expr, outer_ms, density, dense)


def _ranged(call: Any, matrix: Any, outer_ms: int, density: Density, dense: Collection[str]) -> Iterator[str]:
    ends_ms = outer_ms + _ms(matrix.vector_selector.offset)
    window_ms = _ms(matrix.range)
    if ends_ms + window_ms <= density.full_ms or matrix.vector_selector.name in dense:
        return
    name = call.func.name
    if name in _COUNTS_SAMPLES:
        yield f"{_short(call)} is another with fewer samples: before the last {_full(density)} one in {_step(density)}"
    elif name in _LAST_TWO and ends_ms > density.full_ms:
        yield f"{_short(call)} looks at two neighbouring samples, which are {_step(density)} apart"
    elif name not in _ONE_IS_ENOUGH and ends_ms > density.full_ms - window_ms and window_ms < 2 * density.old_step_ms:
        yield f"{_short(call)} looks through a window with less than two samples: there is one in {_step(density)}"
    elif name in _ONE_IS_ENOUGH and window_ms < density.old_step_ms:
        yield f"{_short(call)} finds a sample only at times: there is one in {_step(density)}"


def _full(density: Density) -> str:
    return format_duration(density.full_ms)


def _step(density: Density) -> str:
    return format_duration(density.old_step_ms)


def _short(node: Any) -> str:
    text = " ".join(node.prettify().split())
    return text if len(text) <= 80 else text[:79] + "…"


def _ms(span: timedelta | None) -> int:
    return round(span.total_seconds() * 1000) if span else 0
