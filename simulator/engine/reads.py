"""What an expression reads, as far as the order of evaluation depends on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from simulator.engine.groups import METRIC_NAME
from simulator.engine.parsing import parse
from simulator.telemetry.rules import Matcher

_OPS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_FIXED = re.compile(r"@ (-?[\d.]+)")


@dataclass(frozen=True)
class Reads:
    """The vector selectors of an expression, each as its matchers (that on the metric's name included).

    `moves_with_query` is set where it uses `@ start()` or `@ end()`, which differ between an instant and a range query.
    `ahead_ms` is how far it looks into the future, `fixed_ms` the latest instant that it names (`@ 1700000000`).
    """

    selectors: tuple[tuple[Matcher, ...], ...]
    moves_with_query: bool = False
    ahead_ms: int = 0
    fixed_ms: int | None = None


ANYTHING = Reads(selectors=((),), moves_with_query=True)
"""For what cannot be parsed: one selector that matches every series, and perhaps `@ start()`."""


def reads_of(expr: str) -> Reads:
    """What an expression that Prometheus accepted reads; ANYTHING where our parser does not know its syntax."""
    try:
        parsed = parse(expr)
    except ValueError:
        return ANYTHING
    selectors: dict[tuple[Matcher, ...], None] = {}
    moves, ahead_ms, fixed_ms = False, 0, []
    for node in _selecting(parsed):
        if hasattr(node, "matchers"):
            selectors.update(dict.fromkeys(_alternatives(node)))
        at = str(node.at) if node.at is not None else ""
        moves = moves or at in ("@ start()", "@ end()")
        fixed = _FIXED.fullmatch(at)
        offset_ms = _ms(node.offset)
        if fixed:
            fixed_ms.append(round(float(fixed[1]) * 1000) - offset_ms)
        else:
            ahead_ms = max(ahead_ms, -offset_ms)
    return Reads(tuple(selectors), moves, ahead_ms, max(fixed_ms, default=None))


def could_match(matchers: tuple[Matcher, ...], names: frozenset[str], known: dict[str, str]) -> bool:
    """Whether a selector could match a series with one of these names and, among others unknown, these labels."""
    for matcher in matchers:
        if matcher.label == METRIC_NAME:
            if not any(matcher.accepts(name) for name in names):
                return False
        elif matcher.label in known and not matcher.accepts(known[matcher.label]):
            return False
    return True


def _selecting(node: Any) -> Iterator[Any]:
    """Every vector selector and subquery within."""
    match type(node).__name__:
        case "VectorSelector":
            yield node
        case "MatrixSelector":
            yield node.vector_selector
        case "SubqueryExpr":
            yield node
            yield from _selecting(node.expr)
        case "BinaryExpr":
            yield from _selecting(node.lhs)
            yield from _selecting(node.rhs)
        case "Call":
            for argument in node.args:
                yield from _selecting(argument)
        case "AggregateExpr":
            yield from _selecting(node.expr)
            if node.param is not None:
                yield from _selecting(node.param)
        case "ParenExpr" | "UnaryExpr":
            yield from _selecting(node.expr)


def _alternatives(node: Any) -> Iterator[tuple[Matcher, ...]]:
    named = (Matcher(METRIC_NAME, "=", node.name),) if node.name else ()
    for matchers in node.matchers.or_matchers or [node.matchers.matchers]:
        yield (*named, *(Matcher(matcher.name, _OPS[str(matcher.op)], matcher.value) for matcher in matchers))


def _ms(span: timedelta | None) -> int:
    return round(span.total_seconds() * 1000) if span else 0
