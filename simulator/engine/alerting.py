"""One alerting rule over a span: its state machine, what an observer would have seen of it, what it sent."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.groups import AlertingRule, RuleGroup
from simulator.engine.state import ALERT_NAME, AlertingState, Expand, RuleError, Sent, Transition, Vector
from simulator.telemetry.observations import AlertObserved, Observation, RuleEvaluated


class AlertingRun:
    """Feeds the state machine, and keeps the account."""

    def __init__(self, group: RuleGroup, rule: AlertingRule, expand: Expand, resend_delay_ms: int) -> None:
        self.group = group
        self.rule = rule
        self.observations: list[Observation] = []
        self.sent: list[Sent] = []
        self._state = AlertingState(rule, expand, group.limit)
        self._resend_delay_ms = resend_delay_ms
        self._health = ("", "")
        self._last_ms = 0

    @property
    def is_idle(self) -> bool:
        """Whether no alert is pending, firing or remembered: an empty result then changes nothing."""
        return self._state.is_idle

    def evaluate(self, at_ms: int, vector: Vector) -> Vector:
        """Take in a result. Returns the samples of `ALERTS` and `ALERTS_FOR_STATE`. Raises RuleError."""
        try:
            evaluated = self._state.evaluate(at_ms, vector)
        except RuleError as error:
            self._tell(error.transitions)
            raise
        self._tell(evaluated.transitions)
        self.sent.extend(
            self._state.send(at_ms, interval_ms=self.group.interval_ms, resend_delay_ms=self._resend_delay_ms)
        )
        return evaluated.samples

    def note_health(self, at_ms: int, error: str = "") -> None:
        """An evaluation is over, without an error or with one."""
        self._last_ms = at_ms
        health = ("err" if error else "ok", error)
        if self._health != health:
            self._health = health
            self._observe_health(at_ms)

    def finish(self) -> None:
        """The rule's health at the end, as a last observation."""
        if self._last_ms:
            self._observe_health(self._last_ms)

    def _observe_health(self, at_ms: int) -> None:
        rule = self.rule
        self.observations.append(
            RuleEvaluated(at_ms, self.group.name, rule.name, *self._health, self._last_ms, rule.labels)
        )

    def _tell(self, transitions: Sequence[Transition]) -> None:
        for change in transitions:
            labels = tuple(label for label in change.labels if label[0] != ALERT_NAME)
            self.observations.append(
                AlertObserved(change.at_ms, self.rule.name, labels, change.state, change.since_ms, change.value)
            )
