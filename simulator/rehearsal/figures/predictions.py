"""When each burn-rate alert ought to fire and resolve by the platform's own books, before anybody has evaluated it.

The rule's windows are walked over what the platform truly counted, at the very evaluations of its group: the Workbook's
detection time without its assumption of steady traffic. That one is computed beside it, from the fault's error ratio.
How far a measured ratio may be off is known as well: a window ends with the newest sample, and is seen only to the
spacing of samples of its length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from simulator.catalog.families import Count, Family, Histogram
from simulator.engine.burn_rates import BurnRule, Counter, NotTold, Ratio, burn_rule_of, recordings_of
from simulator.engine.groups import AlertingRule, RuleGroup
from simulator.engine.schedule import Grid
from simulator.profile.manifest import Manifest
from simulator.profile.overlaid import catalogue_of
from simulator.profile.schema import Fault
from simulator.rehearsal.figures.true_counts import Counts, TrueCounts
from simulator.rehearsal.history.history import FULL_RESOLUTION_MS
from simulator.slo import BurnAlert, Compared, Conditions, Firing, Objective
from simulator.streams.ledger import Ledger
from simulator.telemetry.interval import Interval
from simulator.verdict.facts import Prediction

_OF_TARGETS = frozenset({"job", "instance", "service", "le"})
"""Labels that a scrape adds and no flow has; a matcher on them chooses targets, not events."""


@dataclass(frozen=True)
class Evaluations:
    """How the team's rules are evaluated in this run. `old_step_ms` is the spacing of the old past."""

    groups: tuple[RuleGroup, ...]
    grids: tuple[Grid, ...]
    span: Interval
    scrape_interval_ms: int
    old_step_ms: int
    down: str = ""  # a target that could not be scraped at times: what it counted nobody saw


class _NoneError(Exception):
    """There is no prediction; the text says why."""


def predict(manifest: Manifest, evaluations: Evaluations) -> tuple[Prediction, ...]:
    """One prediction for each alerting rule about an error budget, in the rules' order."""
    predictor = _Predictor(manifest, evaluations)
    return tuple(
        found
        for group, grid in zip(evaluations.groups, evaluations.grids, strict=True)
        for rule in group.rules
        if isinstance(rule, AlertingRule) and (found := predictor.of(group, grid, rule)) is not None
    )


def error_ratios(
    manifest: Manifest, ratios: Sequence[Ratio], from_ms: int, onset_ms: int, end_ms: int
) -> tuple[float, float] | None:
    """The true share of bad events before an onset and from then on, of the first of these ratios that is known."""
    predictor = _Predictor(manifest, Evaluations((), (), Interval(onset_ms, end_ms), 0, 0))
    for ratio in ratios:
        with suppress(_NoneError):
            before, during = _ratios(_bad_of(predictor.counts_of(ratio), ratio), from_ms, onset_ms, end_ms)
            return before, during
    return None


class _Predictor:
    def __init__(self, manifest: Manifest, evaluations: Evaluations) -> None:
        self._manifest = manifest
        self._evaluations = evaluations
        self._recordings = recordings_of(evaluations.groups)
        self._families = catalogue_of(manifest.overlays).families
        self._ledger = Ledger(manifest)
        self._counts: dict[Ratio, TrueCounts] = {}

    def of(self, group: RuleGroup, grid: Grid, rule: AlertingRule) -> Prediction | None:
        told = burn_rule_of(rule.expr, self._recordings)
        if told is None:
            return None
        fault = self._fault(rule)
        started_ms = self._manifest.started_ms
        span = Interval(started_ms, self._manifest.ends_ms)
        if fault is not None:
            span = Interval(started_ms + fault.at, min(started_ms + fault.end, self._manifest.ends_ms))
        try:
            if isinstance(told, NotTold):
                raise _NoneError(told.reason)
            return self._predicted(group, grid, rule, told, span)
        except _NoneError as none:
            return Prediction(rule.name, group.name, rule.labels, span, reason=str(none))

    def _predicted(
        self, group: RuleGroup, grid: Grid, rule: AlertingRule, told: BurnRule, span: Interval
    ) -> Prediction:
        if self._evaluations.down:
            raise _NoneError(f"{self._evaluations.down} could not be scraped throughout")
        counts = self.counts_of(told.ratio)
        compared = [
            [Compared(w.window_ms, w.threshold, self._step_ms(w.window_ms)) for w in windows]
            for windows in told.alternatives
        ]
        conditions = Conditions(compared, grid.instants(self._evaluations.span), _bad_of(counts, told.ratio))
        central, highest, lowest = (
            self._first(conditions.firings(rule.for_ms, rule.keep_firing_for_ms, leaning)) for leaning in (0, 1, -1)
        )
        longest_ms = max(window.window_ms for window in told.windows)
        before, during = _ratios(
            _bad_of(counts, told.ratio), span.start_ms - longest_ms, span.start_ms, max(span.end_ms, span.start_ms + 1)
        )
        detect, reset = steady_times(told, rule.for_ms, before, during, span.end_ms - span.start_ms)
        return Prediction(
            rule.name,
            group.name,
            rule.labels,
            span,
            error_ratio=during,
            fires=central,
            at_highest=highest,
            at_lowest=lowest,
            steady_detect_ms=detect,
            steady_reset_ms=reset,
        )

    def _first(self, firings: Sequence[Firing]) -> Firing | None:
        """The first that reaches into the run, as a verdict sees it."""
        started_ms = self._manifest.started_ms
        return next((one for one in firings if one.resolved_ms is None or one.resolved_ms > started_ms), None)

    def _step_ms(self, window_ms: int) -> int:
        """How far apart the samples are that a window is measured on."""
        known = self._evaluations
        if window_ms < FULL_RESOLUTION_MS:
            return known.scrape_interval_ms
        return max(known.old_step_ms, known.scrape_interval_ms)

    def _fault(self, rule: AlertingRule) -> Fault | None:
        profile = self._manifest.profile
        labels = dict(rule.labels)
        for expected in profile.expect.alerts:
            fits = all(labels.get(name, value) == value for name, value in expected.labels.items())
            if expected.name == rule.name and expected.caused_by and fits:
                return next((fault for fault in profile.faults if fault.id == expected.caused_by), None)
        return min(profile.faults, key=lambda fault: fault.at, default=None)

    def counts_of(self, ratio: Ratio) -> TrueCounts:
        """The books of a ratio. Raises _NoneError."""
        if ratio not in self._counts:
            self._counts[ratio] = self._open(ratio)
        return self._counts[ratio]

    def _open(self, ratio: Ratio) -> TrueCounts:
        """Raises _NoneError where the catalogue does not know for certain what a ratio counts."""
        part, whole = self._family(ratio.part), self._family(ratio.whole)
        view = whole.view
        assert isinstance(view, Count | Histogram)
        if part != whole:
            raise _NoneError(f"{ratio.part.metric} and {ratio.whole.metric} count different events")
        labels = dict(view.by)
        for counter in (ratio.part, ratio.whole):
            strange = {m.label for m in counter.matchers} - labels.keys() - _OF_TARGETS - dict(whole.constants).keys()
            if strange:
                raise _NoneError(f"what {', '.join(sorted(strange))} selects of {counter.metric} is not known")
        if any(m.label in labels for m in ratio.whole.matchers):
            raise _NoneError(f"it is a share of only some of {ratio.whole.metric}")
        if not any(m.label in labels for m in ratio.part.matchers):
            raise _NoneError(f"its part of {ratio.part.metric} is chosen by no label of the events")
        if ratio.by & labels.keys():
            raise _NoneError(f"it is a ratio for each {', '.join(sorted(ratio.by & labels.keys()))}")
        if "instance" in ratio.by and len(self._ledger.instances(whole.job)) > 1:
            raise _NoneError("it is a ratio for each instance")
        return TrueCounts(self._manifest, view.flow, whole.job, _chooses(ratio.part, labels), self._ledger)

    def _family(self, counter: Counter) -> Family:
        for family in self._families:
            view = family.view
            if isinstance(view, Count) and family.name == counter.metric and not view.where and not view.beyond:
                return family
            if isinstance(view, Histogram) and f"{family.name}_count" == counter.metric and not view.where:
                return family
        raise _NoneError(f"{counter.metric} is no counter of all events of a kind in the catalogue")


def _chooses(counter: Counter, labels: Mapping[str, str]) -> Callable[[Mapping[str, str]], bool]:
    """Whether an event with these labels of the flow is counted."""
    matchers = [(labels[matcher.label], matcher) for matcher in counter.matchers if matcher.label in labels]
    return lambda row: all(matcher.accepts(row.get(name, "")) for name, matcher in matchers)


def _bad_of(counts: TrueCounts, ratio: Ratio) -> Callable[[Counts], tuple[Counts, Counts]]:
    def at(times: Counts) -> tuple[Counts, Counts]:
        total, part = counts.at(times)
        return total, total - part if ratio.inverted else part

    return at


def _ratios(counts_at: Callable[[Counts], tuple[Counts, Counts]], *edges_ms: int) -> tuple[float, ...]:
    """The share of bad events between each two of these instants."""
    total, bad = (np.diff(counted).astype(np.float64) for counted in counts_at(np.array(edges_ms, dtype=np.int64)))
    return tuple(np.divide(bad, total, out=np.zeros(len(total)), where=total > 0).tolist())


def steady_times(
    told: BurnRule, for_ms: int, before: float, during: float, lasted_ms: int
) -> tuple[int | None, int | None]:
    """The Workbook's detection and reset time (from onset, and from the end) for an error ratio at steady traffic.

    `before` is the ratio before and after. None where the alert never fires or, within the incident, has not yet.
    """
    detections, resets = [], []
    for windows in told.alternatives:
        alerts = [
            (Objective(1 - w.threshold / (w.burn_rate or 1)), BurnAlert(w.burn_rate or 1, w.window_ms)) for w in windows
        ]
        detected = [alert.detection_ms(objective, during, before) for objective, alert in alerts]
        if any(one is None for one in detected):
            continue
        after = max(one for one in detected if one is not None) + for_ms
        detections.append(after)
        if after <= lasted_ms:
            ended = [alert.reset_ms(objective, during, lasted_ms, before) for objective, alert in alerts]
            known = [one for one in ended if one is not None]
            resets.append(min(known, default=float("inf")))
    detect = min(detections, default=None)
    reset = max(resets, default=None)
    return (
        None if detect is None or detect > lasted_ms else round(detect),
        None if reset is None or reset == float("inf") else round(reset),
    )
