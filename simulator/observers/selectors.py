"""Did an alert's selectors see anything? A rule that looks at a name nobody exports is blind, not silent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.clock import Clock
from simulator.errors import UnobservedError, did_you_mean
from simulator.observers.prometheus import PrometheusApi
from simulator.telemetry.observations import Observation, SelectorObserved
from simulator.telemetry.rules import AlertRule, Matcher, Selector


@dataclass(frozen=True)
class Declared:
    """The label names that the catalogue declares for each series name that is scraped, with their values.

    Labels that targets bring (`job`, `instance`, …) are not among them. `unscraped` are names that only jobs expose
    which nobody scrapes, with one of these jobs. Where the team gave no scrape configuration (`own_jobs` is False),
    what a selector asks of `job` cannot be known.
    """

    labels: Mapping[str, Mapping[str, Collection[str]]]
    unscraped: Mapping[str, str] = field(default_factory=dict)
    own_jobs: bool = True


_MOST_VALUES: Final = 8
_OF_PROMETHEUS: Final = frozenset({"up", "ALERTS", "ALERTS_FOR_STATE"})
"""Series that Prometheus writes itself."""


class SelectorObserver:
    """Asks Prometheus how many series each selector matched since the run began."""

    def __init__(
        self, api: PrometheusApi, clock: Clock, declared: Declared, own: tuple[str, str] | None = None
    ) -> None:
        """`own` is the label that the run's own series carry, where they are among others."""
        self._api = api
        self._clock = clock
        self._declared = declared
        self._foreign = () if own is None else (Matcher(own[0], "!=", own[1]),)
        self._counts: dict[str, int] = {}  # by expression, at one instant

    def observe(self, rules: Iterable[AlertRule], began_ms: int) -> list[Observation]:
        """One observation for each alert and selector. Raises UnobservedError when Prometheus does not answer."""
        now = self._clock.now_ms()
        self._counts.clear()
        span = f"[{max(now - began_ms, 1000)}ms]"
        known: dict[Selector, tuple[int, bool, str, int, str]] = {}
        observed: list[Observation] = []
        for rule in rules:
            for selector in rule.selectors:
                plain = Selector(selector.metric, selector.matchers)
                if plain not in known:
                    series = self._count(plain, span)
                    possible = series == 0 and self._possible(plain, span)
                    blind = series == 0 and not possible and not selector.absence
                    hint = self._hint(plain, span) if blind else ""
                    unknown = "" if series or possible else self._unknown(plain, span)
                    known[plain] = (series, possible, hint, self._others(plain, span), unknown)
                series, possible, hint, foreign, unknown = known[plain]
                observed.append(
                    SelectorObserved(
                        now,
                        rule.name,
                        str(selector),
                        series,
                        possible,
                        selector.absence,
                        foreign=foreign,
                        hint=hint,
                        unknown=unknown,
                    )
                )
        return observed

    def _unknown(self, selector: Selector, span: str) -> str:
        """The metric, where nothing of this run exposes it; with its job, where that is not known to be the team's."""
        metric = selector.metric
        of_prometheus = not metric or metric in _OF_PROMETHEUS
        if not of_prometheus and metric not in self._declared.labels and not self._count(Selector(metric, ()), span):
            return metric
        jobs = [] if self._declared.own_jobs else [m for m in selector.matchers if m.label == "job"]
        unmet = [m for m in jobs if not self._count(Selector("up", (m,)), span)]
        return f"{metric}{{{unmet[0].label}{unmet[0].op}{_quoted(unmet[0].value)}}}" if unmet else ""

    def _others(self, selector: Selector, span: str) -> int:
        """Series that matched and are not the run's own."""
        if not self._foreign:
            return 0
        return self._count(Selector(selector.metric, (*selector.matchers, *self._foreign)), span)

    def _count(self, selector: Selector, span: str) -> int:
        """Series that matched within the span; a selector that Prometheus refuses matched none."""
        if not selector.metric and not selector.matchers:
            return 0
        expr = f"count(last_over_time({_promql(selector)}{span}))"
        if expr not in self._counts:
            self._counts[expr] = self._asked(expr)
        return self._counts[expr]

    def _asked(self, expr: str) -> int:
        try:
            result = self._api.vector(expr, self._clock.now_ms())
        except UnobservedError as error:
            if "refused" in str(error):
                return 0
            raise
        return int(result[0][1]) if result else 0

    def _possible(self, selector: Selector, span: str) -> bool:
        """Whether nothing matched only because it did not happen: no 5xx on a quiet evening.

        Matchers that match existing series must do so together; the labels of the others must exist on those series,
        and the catalogue must declare a value that they accept.
        """
        labels = self._declared.labels.get(selector.metric)
        if labels is None:
            return False
        of_targets = tuple(m for m in selector.matchers if m.label not in labels)
        if not self._count(Selector(selector.metric, ()), span):
            # a labelled counter has no series before its first event; target labels can be looked for in `up`
            on_targets = bool(self._count(Selector("up", of_targets), span))
            return on_targets and all(
                any(map(m.accepts, labels[m.label])) for m in selector.matchers if m.label in labels
            )
        met = tuple(m for m in selector.matchers if self._count(Selector(selector.metric, (m,)), span))
        unmet = tuple(m for m in selector.matchers if m not in met)
        if any(m.label not in labels or not any(map(m.accepts, labels[m.label])) for m in unmet):
            return False
        named = tuple(Matcher(m.label, "!=", "") for m in unmet)
        return bool(self._count(Selector(selector.metric, (*met, *named)), span))

    def _hint(self, selector: Selector, span: str) -> str:
        """What about a selector keeps it from matching anything, as far as that can be told."""
        metric = selector.metric
        if not metric:
            return ""
        declared = self._declared.labels.get(metric, {})
        exposed = bool(self._count(Selector(metric, ()), span))
        if not exposed and metric in self._declared.unscraped:
            return f"no target of {self._declared.unscraped[metric]}, which exposes it, is scraped"
        if not exposed and not declared:
            return f"no {metric} is exported{did_you_mean(metric, self._declared.labels)}"
        unmet = [m for m in selector.matchers if not self._count(Selector(metric, (m,)), span)]
        for matcher in unmet:
            there = self._values(metric if exposed else "up", matcher.label, span)  # `up` has the labels of targets
            values = sorted({*declared.get(matcher.label, ()), *there})
            if not values:
                return f"{metric} has no label {matcher.label}{did_you_mean(matcher.label, declared)}"
            if not any(map(matcher.accepts, values)):
                more = ", …" if len(values) > _MOST_VALUES else ""
                return f"{matcher.label} is one of {', '.join(values[:_MOST_VALUES])}{more}"
        return "" if unmet else "each of its matchers matches some series, and none matches all of them"

    def _values(self, metric: str, label: str, span: str) -> Iterable[str]:
        """The values of a label within the span."""
        found = self._api.vector(f"group by ({label}) (last_over_time({metric}{span}))", self._clock.now_ms())
        return {value for labels, _ in found for name, value in labels if name == label}


def _promql(selector: Selector) -> str:
    inside = ",".join(f"{m.label}{m.op}{_quoted(m.value)}" for m in selector.matchers)
    return f"{selector.metric}{{{inside}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
