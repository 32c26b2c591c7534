"""An alert that must fire: did it, in time, and for the fault's reason?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.errors import did_you_mean
from simulator.profile.schema import ExpectedAlert, Fault
from simulator.telemetry.observations import AlertState, NotificationReceived
from simulator.telemetry.rules import AlertRule
from simulator.units import format_duration
from simulator.verdict.case import Case
from simulator.verdict.document import Evidence, Finding, Word
from simulator.verdict.episodes import Episode
from simulator.verdict.facts import Mode
from simulator.verdict.sight import Sight
from simulator.verdict.unexposed import unexposed
from simulator.verdict.wording import labelled, listed, span


@dataclass(frozen=True)
class Fired:
    """The finding on one expected alert, and the episode that met it (None: none did)."""

    finding: Finding
    episode: Episode | None


@dataclass(frozen=True)
class _Asked:
    """One expected alert with what its times are measured from."""

    expected: ExpectedAlert
    place: str
    fault: Fault | None
    since_ms: int  # the fault's onset, or the run's start
    since: str  # the same in words
    deadline_ms: int

    def finding(self, word: Word, message: str, *, observed: str = "", evidence: tuple[Evidence, ...] = ()) -> Finding:
        return Finding(
            expectation=self.place,
            alert=self.expected.name,
            labels=dict(self.expected.labels),
            word=word,
            message=message,
            expected=self._in_words(),
            observed=observed,
            evidence=evidence,
        )

    def _in_words(self) -> str:
        parts = ["fires"]
        if self.expected.fires_after is not None:
            parts.append(f"not before {format_duration(self.expected.fires_after)} and")
        if self.expected.fires_within is not None:
            parts.append(f"within {format_duration(self.expected.fires_within)}")
        parts.append(f"after {self.since}")
        if self.fault is not None:
            parts.append("and not before")
        return " ".join(parts)


def judge_firing(case: Case, sight: Sight, expected: ExpectedAlert, place: str) -> Fired:
    """Judge one entry of `expect.alerts`; `place` is its path in the profile."""
    fault = case.fault(expected.caused_by) if expected.caused_by else None
    since_ms = case.span_of(fault).start_ms if fault else case.started_ms
    asked = _Asked(
        expected=expected,
        place=place,
        fault=fault,
        since_ms=since_ms,
        since=f"{fault.id} began" if fault else "the run began",
        deadline_ms=case.ends_ms if expected.fires_within is None else since_ms + expected.fires_within,
    )
    if expected.caused_by and fault is None:
        message = f"the profile has no fault {expected.caused_by!r} that could cause it"
        return Fired(asked.finding(Word.UNOBSERVED, message), None)
    named = [episode for episode in case.episodes if episode.alert == expected.name]
    fired = case.firings_of(expected)
    rules = _candidates(case, expected)
    if not rules:
        return Fired(_without_rule(case, sight, asked, named), None)
    mixed = sight.mixed(rules)
    if mixed is not None:
        return Fired(asked.finding(Word.UNOBSERVED, mixed), None)
    if not fired:
        return Fired(_silent(case, sight, asked, rules, named), None)
    return _judge_episodes(case, sight, asked, rules, fired)


def _judge_episodes(
    case: Case, sight: Sight, asked: _Asked, rules: Sequence[AlertRule], fired: Sequence[Episode]
) -> Fired:
    """Judge an alert that fired at least once."""
    expected = asked.expected
    imagined = sight.imagined(rules)
    if imagined is not None:
        message = f"fired at {_firing(case, fired[0])}, but {imagined}"
        return Fired(asked.finding(Word.UNOBSERVED, message, evidence=case.firing_evidence(fired[0])), fired[0])
    too_short = any(sight.ungradable(rule) for rule in rules)
    for episode in fired:
        partial = next((rule for rule in rules if not case.window_is_full(rule, episode.pending_ms)), None)
        if partial is not None and (too_short or episode.pending_ms >= asked.since_ms):
            message = (
                f"fired at {_firing(case, episode)}, but looks back {format_duration(partial.reach_ms)}: "
                "before its first sample there was nothing, so it may have fired early"
            )
            return Fired(
                asked.finding(Word.UNOBSERVED, message, evidence=case.firing_evidence(episode)),
                episode,
            )
    if asked.fault is not None:
        before = next((episode for episode in fired if episode.pending_ms < asked.since_ms), None)
        if before is not None:
            return Fired(_not_caused(case, asked, before), before)
        control = _in_control(case, asked)
        if control is not None:
            return Fired(control, fired[0])
    first = fired[0]
    firing_ms = first.firing_ms if first.firing_ms is not None else first.pending_ms
    problem = next((p for p in map(sight.evaluation_problem, rules) if p), None)
    after_ms = firing_ms - asked.since_ms
    told = f"fired {span(max(after_ms, 0))} after {asked.since} ({_firing(case, first)})"
    evidence = case.firing_evidence(first)
    if expected.fires_after is not None and after_ms < expected.fires_after:
        exact = (
            f"{format_duration(after_ms)} after {asked.since}, {format_duration(expected.fires_after)} at the earliest"
        )
        return Fired(asked.finding(Word.EARLY, f"fired {exact}", observed=told, evidence=evidence), first)
    if firing_ms > asked.deadline_ms:
        blocked = sight.blocked(asked.deadline_ms) or problem
        if blocked:
            message = f"{told}, after its time; but it could not be watched until then: {blocked}"
            return Fired(asked.finding(Word.UNOBSERVED, message, observed=told, evidence=evidence), first)
        allowed = format_duration(expected.fires_within or case.manifest.profile.duration)
        message = f"fired {format_duration(after_ms)} after {asked.since}, {allowed} allowed"
        return Fired(asked.finding(Word.LATE, message, observed=told, evidence=evidence), first)
    if problem is not None:
        return Fired(asked.finding(Word.UNOBSERVED, f"{told}, but {problem}", observed=told, evidence=evidence), first)
    # a rule is evaluated at its own group's interval, whatever others need
    evaluated_ms = min(max(rule.interval_ms for rule in rules), case.facts.evaluation_interval_ms)
    message = f"{told}, known to ±{span(case.facts.scrape_interval_ms + evaluated_ms)}"
    return Fired(asked.finding(Word.MET, message, observed=told, evidence=evidence), first)


def _candidates(case: Case, expected: ExpectedAlert) -> tuple[AlertRule, ...]:
    """The rules of that name that can carry the labels asked for (a templated label can be anything)."""

    def fits(rule: AlertRule) -> bool:
        own = dict(rule.labels)
        return all(
            "{{" in own.get(name, value) or own.get(name, value) == value for name, value in expected.labels.items()
        )

    return tuple(rule for rule in case.named(expected.name) if fits(rule))


def _without_rule(case: Case, sight: Sight, asked: _Asked, named: Sequence[Episode]) -> Finding:
    """No rule could have fired as asked."""
    name = asked.expected.name
    blocked = sight.blocked(case.ends_ms)
    if not case.rules and blocked is not None:
        return asked.finding(Word.UNOBSERVED, f"no rules could be read: {blocked}")
    if any(episode.fired for episode in named) and not case.named(name):
        message = "fires, but the rules given do not contain it: other rules are loaded than those read"
        return asked.finding(Word.UNOBSERVED, message)
    rules = case.named(name)
    if rules:
        found = listed(tuple(labelled(name, rule.labels) for rule in rules))
        return asked.finding(Word.MISSING, f"no rule of that name carries these labels; there is {found}")
    guess = did_you_mean(name, {rule.name for rule in case.rules})
    return asked.finding(Word.MISSING, f"no rule of that name{guess}")


def _silent(case: Case, sight: Sight, asked: _Asked, rules: Sequence[AlertRule], named: Sequence[Episode]) -> Finding:
    """It never fired as asked: because it should have, or because nobody could have seen it."""
    expected = asked.expected
    until_ms = min(asked.deadline_ms, case.ends_ms)
    blocked = sight.blocked(until_ms)
    if blocked is not None:
        return asked.finding(Word.UNOBSERVED, f"was not seen firing, but could not be watched: {blocked}")
    if asked.deadline_ms > case.ends_ms:
        over = f"its time was not over when the run ended ({case.offset(asked.deadline_ms)})"
        return asked.finding(Word.UNOBSERVED, f"was not seen firing, but {over}; make the run longer")
    for rule in rules:
        if not case.window_is_full(rule, until_ms):
            reach = format_duration(rule.reach_ms)
            return asked.finding(Word.UNOBSERVED, f"did not fire, but looks back {reach}: longer than there is data")
        problem = sight.evaluation_problem(rule)
        if problem is not None:
            return asked.finding(Word.UNOBSERVED, f"did not fire, but {problem}")
    if any(_mentions(case, notification, expected) for notification in case.notifications):
        message = "was notified as firing, though Prometheus was never seen firing it"
        return asked.finding(Word.UNOBSERVED, message)
    unknown = [metric for rule in rules for metric in sight.unknown_metrics(rule)]
    if unknown and not any(episode.carries(expected.labels) for episode in named):
        reason = unexposed(case.manifest, unknown, which=", which it looks at")
        return asked.finding(Word.UNOBSERVED, f"did not fire, but {reason}")
    return asked.finding(
        Word.MISSING,
        f"stayed silent: {_why_silent(case, sight, expected, rules, named)}",
        observed="never fired",
        evidence=(
            Evidence(when=case.moment(until_ms), source="prometheus", what=listed(tuple(r.expr for r in rules))),
        ),
    )


def _why_silent(
    case: Case, sight: Sight, expected: ExpectedAlert, rules: Sequence[AlertRule], named: Sequence[Episode]
) -> str:
    """The likeliest reason for a silence, to start looking from."""
    others = [episode for episode in named if episode.fired and not episode.carries(expected.labels)]
    if others:
        return f"it fired as {labelled(others[0].alert, others[0].labels)}, without the labels asked for"
    pending = [episode for episode in named if episode.carries(expected.labels)]
    if pending:
        for_text = format_duration(max(rule.for_ms for rule in rules))
        gone = pending[-1].resolved_ms
        until = f"to {case.offset(gone)}" if gone is not None else "until the run's end"
        return f"it was pending from {case.offset(pending[-1].pending_ms)} {until}, and `for` asks for {for_text}"
    blind = [reason for rule in rules for reason in sight.blind_selectors(rule)]
    if blind:
        return f"its condition never held; {listed(blind)}"
    return "its condition never held although its selectors saw series"


def _not_caused(case: Case, asked: _Asked, episode: Episode) -> Finding:
    began = case.offset(episode.pending_ms)
    onset = case.offset(asked.since_ms)
    if episode.firing_ms is not None and episode.firing_ms < asked.since_ms:
        message = f"fired at {_firing(case, episode)}, before {asked.since} ({onset}): not caused by the fault"
    else:
        message = (
            f"was pending since {began}, before {asked.since} ({onset}), and fired at {_firing(case, episode)} "
            "without having been inactive in between: not caused by the fault"
        )
    return asked.finding(
        Word.NOT_CAUSED,
        message,
        observed=f"{labelled(episode.alert, episode.labels)} pending at {began}, firing at {_firing(case, episode)}",
        evidence=case.firing_evidence(episode),
    )


def _in_control(case: Case, asked: _Asked) -> Finding | None:
    """What the control run says: it must be there in virtual mode, and the alert must not have fired in it."""
    fault = asked.fault
    if fault is None:
        return None
    controls = [control for control in case.facts.controls if control.without_fault == fault.id]
    if not controls:
        if case.facts.mode is not Mode.VIRTUAL:
            return None
        return asked.finding(Word.UNOBSERVED, f"there was no control run without {fault.id} to compare with")
    for alert in (alert for control in controls for alert in control.fired):
        own = dict(alert.labels)
        labels_fit = all(own.get(name) == value for name, value in asked.expected.labels.items())
        if alert.alert == asked.expected.name and alert.state is AlertState.FIRING and labels_fit:
            message = f"also fired in the control run without {fault.id}: not caused by the fault"
            observed = f"fired there at {case.offset(alert.since_ms)}"
            return asked.finding(Word.NOT_CAUSED, message, observed=observed)
    return None


def _firing(case: Case, episode: Episode) -> str:
    return case.offset(episode.firing_ms) if episode.firing_ms is not None else "never"


def _mentions(case: Case, notification: NotificationReceived, expected: ExpectedAlert) -> bool:
    return any(
        alert.alert == expected.name
        and alert.status == "firing"
        and all(dict(alert.labels).get(name) == value for name, value in expected.labels.items())
        for alert in case.notified(notification)
    )
