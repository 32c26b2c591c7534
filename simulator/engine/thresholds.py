"""An alert's expression taken apart: which value is compared with which threshold.

(a > 14.4 * 0.001 and b > 14.4 * 0.001)      a above 0.0144, and b above 0.0144
x / on (job) y > on (job) 2 * y offset 1w    x / y - 2 * y offset 1w above 0
absent(up)                                   absent(up), where any value at all fires
(a > 5) * on (x) group_left (y) b_info       a above 5: the info metric, which is always 1, brings labels
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import promql_parser

_MIRRORED: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
_SETS: Final = frozenset({"and", "or", "unless"})
_ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "^": operator.pow,
}
_LARGEST_BUDGET: Final = 0.05
"""An objective under 95 % is none; and 0.1 is more likely a budget in percent."""


@dataclass(frozen=True)
class Comparison:
    """One comparison that an expression makes. `value` is the PromQL of what is compared.

    `op` is empty and `threshold` None where nothing is compared. `part` is the set operator that joins it to the
    comparison before it, or empty. `budget` is set where the threshold is a burn rate times an error budget.
    """

    value: str
    op: str = ""
    threshold: float | None = None
    part: str = ""
    budget: float | None = None


def comparisons_of(expr: str) -> tuple[Comparison, ...]:
    """The comparisons of an expression, in the order written; one without `op` where there is none.

    Raises ValueError for an expression that does not parse.
    """
    found = tuple(_walk(promql_parser.parse(expr), ""))
    burn_rates = [one for one in found if one.budget is not None]
    if len(burn_rates) == 1:  # burn-rate alerts look through two windows; a lone product is some other arithmetic
        return tuple(replace(one, budget=None) for one in found)
    return found


def scaled(expr: str, factor: float) -> str | None:
    """The same expression with every threshold that is a number other than 0 times a factor; None where there is none.

    Raises ValueError for an expression that does not parse.
    """
    text, changed = _scaled(promql_parser.parse(expr), factor)
    return text if changed else None


def _scaled(node: Any, factor: float) -> tuple[str, bool]:
    node = _bare(node)
    if type(node).__name__ != "BinaryExpr":
        return str(node.prettify()), False
    op = str(node.op)
    if (inner := _with_labels_of_info(node)) is not None:
        text, changed = _scaled(inner, factor)
        other = node.rhs if inner is node.lhs else node.lhs
        sides = (f"({text})", other.prettify()) if inner is node.lhs else (other.prettify(), f"({text})")
        return f"{sides[0]} *{_matching(node.modifier)} {sides[1]}", changed
    if op in _SETS:
        (left, in_left), (right, in_right) = _scaled(node.lhs, factor), _scaled(node.rhs, factor)
        return f"({left}) {op}{_matching(node.modifier)} ({right})", in_left or in_right
    if _is_comparison(node) and op in (">", ">=", "<", "<="):
        low, high = _constant(node.lhs), _constant(node.rhs)
        if high and low is None:
            return f"({_scaled(node.lhs, factor)[0]}) {op} {high * factor!r}", True
        if low and high is None:
            return f"{low * factor!r} {op} ({_scaled(node.rhs, factor)[0]})", True
    return str(node.prettify()), False


def constant_of(node: Any) -> float | None:
    """The value of a parsed number or of arithmetic on numbers, else None."""
    return _constant(node)


def burn_rate_of(limit: Any) -> float:
    """The burn rate of a parsed `14.4 * 0.001` or `14.4 * (1 - 0.999)`; 0 where that is not what it looks like."""
    budget, threshold = _budget(limit), _constant(limit)
    return threshold / budget if budget and threshold is not None else 0.0


def _walk(node: Any, part: str) -> Iterator[Comparison]:
    node = _bare(node)
    op = str(node.op) if type(node).__name__ == "BinaryExpr" else ""
    if op in _SETS:
        yield from _walk(node.lhs, part)
        yield from _walk(node.rhs, op)
    elif _is_comparison(node):
        yield from _compared(node, op, part)
    elif (inner := _with_labels_of_info(node)) is not None:
        yield from _walk(inner, part)
    else:
        yield Comparison(node.prettify(), part=part)


def _compared(node: Any, op: str, part: str) -> Iterator[Comparison]:
    value, limit = node.lhs, node.rhs
    if _constant(value) is not None:
        value, limit, op = limit, value, _MIRRORED[op]
    if _is_comparison(_bare(value)):
        yield from _walk(value, part)  # (a > 1) < 5 compares a twice
        part = "and"
    threshold = _constant(limit)
    if threshold is None:
        difference = f"({node.lhs.prettify()}) -{_matching(node.modifier)} ({node.rhs.prettify()})"
        yield Comparison(difference, str(node.op), 0.0, part)
    else:
        yield Comparison(_passed_through(value).prettify(), op, threshold, part, _budget(limit))


def _is_comparison(node: Any) -> bool:
    """Whether it filters; with `bool` it gives a number instead."""
    return (
        type(node).__name__ == "BinaryExpr"
        and str(node.op) in _MIRRORED
        and not (node.modifier and node.modifier.return_bool)
    )


def _with_labels_of_info(node: Any) -> Any:
    """What is multiplied with an info metric for the sake of its labels, else None."""
    if type(node).__name__ != "BinaryExpr" or str(node.op) != "*":
        return None
    for side, other in ((node.lhs, _bare(node.rhs)), (node.rhs, _bare(node.lhs))):
        if type(other).__name__ == "VectorSelector" and str(other.name or "").endswith("_info"):
            return side
    return None


def _passed_through(node: Any) -> Any:
    """What a chain of comparisons filters: the value that an alert shows."""
    node = _bare(node)
    while _is_comparison(node):
        node = _bare(node.rhs if _constant(node.lhs) is not None else node.lhs)
    return node


def _bare(node: Any) -> Any:
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    return node


def _constant(node: Any) -> float | None:
    """The value of a number or of arithmetic on numbers, else None."""
    node = _bare(node)
    match type(node).__name__:
        case "NumberLiteral":
            return float(node.val)
        case "UnaryExpr":
            inner = _constant(node.expr)
            return None if inner is None else -inner
        case "BinaryExpr" if str(node.op) in _ARITHMETIC:
            left, right = _constant(node.lhs), _constant(node.rhs)
            if left is None or right is None:
                return None
            try:
                return float(_ARITHMETIC[str(node.op)](left, right))
            except (ArithmeticError, ValueError, TypeError):  # PromQL says Inf or NaN: nothing to draw a line at
                return None
    return None


def _budget(limit: Any) -> float | None:
    """The budget of `14.4 * 0.001` or `14.4 * (1 - 0.999)`: the small factor beside a burn rate of at least 1."""
    limit = _bare(limit)
    if type(limit).__name__ != "BinaryExpr" or str(limit.op) != "*":
        return None
    left, right = _constant(limit.lhs), _constant(limit.rhs)
    if left is None or right is None:
        return None
    small, rate = min(left, right), max(left, right)
    return small if 0 < small <= _LARGEST_BUDGET and rate >= 1 else None


def _matching(modifier: Any) -> str:
    """` on (job) group_left (team)`: how two vectors are matched holds for arithmetic as for comparison."""
    if modifier is None:
        return ""
    text = ""
    if modifier.matching is not None:
        word = "on" if str(modifier.matching.type).endswith("Include") else "ignoring"
        text = f" {word} ({', '.join(modifier.matching.labels)})"
    cardinality = str(modifier.card).rpartition(".")[2]
    if cardinality in ("ManyToOne", "OneToMany"):
        side = "left" if cardinality == "ManyToOne" else "right"
        text += f" group_{side} ({', '.join(modifier.group_labels or ())})"
    return text
