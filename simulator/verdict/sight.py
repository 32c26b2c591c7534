"""What could be seen: a rule that nobody evaluated, or that looks at nothing, is blind and not silent.

Two questions are answered here. Of a rule: was it evaluated without error to the end, and did its selectors see series?
Of a claim that something did *not* happen up to an instant: was everything that it rests on there until then?
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from simulator.profile.schema import ExpectedAlert
from simulator.telemetry.observations import Gap, RecordingEvaluated, RuleEvaluated, SelectorObserved
from simulator.telemetry.rules import AlertRule
from simulator.units import SECOND, format_duration
from simulator.verdict.case import Case
from simulator.verdict.document import Word
from simulator.verdict.load import judge_rate
from simulator.verdict.targets import unexplained
from simulator.verdict.unexposed import unexposed
from simulator.verdict.wording import listed, span

HEARING = frozenset({"alertmanager", "receivers"})
"""Sources whose gaps concern notifications, not alerts."""

POLL_MS = 5 * SECOND
"""An evaluation reported as the last may be this much older than one just done: observers poll."""

_AGGREGATION = re.compile(
    r"\b(?:sum|avg|min|max|count|group|stddev|stdvar|topk|bottomk|quantile|count_values|absent|absent_over_time)\b"
)

_CONSTANT = re.compile(r"(?:vector|scalar|time|bool|[-+*/%^<>=!().\d\s])+")
"""An expression without any series, such as Watchdog's `vector(1)`; one that our parser could not read is not."""


def _unread(rule: AlertRule) -> str:
    """That nobody can tell what a rule looks at, and how far back; empty where it can be read."""
    expr = next(filter(None, (selector.unread for selector in rule.selectors)), "")
    return f"what it looks at, and how far back, is not known: crybsim cannot read {expr}" if expr else ""


@dataclass(frozen=True)
class Disturbance:
    """Something that went wrong with the run itself. `is_stimulus`: the platform was not as the profile says."""

    at_ms: int
    source: str
    reason: str
    is_stimulus: bool


@dataclass(frozen=True)
class Sight:
    """What of a case could be seen."""

    case: Case

    @cached_property
    def disturbances(self) -> tuple[Disturbance, ...]:
        """Everything that kept the run from being watched as it should, by time."""
        case = self.case
        found = [
            Disturbance(
                gap.at_ms, gap.source, f"{gap.source}: {gap.reason}", gap.source not in HEARING | {"prometheus"}
            )
            for gap in case.seen(Gap)
        ]
        found += [
            Disturbance(target.span.start_ms, "targets", f"target {target} was {target.health} without a fault", True)
            for target in unexplained(case)
        ]
        if case.watched_until_ms < case.ends_ms:
            found.append(Disturbance(case.watched_until_ms, "run", "the run was stopped early", False))
        found += [
            Disturbance(case.started_ms, "load", finding.message, True)
            for finding in judge_rate(case)
            if finding.word is Word.UNOBSERVED
        ]
        return tuple(sorted(found, key=lambda disturbance: disturbance.at_ms))

    def blocked(self, until_ms: int) -> str | None:
        """Why nobody can say that an alert did not fire up to an instant, or None when one can."""
        return next((d.reason for d in self._until(until_ms) if d.source not in HEARING), None)

    def deaf(self, until_ms: int) -> str | None:
        """Why nobody can say that a notification did not come up to an instant, or None when one can."""
        return next((d.reason for d in self._until(until_ms) if not d.is_stimulus), None)

    def platform_broken(self, at_ms: int) -> str | None:
        """Why an alert of that instant may be the run's own doing (a dead emitter, not the profile), or None."""
        return next((d.reason for d in self._until(at_ms) if d.is_stimulus and d.source != "load"), None)

    def _until(self, at_ms: int) -> tuple[Disturbance, ...]:
        """What was wrong by then; noticing takes up to a scrape and an evaluation."""
        return tuple(d for d in self.disturbances if d.at_ms - self.case.facts.resolution_ms <= at_ms)

    def evaluation_problem(self, rule: AlertRule) -> str | None:
        """Why the rule's own state cannot be trusted: it was not evaluated, or not without error, or not to the end."""
        case = self.case
        own = [
            evaluated
            for evaluated in case.seen(RuleEvaluated)
            if (evaluated.alert, evaluated.group) == (rule.name, rule.group) and evaluated.labels in ((), rule.labels)
        ]
        before = [evaluated for evaluated in own if evaluated.at_ms < case.started_ms]
        after = [evaluated for evaluated in own if evaluated.at_ms >= case.started_ms]
        seen = before[-1:] + after  # the rule's health when the run began, and what came of it
        if not seen:
            return "nobody saw its rule being evaluated"
        failed = next((evaluated for evaluated in seen if evaluated.health not in ("ok", "unknown")), None)
        if failed is not None:
            return f"its evaluation failed: {failed.error or failed.health}"
        last_ms = max(evaluated.last_evaluation_ms for evaluated in seen)
        if all(evaluated.health == "unknown" for evaluated in seen) or not last_ms:
            why = next((f": {evaluated.error}" for evaluated in seen if evaluated.error), "")
            return f"its rule was never evaluated{why}"
        if unread := _unread(rule):
            return unread
        recording = next(filter(None, map(self._recording_problem, rule.recordings)), None)
        if recording is not None:
            return recording
        behind_ms = min(case.ends_ms, case.watched_until_ms) - last_ms
        if behind_ms > 2 * rule.interval_ms + POLL_MS:
            return f"its rule was last evaluated at {case.offset(last_ms)}, {span(behind_ms)} before the end"
        return None

    def _recording_problem(self, record: str) -> str | None:
        """Why nobody knows what a recording rule would have recorded, or None."""
        own = [evaluated for evaluated in self.case.seen(RecordingEvaluated) if evaluated.record == record]
        before = [evaluated for evaluated in own if evaluated.at_ms < self.case.started_ms]
        after = [evaluated for evaluated in own if evaluated.at_ms >= self.case.started_ms]
        failed = next((evaluated for evaluated in before[-1:] + after if evaluated.health != "ok"), None)
        if failed is None:
            return None
        at = self.case.offset(failed.at_ms)
        return f"recording rule {record}, which it rests on, failed at {at}: {failed.error or failed.health}"

    def unsaid(self, expected: ExpectedAlert) -> str | None:
        """What of an alert's annotations production would have written otherwise, or None."""
        return next((reason for alert, reason in self.case.facts.unexpanded if alert == expected.name), None)

    def mixed(self, rules: Iterable[AlertRule]) -> str | None:
        """Where a rule makes one result of the run's own series and of real ones, or None.

        A rule that aggregates keeps them apart only by naming the run's label; one that rests on recording rules may
        have done it there.
        """
        label = self.case.facts.run_label
        for rule in rules:
            apart = label is not None and label[0] in rule.expr
            if apart or not (rule.recordings or _AGGREGATION.search(rule.expr)):
                continue
            for seen in self.case.seen(SelectorObserved):
                if seen.alert == rule.name and seen.foreign:
                    own = f"{seen.series - seen.foreign} series of this run"
                    return f"mixed with real data: {seen.selector} matched {own} and {seen.foreign} others"
        return None

    def unknown_metrics(self, rule: AlertRule, *, of_absence: bool = False) -> tuple[str, ...]:
        """What a rule looks at and this run does not have, so that it says nothing about production.

        Where the catalogue was compared with the platform's own `/metrics`, it knows what there is. `of_absence`: only
        what the rule fires for being absent, which is all of it where there is nothing else.
        """
        catalogue = self.case.facts.catalogue
        if catalogue is not None and not catalogue.differences:
            return ()
        unknown = {name: seen for name, seen in self._last_seen(rule).items() if seen.unknown}
        if of_absence and len(unknown) < len(rule.selectors):
            unknown = {name: seen for name, seen in unknown.items() if seen.absence}
        return tuple(dict.fromkeys(seen.unknown for seen in unknown.values()))

    def _last_seen(self, rule: AlertRule) -> dict[str, SelectorObserved]:
        """The last observation of each of a rule's selectors, one that matched before any other."""
        own = {str(selector) for selector in rule.selectors}
        last: dict[str, SelectorObserved] = {}
        for seen in self.case.seen(SelectorObserved):
            if seen.alert == rule.name and seen.selector in own and not (seen.selector in last and not seen.series):
                last[seen.selector] = seen
        return last

    def imagined(self, rules: Iterable[AlertRule]) -> str | None:
        """Why the firing of an alert says nothing: it fires because this run lacks a metric, or nobody can tell whether
        it has all of them. None where it does say something."""
        for rule in rules:
            if unread := _unread(rule):
                return unread
            unknown = self.unknown_metrics(rule, of_absence=True)
            if unknown:
                return f"it fires because {unexposed(self.case.manifest, unknown)}"
        return None

    def blind_selectors(self, rule: AlertRule) -> tuple[str, ...]:
        """The selectors of a rule that saw nothing where something had to be seen, each with the reason.

        A selector of absence counts only by what it matched before the first fault: afterwards it is meant to be empty.
        """
        if not rule.selectors:
            constant = _CONSTANT.fullmatch(rule.expr.strip())
            return () if constant else ("its expression names no series that crybsim can watch",)
        onset_ms = self.case.first_onset_ms
        reasons: dict[str, str] = {}
        last = self._last_seen(rule)
        absent = {seen.unknown for seen in last.values() if seen.absence}
        unknown = tuple(name for name in self.unknown_metrics(rule) if name not in absent)
        if unknown:
            reasons[""] = unexposed(self.case.manifest, unknown)
        for selector in rule.selectors:
            name = str(selector)
            if unknown and name in last and last[name].unknown in unknown:
                continue
            seen = [s for s in self.case.seen(SelectorObserved) if (s.alert, s.selector) == (rule.name, name)]
            if selector.absence or any(s.absence for s in seen):
                baseline = [s for s in seen if onset_ms is None or s.at_ms < onset_ms]
                if not any(s.series for s in baseline):
                    reasons[name] = f"{name} asks for absence and was not seen matching before the first fault"
            elif not seen:
                reasons[name] = f"nobody looked at what {name} matches"
            elif not any(s.series or s.possible for s in seen):
                hint = next((f": {s.hint}" for s in reversed(seen) if s.hint), "")
                reasons[name] = f"{name} matched no series{hint}"
        return tuple(reasons.values())

    def blindness(self, rule: AlertRule) -> str | None:
        """Why the rule's silence says nothing, or None when it does say something."""
        problem = self.evaluation_problem(rule)
        if problem is not None:
            return problem
        blind = self.blind_selectors(rule)
        return listed(blind) if blind else self.mixed((rule,))

    def ungradable(self, rule: AlertRule) -> str | None:
        """Why this run is too short for the rule: its windows reach before the first sample even at the run's end."""
        if self.case.window_is_full(rule, self.case.ends_ms):
            return None
        have_ms = max(self.case.ends_ms - self.case.facts.history_start_ms, 0)
        return f"looks back {format_duration(rule.reach_ms)} and there are {span(have_ms)} of data"
