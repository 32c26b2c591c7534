"""What single metrics have to be for an alert to fire, where its expression says so in plain numbers.

pg_up == 0                                        pg_up: 0 fires, 1 does not
max_over_time(queue_length[5m]) > 1000            queue_length: 2000 fires, 500 does not
increase(oom_kills_total[10m]) > 3                oom_kills_total: a rise of 7 in 10 minutes fires
used_bytes / size_bytes * 100 > 90                used_bytes: 180 fires over a size_bytes of 100, 45 does not

Expressions that say it otherwise have no limits. That is no mistake: what drives their metrics is then for a person to
say.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import promql_parser

from simulator.engine.selectors import selectors_of
from simulator.engine.thresholds import comparisons_of, constant_of

BASE: Final = 100.0
"""What the metric that another one is divided by is taken to be."""

_HOLDS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_SAME: Final = frozenset({"abs", "ceil", "floor", "round", "sort", "sort_desc", "clamp_max", "clamp_min", "scalar"})
_RISES: Final = {"rate": 1, "irate": 1, "deriv": 1, "increase": 0, "delta": 0, "idelta": 0}
_ONE_VALUE: Final = frozenset({"sum", "avg", "min", "max", "topk", "bottomk"})


class Reading(Enum):
    """What of a metric is compared: its value, or how much it rises in a second."""

    VALUE = "value"
    RISE = "rise"


@dataclass(frozen=True)
class Limit:
    """One comparison of one metric with a number. `per` is the metric that it is divided by (taken to be `BASE`)."""

    metric: str
    reading: Reading
    op: str
    threshold: float
    per: str = ""

    def fires(self, value: float) -> bool:
        """Whether the comparison holds."""
        return _HOLDS[self.op](value, self.threshold)

    @property
    def loud(self) -> float:
        """A value for which it holds, well beyond the threshold."""
        limit = self.threshold
        match self.op:
            case ">" | ">=":
                return 2 * limit if limit > 0 else limit + 1
            case "<" | "<=":
                return limit / 2 if limit > 0 else limit - 1
            case "==":
                return limit
        return 0.0 if limit else 1.0

    @property
    def quiet(self) -> float:
        """A value for which it does not hold, well away from the threshold."""
        limit = self.threshold
        match self.op:
            case ">" | ">=":
                return limit / 2 if limit > 0 else limit if limit == 0 and self.op == ">" else limit - 1
            case "<" | "<=":
                return 2 * limit if limit > 0 else limit + 1
            case "==":
                return 0.0 if limit else 1.0
        return limit


def limits_of(expr: str) -> tuple[Limit, ...]:
    """Every limit that an expression sets. Raises ValueError for an expression that does not parse."""
    found = []
    for comparison in comparisons_of(expr):
        if comparison.op and comparison.threshold is not None and comparison.part != "unless":
            limit = _read(promql_parser.parse(comparison.value))
            if limit is not None:
                found.append(replace(_moved(limit, comparison.threshold), op=comparison.op))
    return tuple(found)


def quiet_value(limits: Iterable[Limit], otherwise: float) -> float:
    """A value of one metric for which none of these hold, as far as there is one."""
    limits = tuple(limit for limit in limits if limit.reading is Reading.VALUE)
    candidates = [otherwise, *(limit.quiet for limit in limits), 0.0, 1.0]
    tries = [*candidates, *((a + b) / 2 for a in candidates for b in candidates)]
    return next((one for one in tries if not any(limit.fires(one) for limit in limits)), otherwise)


def _moved(limit: Limit, threshold: float) -> Limit:
    """`limit.threshold` holds what the metric is multiplied with until here."""
    factor = limit.threshold / (BASE if limit.per else 1)
    return replace(limit, threshold=threshold / factor if factor else threshold)


def _read(node: Any) -> Limit | None:
    """The one metric behind a value, with its factor as `threshold`."""
    match type(node).__name__:
        case "ParenExpr":
            return _read(node.expr)
        case "AggregateExpr" if str(node.op) in _ONE_VALUE:
            return _read(node.expr)
        case "VectorSelector":
            return _limit(node, Reading.VALUE, 1.0)
        case "Call":
            return _called(node)
        case "BinaryExpr":
            return _calculated(node)
    return None


def _called(node: Any) -> Limit | None:
    name, argument = node.func.name, next(iter(node.args), None)
    if argument is None:
        return None
    if name in _SAME or (name.endswith("_over_time") and name not in ("count_over_time", "absent_over_time")):
        argument = next((one for one in node.args if type(one).__name__ != "NumberLiteral"), argument)
        inner = argument.vector_selector if type(argument).__name__ == "MatrixSelector" else argument
        if type(inner).__name__ == "SubqueryExpr":
            inner = inner.expr
        return _read(inner)
    if name in _RISES and type(argument).__name__ == "MatrixSelector":
        seconds = argument.range.total_seconds() or 1.0
        return _limit(argument.vector_selector, Reading.RISE, 1.0 if _RISES[name] else seconds)
    return None


def _calculated(node: Any) -> Limit | None:
    left, right = constant_of(node.lhs), constant_of(node.rhs)
    op = str(node.op)
    if op in ("*", "/") and right:
        inner = _read(node.lhs)
        return inner and replace(inner, threshold=inner.threshold * (right if op == "*" else 1 / right))
    if op == "*" and left:
        inner = _read(node.rhs)
        return inner and replace(inner, threshold=inner.threshold * left)
    if op == "/" and left is None and right is None:
        over, under = _read(node.lhs), _read(node.rhs)
        plain = over and under and not over.per and not under.per and over.metric != under.metric
        if over and under and plain and over.reading is under.reading is Reading.VALUE:
            return replace(over, per=under.metric)
    return None


def _limit(selector: Any, reading: Reading, factor: float) -> Limit | None:
    named = selectors_of(selector.prettify())
    return Limit(named[0].metric, reading, "", factor) if len(named) == 1 and named[0].metric else None
