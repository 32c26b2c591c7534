"""The alerting state machine of one rule: pending, firing, resolved, evaluation by evaluation.

It does what Prometheus's rule manager does with the same result vectors, the corners included.
Sources: rules/alerting.go (`Eval`, `sendAlerts`) of Prometheus 2.42 to 3.9, which agree;
https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.engine.groups import METRIC_NAME, AlertingRule
from simulator.telemetry.observations import AlertState
from simulator.telemetry.samples import Labels
from simulator.units import MINUTE

RESOLVED_RETENTION_MS: Final = 15 * MINUTE
"""So long a resolved alert is still sent to Alertmanager."""

ALERT_NAME: Final = "alertname"

Vector = Sequence[tuple[Labels, float]]
"""An instant vector. Labels include `__name__` where the result has a name."""

Expand = Callable[[str, Labels, float, int], str]
"""A template's text, given the labels and value of a result and the instant (epoch ms)."""


@dataclass(frozen=True)
class Transition:
    """An alert changed state at an evaluation. `since_ms` is `activeAt` for pending, else that evaluation."""

    at_ms: int
    labels: Labels  # alertname included
    state: AlertState
    since_ms: int
    value: float | None  # none for inactive


class RuleError(Exception):
    """An evaluation that fails in Prometheus too; the text is what the server would call its `lastError`.

    `transitions` are the changes of state that it brings about nevertheless.
    """

    def __init__(self, message: str, transitions: tuple[Transition, ...] = ()) -> None:
        super().__init__(message)
        self.transitions = transitions


@dataclass(frozen=True)
class Sent:
    """One alert as it goes to Alertmanager, before external labels and alert relabelling.

    Its annotations are the rule's templates expanded on `result` and `value`, as they were at `seen_ms`.
    """

    at_ms: int
    labels: Labels  # alertname included
    starts_at_ms: int
    ends_at_ms: int
    resolved: bool
    result: Labels
    value: float
    seen_ms: int


@dataclass(frozen=True)
class Evaluated:
    """What one evaluation gave: samples of `ALERTS` and `ALERTS_FOR_STATE` (names included), and changes of state."""

    samples: tuple[tuple[Labels, float], ...]
    transitions: tuple[Transition, ...]


class _Alert:
    """One element of the expression's result, followed over evaluations."""

    def __init__(self, rule: AlertingRule, labels: Labels, active_at: int) -> None:
        self.labels = labels
        self.result: Labels = ()
        self.value = 0.0
        self.seen_ms = active_at  # the last evaluation whose result had it: annotations are of then
        self.state = AlertState.PENDING
        self.active_at = active_at
        self.fired_at: int | None = None
        self.resolved_at: int | None = None
        self.keep_firing_since: int | None = None
        self.last_sent_at: int | None = None
        # Where an expanded label came out empty the alert lacks it, yet ALERTS shows the template's text.
        base = dict(rule.labels) | dict(labels) | {ALERT_NAME: rule.name}
        self._series = {
            state: _labels(base | {METRIC_NAME: "ALERTS", "alertstate": state.value})
            for state in (AlertState.PENDING, AlertState.FIRING)
        }
        self.for_state_series = _labels(base | {METRIC_NAME: "ALERTS_FOR_STATE"})

    @property
    def series(self) -> Labels:
        """Its `ALERTS` series in its present state."""
        return self._series[self.state]

    def needs_sending(self, at_ms: int, resend_delay_ms: int) -> bool:
        if self.state is AlertState.PENDING:
            return False
        if self.last_sent_at is None:
            return True
        if self.resolved_at is not None and self.resolved_at > self.last_sent_at:
            return True
        return self.last_sent_at + resend_delay_ms < at_ms


class AlertingState:
    """The alerts of one rule. `limit` is the group's."""

    def __init__(self, rule: AlertingRule, expand: Expand, limit: int = 0) -> None:
        self._rule = rule
        self._expand = expand
        self._limit = limit
        self._active: dict[Labels, _Alert] = {}
        self._static = not any("{{" in text for _, text in rule.labels)
        self._known: dict[Labels, Labels] = {}  # by the result's labels; of use where no label is a template

    def evaluate(self, at_ms: int, vector: Vector) -> Evaluated:
        """Take in the expression's result at an instant. Instants must rise.

        Raises RuleError where the evaluation fails; what was active before then still is, unless the limit was
        exceeded: then nothing is.
        """
        before = {labels: alert.state for labels, alert in self._active.items()}
        present = self._take_in(at_ms, vector)
        shown = self._advance(at_ms, present)
        if 0 < self._limit < len(shown):
            self._active.clear()
            gone = tuple(self._transitions(at_ms, before))
            raise RuleError(f"exceeded limit of {self._limit} with {len(shown)} alerts", gone)
        samples: list[tuple[Labels, float]] = []
        for alert in shown:
            samples.append((alert.series, 1.0))
            samples.append((alert.for_state_series, float(alert.active_at // 1000)))
        return Evaluated(tuple(samples), tuple(self._transitions(at_ms, before)))

    @property
    def is_idle(self) -> bool:
        """Whether there is no alert in any state, resolved ones included that are still sent."""
        return not self._active

    def active(self) -> tuple[Labels, ...]:
        """The labels of every alert that is pending or firing."""
        return tuple(a.labels for a in self._active.values() if a.state is not AlertState.INACTIVE)

    def send(self, at_ms: int, *, interval_ms: int, resend_delay_ms: int) -> tuple[Sent, ...]:
        """What goes to Alertmanager after the evaluation at an instant, which is remembered as sent."""
        sent = []
        for alert in self._active.values():
            if not alert.needs_sending(at_ms, resend_delay_ms):
                continue
            alert.last_sent_at = at_ms
            valid_until = at_ms + 4 * max(interval_ms, resend_delay_ms)
            assert alert.fired_at is not None  # a pending one is never sent
            sent.append(
                Sent(
                    at_ms=at_ms,
                    labels=alert.labels,
                    starts_at_ms=alert.fired_at,
                    ends_at_ms=valid_until if alert.resolved_at is None else alert.resolved_at,
                    resolved=alert.resolved_at is not None,
                    result=alert.result,
                    value=alert.value,
                    seen_ms=alert.seen_ms,
                )
            )
        return tuple(sent)

    def _take_in(self, at_ms: int, vector: Vector) -> dict[Labels, tuple[Labels, float]]:
        """Update or create an alert for each element. Nothing changes where two get the same labels."""
        present: dict[Labels, tuple[Labels, float]] = {}
        for result, value in vector:
            labels = self._labels(result, value, at_ms)
            if labels in present:
                raise RuleError("vector contains metrics with the same labelset after applying alert labels")
            present[labels] = (result, value)
        for labels, (result, value) in present.items():
            alert = self._active.get(labels)
            if alert is None or alert.state is AlertState.INACTIVE:
                alert = self._active[labels] = _Alert(self._rule, labels, at_ms)
            alert.result, alert.value, alert.seen_ms = result, value, at_ms
        return present

    def _labels(self, result: Labels, value: float, at_ms: int) -> Labels:
        if self._static and result in self._known:
            return self._known[result]
        labels = dict(result)
        labels.pop(METRIC_NAME, None)
        for name, text in self._rule.labels:
            labels[name] = self._expand(text, result, value, at_ms)
        labels[ALERT_NAME] = self._rule.name
        self._known[result] = _labels(labels)
        return self._known[result]

    def _advance(self, at_ms: int, present: Iterable[Labels]) -> list[_Alert]:
        """Fire, resolve and forget. Returns the alerts that are pending or firing now."""
        shown = []
        for labels, alert in list(self._active.items()):
            if labels in present:
                alert.keep_firing_since = None
            elif not self._keeps_firing(alert, at_ms):
                self._end(labels, alert, at_ms)
                continue
            if alert.state is AlertState.PENDING and at_ms - alert.active_at >= self._rule.for_ms:
                alert.state = AlertState.FIRING
                alert.fired_at = at_ms
            shown.append(alert)
        return shown

    def _keeps_firing(self, alert: _Alert, at_ms: int) -> bool:
        if alert.state is not AlertState.FIRING or not self._rule.keep_firing_for_ms:
            return False
        if alert.keep_firing_since is None:
            alert.keep_firing_since = at_ms
        return at_ms - alert.keep_firing_since < self._rule.keep_firing_for_ms

    def _end(self, labels: Labels, alert: _Alert, at_ms: int) -> None:
        long_resolved = alert.resolved_at is not None and at_ms - alert.resolved_at > RESOLVED_RETENTION_MS
        if alert.state is AlertState.PENDING or long_resolved:
            del self._active[labels]
        if alert.state is not AlertState.INACTIVE:
            alert.state = AlertState.INACTIVE
            alert.resolved_at = at_ms

    def _transitions(self, at_ms: int, before: dict[Labels, AlertState]) -> Iterable[Transition]:
        for labels, alert in self._active.items():
            if alert.state is not before.pop(labels, AlertState.INACTIVE):
                since = alert.active_at if alert.state is AlertState.PENDING else at_ms
                value = None if alert.state is AlertState.INACTIVE else alert.value
                yield Transition(at_ms, labels, alert.state, since, value)
        for labels, state in before.items():
            if state is not AlertState.INACTIVE:  # forgotten altogether
                yield Transition(at_ms, labels, AlertState.INACTIVE, at_ms, None)


def _labels(mapping: dict[str, str]) -> Labels:
    """Sorted; an empty value is no label."""
    return tuple(sorted((name, value) for name, value in mapping.items() if value))
