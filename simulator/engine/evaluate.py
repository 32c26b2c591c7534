"""Prometheus's rule manager in virtual time: every rule, at every instant of a span, through the real server.

The server evaluates the expressions; what surrounds them is done here as its rule manager would: order, write-back
with stale markers, alert states, templates. `docs/decisions/0009-virtual-time.md` says how that is held to be equal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.engine.alerting import AlertingRun
from simulator.engine.concurrently import run_concurrently
from simulator.engine.groups import AlertingRule, RuleGroup
from simulator.engine.order import READS_UNKNOWN, Place, Placed, Plan, Step, plan
from simulator.engine.progress import OnRules, Progress
from simulator.engine.ranges import evaluate_range
from simulator.engine.recording import recorded_range, recorded_vector
from simulator.engine.schedule import Grid
from simulator.engine.server import QueryError, RuleServer
from simulator.engine.state import RuleError, Vector
from simulator.engine.templates import Expander, UnsupportedTemplateError
from simulator.engine.unwritten import Unwritten
from simulator.engine.write_back import Appender, Ledger, with_stale_markers
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import Observation, RuleEvaluated
from simulator.telemetry.samples import Labels
from simulator.units import MINUTE

RESEND_DELAY_MS: Final = MINUTE
"""Prometheus's default `--rules.alert.resend-delay`."""

_WORKERS: Final = os.cpu_count() or 1
"""Queries at a time: the server works on each with one thread."""


@dataclass(frozen=True)
class Surroundings:
    """What a server's rules see of its configuration: `external_labels`, `--web.external-url`, the resend delay."""

    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    resend_delay_ms: int = RESEND_DELAY_MS


@dataclass(frozen=True)
class SentAlert:
    """One alert as it went to Alertmanager, templates expanded; external labels and alert relabelling come after.

    `ends_at_ms` is when it was resolved, or else until when Alertmanager is to hold it for firing.
    """

    at_ms: int
    group: str
    expr: str
    labels: Labels
    annotations: Labels
    starts_at_ms: int
    ends_at_ms: int
    resolved: bool


@dataclass(frozen=True)
class RuleFailure:
    """An evaluation of a rule that failed, as it would have in Prometheus."""

    at_ms: int
    group: str
    rule: str
    error: str


@dataclass(frozen=True)
class NotEvaluated:
    """A rule that virtual time has no answer for: whatever it decides is not observed."""

    group: str
    rule: str
    reason: str


@dataclass(frozen=True)
class VirtualEvaluation:
    """Everything that came of it, each in the order of time, in epoch milliseconds of simulated time.

    `unexpanded` are annotations that need a template feature we lack: their text is not what would have been sent.
    """

    observations: tuple[Observation, ...]
    sent: tuple[SentAlert, ...]
    failures: tuple[RuleFailure, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    unexpanded: tuple[NotEvaluated, ...]


def evaluate_rules(
    server: RuleServer,
    groups: Sequence[RuleGroup],
    span: Interval,
    grids: Sequence[Grid],
    surroundings: Surroundings | None = None,
    on_progress: OnRules | None = None,
) -> VirtualEvaluation:
    """Evaluate every rule of `groups` at the instants of its group's grid within the span, and write the results back.

    `grids[i]` belongs to `groups[i]` (`schedule.production_grid`). Alerts are taken to be inactive when the span
    begins, so it has to begin early enough for what should be firing by then; series of rules may not have samples
    within it yet. `on_progress` learns how far it is, from whichever thread got there. Raises UnobservedError when the
    server does not answer, SimulatorError when it refuses results.
    """
    order = plan(groups, span.start_ms)
    progress = Progress([len(step.rules) for step in order.steps], on_progress)
    run = _Run(server, order, [grid.instants(span) for grid in grids], surroundings or Surroundings(), progress)
    run_concurrently([step.after for step in order.steps], [step.window_ms for step in order.steps], run.step, _WORKERS)
    return run.result()


class _Run:
    """What is known so far. Steps are evaluated on several threads, each rule on one."""

    def __init__(
        self,
        server: RuleServer,
        order: Plan,
        instants: Sequence[NDArray[np.int64]],
        surroundings: Surroundings,
        progress: Progress,
    ) -> None:
        self._server = server
        self._order = order
        self._instants = instants
        self._surroundings = surroundings
        self._progress = progress
        self._expander = Expander(server.vector, surroundings.external_labels, surroundings.external_url)
        self._alerting: dict[Place, AlertingRun] = {}
        self._failures: list[tuple[int, Place, RuleFailure]] = []
        self._not_evaluated: dict[Place, NotEvaluated] = {}
        self._refusals: list[tuple[Place, Observation]] = []

    def step(self, number: int) -> None:
        """Evaluate the rules of a step over the whole span."""
        step, impossible = self._order.steps[number], self._order.impossible
        if any(self._given_up(self._order.steps[earlier]) for earlier in step.after):
            impossible = {placed.place: READS_UNKNOWN for placed in step.rules} | dict(impossible)
        possible = []
        for placed in step.rules:
            if isinstance(placed.rule, AlertingRule):
                self._alerting[placed.place] = AlertingRun(
                    placed.group, placed.rule, self._expander.expand, self._surroundings.resend_delay_ms
                )
            if placed.place in impossible:
                self._refuse(placed, impossible[placed.place])
            else:
                possible.append(placed)
        if step.in_turns:
            self._in_turns(number, possible)
            if self._given_up(step):
                for placed in possible:
                    self._refuse(placed, READS_UNKNOWN)
        else:
            for placed in possible:
                self._at_once(placed)
        self._progress.reached(number)

    def _given_up(self, step: Step) -> bool:
        """Whether a rule of the step turned out to be beyond us while it was being evaluated."""
        return any(placed.place in self._not_evaluated.keys() - self._order.impossible for placed in step.rules)

    def _at_once(self, placed: Placed) -> None:
        times_ms = self._instants[placed.place[0]]
        ranged = evaluate_range(self._server, placed.rule.expr, times_ms)
        if not isinstance(placed.rule, AlertingRule):
            recorded = recorded_range(placed.rule, ranged, placed.group.limit)
            for column, message in recorded.errors.items():
                self._fail(placed, int(times_ms[column]), message)
            self._server.write(with_stale_markers(recorded, times_ms))
            return
        alerting, appender = self._alerting[placed.place], Appender()
        eventful = {*np.flatnonzero(ranged.result.present.any(axis=0)).tolist()}
        for column, at_ms in enumerate(times_ms.tolist()):
            if column in ranged.errors:
                self._fail(placed, at_ms, ranged.errors[column])
            elif column in eventful or not alerting.is_idle or not appender.is_idle:
                self._append(placed, at_ms, ranged.result.at(column), appender)
            else:  # most rules, most of the time: nothing comes of nothing
                alerting.note_health(at_ms)
        self._server.write(appender.take())

    def _in_turns(self, number: int, rules: Sequence[Placed]) -> None:
        ledger = Ledger()
        appenders = {placed.place: Appender(ledger) for placed in rules}
        turns = [
            (at_ms, placed.place, column, placed)
            for placed in rules
            for column, at_ms in enumerate(self._instants[placed.place[0]].tolist())
        ]
        is_asked_ahead = not self._order.steps[number].moves_with_query
        unwritten = Unwritten(self._server, rules, self._instants, _WORKERS) if is_asked_ahead else None
        for turn, (at_ms, place, column, placed) in enumerate(sorted(turns, key=lambda turn: turn[:2])):
            try:
                if unwritten is not None:
                    vector = unwritten.vector(place, column)
                else:
                    vector = self._server.vector(placed.rule.expr, at_ms)
            except QueryError as error:
                self._fail(placed, at_ms, str(error))
                continue
            self._append(placed, at_ms, vector, appenders[place])
            if written := appenders[place].take():
                self._server.write(written)
                unwritten = None
            self._progress.reached(number, turn / len(turns))

    def _append(self, placed: Placed, at_ms: int, vector: Vector, appender: Appender) -> None:
        """What a rule makes of a result, handed to its appender."""
        if placed.place in self._not_evaluated:
            return
        try:
            if isinstance(placed.rule, AlertingRule):
                samples = self._alerting[placed.place].evaluate(at_ms, vector)
            else:
                samples = recorded_vector(placed.rule, vector, placed.group.limit)
        except RuleError as error:
            self._fail(placed, at_ms, str(error))
        except UnsupportedTemplateError as error:
            self._refuse(placed, f"its labels need {error}")
        else:
            refusal = appender.append(at_ms, samples)
            if refusal:
                self._fail(placed, at_ms, refusal)
            elif isinstance(placed.rule, AlertingRule):
                self._alerting[placed.place].note_health(at_ms)

    def _fail(self, placed: Placed, at_ms: int, message: str) -> None:
        failure = RuleFailure(at_ms, placed.group.name, placed.rule.name, message)
        self._failures.append((at_ms, placed.place, failure))
        if isinstance(placed.rule, AlertingRule):
            self._alerting[placed.place].note_health(at_ms, message)

    def _refuse(self, placed: Placed, reason: str) -> None:
        if placed.place in self._not_evaluated:
            return
        refusal = NotEvaluated(placed.group.name, placed.rule.name, reason)
        self._not_evaluated[placed.place] = refusal
        if isinstance(placed.rule, AlertingRule):
            at_ms = int(self._instants[placed.place[0]][-1]) if len(self._instants[placed.place[0]]) else 0
            observed = RuleEvaluated(at_ms, refusal.group, refusal.rule, "unknown", reason, 0, placed.rule.labels)
            self._refusals.append((placed.place, observed))

    def result(self) -> VirtualEvaluation:
        """Everything together. Annotations are expanded only now, on series that are complete."""
        observations = [observation for _, observation in sorted(self._refusals, key=lambda one: one[0])]
        sent: list[SentAlert] = []
        unexpanded: dict[NotEvaluated, None] = {}
        for place, run in sorted(self._alerting.items(), key=lambda one: one[0]):
            if place in self._not_evaluated:
                continue
            run.finish()
            observations += run.observations
            for alert in run.sent:
                annotations = []
                for name, text in run.rule.annotations:
                    try:
                        expanded = self._expander.expand(text, alert.result, alert.value, alert.seen_ms)
                    except UnsupportedTemplateError as error:
                        reason = f"annotation {name} needs {error}"
                        unexpanded[NotEvaluated(run.group.name, run.rule.name, reason)] = None
                        expanded = text
                    annotations.append((name, expanded))
                sent.append(
                    SentAlert(
                        at_ms=alert.at_ms,
                        group=run.group.name,
                        expr=run.rule.expr,
                        labels=alert.labels,
                        annotations=tuple(annotations),
                        starts_at_ms=alert.starts_at_ms,
                        ends_at_ms=alert.ends_at_ms,
                        resolved=alert.resolved,
                    )
                )
        return VirtualEvaluation(
            observations=tuple(sorted(observations, key=lambda seen: seen.at_ms)),
            sent=tuple(sorted(sent, key=lambda alert: alert.at_ms)),
            failures=tuple(failure for _, _, failure in sorted(self._failures, key=lambda one: one[:2])),
            not_evaluated=tuple(self._not_evaluated[place] for place in sorted(self._not_evaluated)),
            unexpanded=tuple(unexpanded),
        )
