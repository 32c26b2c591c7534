"""Burn-rate rules told by their expressions: which share of which counter is compared with what, over which windows.

    (job:errors:ratio_rate1h > 14.4 * 0.001 and job:errors:ratio_rate5m > 14.4 * 0.001)   1h and 5m above 0.0144
    1 - sum(rate(answered{ok="true"}[1h])) / sum(rate(answered[1h])) > 0.02               1h above 0.02
    rate(failed[1h]) / rate(asked[1h]) > 0.02                                             not told: series by series

Recorded ratios are read through their recording rules. Whatever is not understood to the last part is refused with a
reason, since a prediction from half an expression would be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import promql_parser

from simulator.engine.groups import RecordingRule, RuleGroup
from simulator.engine.selectors import selectors_of
from simulator.engine.thresholds import burn_rate_of, constant_of
from simulator.telemetry.rules import Matcher
from simulator.units import HOUR, format_duration

_DEEPEST: Final = 20
_MOST_CONDITIONS: Final = 32
_LONG_MS: Final = HOUR
"""A ratio over less says how things are, not how fast a budget goes."""


@dataclass(frozen=True)
class Counter:
    """Whose increase is meant: every series of a name that passes the matchers."""

    metric: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True)
class Ratio:
    """The share of `part` in `whole`, or with `inverted` the share of the rest; summed `by` these labels."""

    part: Counter
    whole: Counter
    inverted: bool
    by: frozenset[str]


@dataclass(frozen=True)
class Window:
    """One comparison: the ratio over a window is above a threshold. `burn_rate` is 0 where no product names it."""

    window_ms: int
    threshold: float
    burn_rate: float


@dataclass(frozen=True)
class BurnRule:
    """What a rule asks of one ratio: it holds where all windows of any one alternative exceed their thresholds."""

    ratio: Ratio
    alternatives: tuple[tuple[Window, ...], ...]

    @property
    def windows(self) -> tuple[Window, ...]:
        """Every comparison, in the order written."""
        return tuple(window for windows in self.alternatives for window in windows)


@dataclass(frozen=True)
class NotTold:
    """A rule that compares error ratios, but not in a way that is understood. `reason` ends a sentence."""

    reason: str


Recordings = Mapping[str, Sequence[RecordingRule]]


class _OtherError(Exception):
    """A part of an expression that is something else; the text says what."""


def recordings_of(groups: Iterable[RuleGroup]) -> dict[str, list[RecordingRule]]:
    """The recording rules by the name that they record."""
    found: dict[str, list[RecordingRule]] = {}
    for group in groups:
        for rule in group.rules:
            if isinstance(rule, RecordingRule):
                found.setdefault(rule.name, []).append(rule)
    return found


def burn_rule_of(expr: str, recordings: Recordings) -> BurnRule | NotTold | None:
    """What an alert's expression asks of an error ratio; None for one that is not about a budget at all.

    About a budget is what names a burn rate times a budget, or compares a ratio over at least an hour.
    """
    try:
        node = promql_parser.parse(expr)
    except ValueError:
        return None
    try:
        told = _alternatives(node, recordings)
        ratios = {ratio for windows in told for ratio, _ in windows}
        if len(ratios) > 1:
            raise _OtherError("it compares several ratios")
        rule = BurnRule(ratios.pop(), tuple(tuple(window for _, window in windows) for windows in told))
    except _OtherError as other:
        return NotTold(str(other)) if _names_a_budget(node) else None
    if any(window.burn_rate for window in rule.windows) or max(w.window_ms for w in rule.windows) >= _LONG_MS:
        return rule
    return None


def ratios_in(expr: str, recordings: Recordings) -> tuple[tuple[Ratio, Window], ...]:
    """Every comparison of an error ratio with a number that is understood, whatever stands beside it."""
    try:
        node = promql_parser.parse(expr)
    except ValueError:
        return ()
    return tuple(_understood(node, recordings))


def _understood(node: Any, recordings: Recordings) -> Iterator[tuple[Ratio, Window]]:
    node = _bare(node)
    op = _op(node)
    if op in ("and", "or", "unless"):
        yield from _understood(node.lhs, recordings)
        if op != "unless":
            yield from _understood(node.rhs, recordings)
    elif op in (">", ">=", "<", "<="):
        with suppress(_OtherError):
            yield _compared(node, op, recordings)


def _alternatives(node: Any, recordings: Recordings) -> list[list[tuple[Ratio, Window]]]:
    """The expression as any of several, each all of some comparisons."""
    node = _bare(node)
    op = str(node.op) if type(node).__name__ == "BinaryExpr" else ""
    if op == "or":
        return [*_alternatives(node.lhs, recordings), *_alternatives(node.rhs, recordings)]
    if op == "and":
        left, right = _alternatives(node.lhs, recordings), _alternatives(node.rhs, recordings)
        if len(left) * len(right) > _MOST_CONDITIONS:
            raise _OtherError("it has too many alternatives")
        return [[*one, *other] for one in left for other in right]
    if op in (">", ">=", "<", "<=") and not (node.modifier and node.modifier.return_bool):
        return [[_compared(node, op, recordings)]]
    raise _OtherError(f"{_short(node)} is no comparison of an error ratio with a number")


def _compared(node: Any, op: str, recordings: Recordings) -> tuple[Ratio, Window]:
    value, limit = node.lhs, node.rhs
    if constant_of(value) is not None:
        value, limit, op = limit, value, {">": "<", ">=": "<=", "<": ">", "<=": ">="}[op]
    threshold = constant_of(limit)
    if threshold is None:
        raise _OtherError(f"{_short(limit)} is no number")
    if op in ("<", "<="):
        raise _OtherError(f"{_short(value)} is compared from above")
    ratio, window_ms = _ratio(value, recordings, _DEEPEST)
    return ratio, Window(window_ms, threshold, burn_rate_of(limit))


def _ratio(node: Any, recordings: Recordings, depth: int) -> tuple[Ratio, int]:
    node = _bare(node)
    recorded = _recorded(node, recordings, depth)
    if recorded is not None:
        return _ratio(promql_parser.parse(recorded.expr), recordings, depth - 1)
    if _op(node) == "-" and constant_of(node.lhs) == 1.0:
        ratio, window_ms = _ratio(node.rhs, recordings, depth)
        return Ratio(ratio.part, ratio.whole, not ratio.inverted, ratio.by), window_ms
    if _op(node) != "/":
        raise _OtherError(f"{_short(node)} is no ratio of two sums of rates")
    if node.modifier is not None and str(node.modifier.card).rpartition(".")[2] != "OneToOne":
        raise _OtherError(f"{_short(node)} matches many series with one")
    part, part_by, part_ms = _total(_or_nothing(node.lhs), recordings, depth)
    whole, whole_by, whole_ms = _total(node.rhs, recordings, depth)
    if part_ms != whole_ms:
        windows = f"{format_duration(part_ms)} and {format_duration(whole_ms)}"
        raise _OtherError(f"{_short(node)} divides rates over different windows, {windows}")
    if part_by != whole_by:
        raise _OtherError(f"{_short(node)} divides sums by different labels")
    return Ratio(part, whole, inverted=False, by=part_by), part_ms


def _or_nothing(node: Any) -> Any:
    """`x` of `x or 0 * y` and `x or vector(0)`: a numerator that is 0 where it would be absent."""
    node = _bare(node)
    if _op(node) != "or":
        return node
    other = _bare(node.rhs)
    is_zero = type(other).__name__ == "Call" and other.func.name == "vector" and constant_of(other.args[0]) == 0.0
    if _op(other) == "*":
        is_zero = 0.0 in (constant_of(other.lhs), constant_of(other.rhs))
    if not is_zero:
        raise _OtherError(f"{_short(node)} may be something else than a sum of rates")
    return node.lhs


def _total(node: Any, recordings: Recordings, depth: int) -> tuple[Counter, frozenset[str], int]:
    """A sum of rates: of which counter, by which labels, over which window."""
    node = _bare(node)
    recorded = _recorded(node, recordings, depth)
    if recorded is not None:
        return _total(promql_parser.parse(recorded.expr), recordings, depth - 1)
    if type(node).__name__ != "AggregateExpr":
        raise _OtherError(f"{_short(node)} is not summed before it is divided")
    if str(node.op) != "sum":
        raise _OtherError(f"{_short(node)} is no sum")
    by: frozenset[str] = frozenset()
    if node.modifier is not None:
        if str(node.modifier.type).rpartition(".")[2] != "By":
            raise _OtherError(f"{_short(node)} is summed without some labels, whatever others there are")
        by = frozenset(node.modifier.labels)
    inner = _bare(node.expr)
    inside = _recorded(inner, recordings, depth)
    if inside is not None:  # the sum of recorded sums is their sum by fewer labels
        counter, fine, window_ms = _total(promql_parser.parse(inside.expr), recordings, depth - 1)
        if not by <= fine:
            raise _OtherError(f"{_short(node)} is summed by labels that {inside.name} does not have")
        return counter, by, window_ms
    if type(inner).__name__ != "Call" or inner.func.name not in ("rate", "increase"):
        raise _OtherError(f"{_short(inner)} is no rate or increase")
    counted = _bare(inner.args[0])
    if type(counted).__name__ != "MatrixSelector" or counted.vector_selector.at or counted.vector_selector.offset:
        raise _OtherError(f"{_short(inner)} is no rate up to now")
    (selector, *others) = selectors_of(counted.vector_selector.prettify())
    if others or not selector.metric:
        raise _OtherError(f"{_short(inner)} names no single metric")
    window_ms = round(counted.range.total_seconds() * 1000)
    return Counter(selector.metric, tuple(sorted(selector.matchers, key=str))), by, window_ms


def _recorded(node: Any, recordings: Recordings, depth: int) -> RecordingRule | None:
    """The one recording rule behind a selector; None where it selects scraped series."""
    if type(node).__name__ != "VectorSelector" or node.name not in recordings:
        return None
    if node.at or node.offset:
        raise _OtherError(f"{_short(node)} is of another time")
    if depth == 0:
        raise _OtherError(f"{node.name} is recorded from itself")
    (selector, *others) = selectors_of(node.prettify())
    fitting = [rule for rule in recordings[node.name] if _may_be(selector.matchers, dict(rule.labels))]
    if others or len(fitting) != 1:
        raise _OtherError(f"{_short(node)} is recorded by {len(fitting) or 'no'} rules")
    return fitting[0]


def _may_be(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether what a rule records with these labels of its own, and others, can pass the matchers."""
    return all(matcher.accepts(labels[matcher.label]) for matcher in matchers if matcher.label in labels)


def _names_a_budget(node: Any) -> bool:
    """Whether any comparison is with a burn rate times a budget."""
    node = _bare(node)
    if type(node).__name__ != "BinaryExpr":
        return False
    return any(burn_rate_of(side) > 0 or _names_a_budget(side) for side in (node.lhs, node.rhs))


def _op(node: Any) -> str:
    return str(node.op) if type(node).__name__ == "BinaryExpr" else ""


def _bare(node: Any) -> Any:
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    return node


def _short(node: Any) -> str:
    text = " ".join(node.prettify().split())
    return text if len(text) <= 80 else text[:79] + "…"
