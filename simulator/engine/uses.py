"""How an expression uses the metrics it looks at: inside which functions, grouped by which labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from simulator.engine.parsing import parse
from simulator.engine.selectors import selectors_of
from simulator.telemetry.rules import Selector

_OF_COUNTERS: Final = frozenset({"rate", "irate", "increase", "resets"})


class Guess(Enum):
    """The type that a use suggests; a name that ends in `_total` does not make a counter of what is used as a level
    (`container_fs_inodes_total`)."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True)
class Use:
    """One selector where it stands. `grouped_by` are labels that aggregations and joins around it name, `is_instant`
    says that it is taken from `time()`: a moment of the past."""

    selector: Selector
    guess: Guess
    grouped_by: frozenset[str]
    is_instant: bool = False


def uses_of(expr: str) -> tuple[Use, ...]:
    """Every use, in the order written. Raises ValueError for an expression that does not parse."""
    return tuple(_walk(parse(expr), frozenset(), frozenset()))


def _walk(node: Any, functions: frozenset[str], labels: frozenset[str]) -> Iterator[Use]:
    match type(node).__name__:
        case "VectorSelector":
            yield from (
                Use(selector, _guess(selector, functions), labels) for selector in selectors_of(node.prettify())
            )
        case "MatrixSelector":
            yield from _walk(node.vector_selector, functions, labels)
        case "SubqueryExpr" | "ParenExpr" | "UnaryExpr":
            yield from _walk(node.expr, functions, labels)
        case "BinaryExpr":
            matching = node.modifier.matching if node.modifier else None
            joined = labels | _named(matching)
            yield from _walk(node.lhs, functions, joined)
            since = str(node.op) == "-" and _is_now(node.lhs)
            yield from (replace(use, is_instant=True) if since else use for use in _walk(node.rhs, functions, joined))
        case "Call":
            for argument in node.args:
                yield from _walk(argument, functions | {node.func.name}, labels)
        case "AggregateExpr":
            yield from _walk(node.expr, functions, labels | _named(node.modifier))
            if node.param is not None:
                yield from _walk(node.param, functions, labels)
        case _:  # numbers and strings look at nothing
            return


def _is_now(node: Any) -> bool:
    return type(node).__name__ == "Call" and node.func.name == "time"


def _named(modifier: Any) -> frozenset[str]:
    """The labels of `by (…)` and `on (…)`; those of `without` and `ignoring` need not be there."""
    if modifier is None or str(modifier.type).rpartition(".")[2] not in ("By", "Include"):
        return frozenset()
    return frozenset(modifier.labels)


def _guess(selector: Selector, functions: frozenset[str]) -> Guess:
    if "histogram_quantile" in functions or selector.metric.endswith("_bucket"):
        return Guess.HISTOGRAM
    of_counters = _OF_COUNTERS | {"changes"} if selector.metric.endswith("_total") else _OF_COUNTERS
    return Guess.COUNTER if functions & of_counters else Guess.GAUGE
