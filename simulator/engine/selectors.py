"""What a PromQL expression looks at: its vector selectors, and how far back each one reaches.

Parsing is promql-parser's, a port of Prometheus's own parser.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simulator.engine.parsing import parse
from simulator.telemetry.rules import Matcher, Selector

LOOKBACK_MS = 5 * 60 * 1000
"""Prometheus's default `--query.lookback-delta`."""

_OPS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_ABSENCE = frozenset({"absent", "absent_over_time"})


def selectors_of(expr: str, *, exceptions: bool = False) -> tuple[Selector, ...]:
    """The selectors of an expression, in the order written, each once.

    Selectors on the right of `unless` are left out: when they match nothing the expression only reacts more readily.
    With `exceptions` they are there, too: everything that is read. Raises ValueError for an expression that does not
    parse.
    """
    found: dict[Selector, None] = {}
    _walk(parse(expr), 0, False, found, exceptions)
    return tuple(found)


def _walk(node: Any, outer_ms: int, absence: bool, found: dict[Selector, None], exceptions: bool) -> None:
    match type(node).__name__:
        case "VectorSelector":
            for selector in _expand(node, outer_ms + _ms(node.offset), absence):
                found[selector] = None
        case "MatrixSelector":
            inner = node.vector_selector
            for selector in _expand(inner, outer_ms + _ms(node.range) + _ms(inner.offset), absence):
                found[selector] = None
        case "SubqueryExpr":
            _walk(node.expr, outer_ms + _ms(node.range) + _ms(node.offset), absence, found, exceptions)
        case "BinaryExpr":
            _walk(node.lhs, outer_ms, absence, found, exceptions)
            if exceptions or str(node.op) != "unless":
                _walk(node.rhs, outer_ms, absence, found, exceptions)
        case "Call":
            inside = absence or node.func.name in _ABSENCE
            for argument in node.args:
                _walk(argument, outer_ms, inside, found, exceptions)
        case "AggregateExpr" | "ParenExpr" | "UnaryExpr":
            _walk(node.expr, outer_ms, absence, found, exceptions)
            parameter = getattr(node, "param", None)
            if parameter is not None:
                _walk(parameter, outer_ms, absence, found, exceptions)
        case _:  # numbers and strings look at nothing
            return


def _expand(node: Any, window_ms: int, absence: bool) -> tuple[Selector, ...]:
    """One selector, or one for each alternative of PromQL's `{a="b" or c="d"}`."""
    alternatives = node.matchers.or_matchers or [node.matchers.matchers]
    selectors = []
    for matchers in alternatives:
        name = node.name or ""
        kept = []
        for matcher in matchers:
            op = _OPS[str(matcher.op)]
            if matcher.name == "__name__" and op == "=":
                name = matcher.value
            else:
                kept.append(Matcher(matcher.name, op, matcher.value))
        selectors.append(Selector(name, tuple(kept), max(window_ms, 0), absence))
    return tuple(selectors)


def _ms(span: timedelta | None) -> int:
    return round(span.total_seconds() * 1000) if span else 0
