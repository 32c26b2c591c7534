"""Why a PromQL expression gives nothing: the first of its parts that is empty, and what there is instead."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import promql_parser

from simulator.engine.selectors import LOOKBACK_MS, selectors_of
from simulator.errors import did_you_mean
from simulator.rehearsal.dashboards.asking import PrometheusServer, Shown
from simulator.telemetry.interval import Interval
from simulator.telemetry.rules import Matcher, Selector
from simulator.units import format_duration

_COMPARISONS: Final = frozenset({"==", "!=", ">", "<", ">=", "<="})
_OF_ALERTS: Final = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_MOST_SHOWN: Final = 4
_MOST_LETTERS: Final = 100
ONLY_NAN: Final = "only NaN, which is not drawn: a share or a quantile of nothing"


@dataclass(frozen=True)
class Rules:
    """What the rules of a Prometheus record: names, and why those whose rule is not well are not (or are not yet)."""

    recorded: frozenset[str]
    ill: Mapping[str, str]

    @classmethod
    def of(cls, groups: Sequence[Mapping[str, Any]]) -> Rules:
        """From the API's rule groups."""
        rules = [rule for group in groups for rule in group["rules"] if rule["type"] == "recording"]
        ill = {
            rule["name"]: str(rule.get("lastError") or "not evaluated yet") for rule in rules if rule["health"] != "ok"
        }
        return cls(frozenset(rule["name"] for rule in rules), ill)


@dataclass
class Reasons:
    """Finds reasons. `catalogued` are the sample names that the platform can expose, where that is known, each with
    what is to be said of it: why this one does not, or nothing."""

    server: PrometheusServer
    rules: Rules
    catalogued: Mapping[str, str] = field(default_factory=dict)
    _names: dict[Interval, frozenset[str]] = field(default_factory=dict)

    def of(self, expr: str, shown: Shown, *, instant: bool = False) -> str:
        """One line. Raises UnobservedError where the server does not answer."""
        try:
            node = promql_parser.parse(expr)
        except ValueError:
            return "its query does not parse"
        return self._why(node, shown, instant) or "its query gives nothing"

    def _why(self, node: Any, shown: Shown, instant: bool) -> str:
        """Why this node is empty: because a part of it is, or by itself."""
        for part in _parts(node):
            if type(part).__name__ in ("NumberLiteral", "StringLiteral"):
                continue
            points = self.server.points(part.prettify(), shown, instant=instant)
            if points < 0:
                return ONLY_NAN
            if points == 0:
                return self._why(part, shown, instant)
        if type(node).__name__ == "VectorSelector":
            return self._missing(node, shown)
        return self._by_itself(node)

    def _by_itself(self, node: Any) -> str:
        """Why a node is empty none of whose parts is."""
        match type(node).__name__:
            case "BinaryExpr":
                op = str(node.op)
                if op in _COMPARISONS:
                    return f"nothing is {op} {_short(node.rhs)} in the time shown"
                if op in ("and", "unless"):
                    return f"`{op}` leaves nothing of {_short(node.lhs)}"
                return f"no labels on both sides of `{op}` are the same: {_short(node.lhs)} {op} {_short(node.rhs)}"
            case "Call" if matrices := [part for part in node.args if type(part).__name__ == "MatrixSelector"]:
                span = format_duration(round(matrices[0].range.total_seconds() * 1000))
                return f"{node.func.name} finds fewer than two samples in any {span} of {_short(matrices[0])}"
        return f"{_short(node)} gives nothing, though its parts do"

    def _missing(self, node: Any, shown: Shown) -> str:
        """Why there is nothing of a selector."""
        selector = selectors_of(node.prettify())[0]
        told = _told(selector)
        reach_ms = max(selector.window_ms, LOOKBACK_MS)
        span = Interval(shown.span.start_ms - reach_ms, shown.span.end_ms)
        if selector.metric and selector.metric not in self._known(span):
            return self._no_such_name(selector.metric, span)
        if selector.metric in _OF_ALERTS:
            return f"no alert was pending or firing in the time shown that is {told}"
        if not self.server.has(_written(selector), span):
            return self._no_such_labels(selector, span)
        if selector.window_ms:
            return f"it looks back {format_duration(selector.window_ms)}, and {told} has no samples of then"
        return f"{told} has no samples in the time shown"

    def _no_such_name(self, name: str, span: Interval) -> str:
        if name in self.rules.ill:
            return f"{name} is recorded by a rule, and that is not well: {self.rules.ill[name]}"
        if name in self.rules.recorded:
            return f"{name} is recorded by a rule, which has had no result in the time shown"
        if name in _OF_ALERTS:
            return "no alert was pending or firing in the time shown"
        if name in self.catalogued:
            return f"{name} {self.catalogued[name] or 'is in the catalogue, and had no samples in the time shown'}"
        if ":" in name:
            guess = did_you_mean(name, self.rules.recorded)
            return f"{name} is recorded by none of the rules that are loaded{guess}"
        where = "is not in the catalogue" if self.catalogued else "has no series"
        return f"{name} {where}{did_you_mean(name, {*self._known(span), *self.catalogued})}"

    def _no_such_labels(self, selector: Selector, span: Interval) -> str:
        """Which of the matchers leaves nothing."""
        for matcher in selector.matchers:
            alone = Selector(selector.metric, (matcher,))
            if not selector.metric or self.server.has(_written(alone), span):
                continue
            there = self.server.label_values(matcher.label, span, selector.metric)
            if not there:
                return f"{selector.metric} has no label {matcher.label}{self._other_label(selector, matcher, span)}"
            some = ", ".join(there[:_MOST_SHOWN]) + (", …" if len(there) > _MOST_SHOWN else "")
            guess = did_you_mean(matcher.value, there) if matcher.op == "=" else ""
            wanted = f'{matcher.label}{matcher.op}"{_cut(matcher.value)}"'
            return f"nothing of {selector.metric} has {wanted}{guess} (there is {some})"
        return f"no series has all of {_cut(_told(selector))}, though some have each of it"

    def _other_label(self, selector: Selector, matcher: Matcher, span: Interval) -> str:
        found = self.server.values(f"label_names({selector.metric})", span)
        return did_you_mean(matcher.label, found)

    def _known(self, span: Interval) -> frozenset[str]:
        """The names that have series."""
        if span not in self._names:
            self._names[span] = frozenset(self.server.label_values("__name__", span))
        return self._names[span]


def _parts(node: Any) -> Iterator[Any]:
    """The parts of an expression without which it would be empty, instant vectors only."""
    match type(node).__name__:
        case "ParenExpr" | "UnaryExpr" | "AggregateExpr" | "SubqueryExpr":
            yield node.expr
        case "BinaryExpr":
            op = str(node.op)
            yield from (node.lhs, node.rhs) if op not in ("or", "unless") else (node.lhs,)
        case "Call" if not node.func.name.startswith("absent"):
            for part in node.args:
                # a range has no value by itself; of its samples, the newest
                yield part.vector_selector if type(part).__name__ == "MatrixSelector" else part


def _written(selector: Selector) -> str:
    """A selector as a server reads it."""
    inside = ",".join(f"{one.label}{one.op}{json.dumps(one.value, ensure_ascii=False)}" for one in selector.matchers)
    return f"{selector.metric}{{{inside}}}"


def _told(selector: Selector) -> str:
    """A selector for people: without what any series passes."""
    kept = tuple(one for one in selector.matchers if one.op != "=~" or one.value not in (".*", ".+"))
    return str(Selector(selector.metric, kept))


def _short(node: Any) -> str:
    return _cut(" ".join(str(node).replace("{}", "").split()))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"
