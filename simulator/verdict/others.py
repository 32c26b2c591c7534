"""`no_other_alerts`: nothing fires that nobody named, and whatever stayed silent could have spoken.

What is exempt: alerts named in `expect`, those in `expect.ignore`, `Watchdog`, and (with its reason, in the verdict)
an alert whose windows are longer than there is data.
"""

from __future__ import annotations

from simulator.telemetry.observations import RuleEvaluated
from simulator.verdict.case import ALWAYS_FIRING, Case
from simulator.verdict.document import Finding, NotGraded, Word
from simulator.verdict.episodes import Episode
from simulator.verdict.sight import Sight
from simulator.verdict.silence import heard_firing, judge_unexpected
from simulator.verdict.wording import counted

PLACE = "expect.no_other_alerts"


def judge_others(case: Case, sight: Sight) -> tuple[Finding, ...]:
    """One finding for each alert that fired or was blind; one met finding when there was neither."""
    if not case.expect.no_other_alerts:
        return ()
    not_graded = {alert.alert for alert in not_graded_alerts(case, sight)}
    findings = [
        judge_unexpected(case, sight, episode, PLACE, "was not expected")
        for episode in _each_once(case.episodes)
        if stands_for_itself(case, episode) and episode.alert not in not_graded
    ]
    seen_firing = {episode.alert for episode in case.episodes if episode.fired}
    graded = [name for name in _other_names(case) if name not in not_graded]
    for name in graded:
        heard = () if name in seen_firing else heard_firing(case, name)
        if heard:
            message = f"{name} was not expected and was notified as firing"
            findings.append(_finding(Word.UNEXPECTED, message, name).model_copy(update={"evidence": heard}))
    blocked = sight.blocked(case.ends_ms)
    if blocked is not None:
        return (*findings, _finding(Word.UNOBSERVED, f"other alerts could not be watched to the end: {blocked}"))
    for name in graded:
        if name not in seen_firing:
            findings.extend(_blind(case, sight, name))
    if findings:
        return tuple(findings)
    if not graded and not case.expect.alerts and not case.expect.silent:
        why = "Prometheus has no alerting rules" if not case.rules else "every rule is ignored or not graded"
        return (_finding(Word.UNOBSERVED, f"no alert was left to watch: {why}"),)
    return (_finding(Word.MET, f"no other alert fired; {counted(len(graded), 'alert')} watched and able to see"),)


def not_graded_alerts(case: Case, sight: Sight) -> tuple[NotGraded, ...]:
    """Alerts that nobody named and that this run is too short for."""
    found = {}
    for rule in case.rules:
        reason = sight.ungradable(rule)
        if reason is not None and rule.name in _other_names(case):
            found[rule.name] = NotGraded(alert=rule.name, reason=reason)
    return tuple(found[name] for name in sorted(found))


def stands_for_itself(case: Case, episode: Episode) -> bool:
    """Whether an episode fired without any entry of `expect` that covers it."""
    expect = case.expect
    exempt = {*expect.ignore, *expect.silent, ALWAYS_FIRING}
    covered = any(entry.name == episode.alert and episode.carries(entry.labels) for entry in expect.alerts)
    return episode.fired and not covered and episode.alert not in exempt


def _other_names(case: Case) -> tuple[str, ...]:
    """Every alert that is known of in any way and that `expect` does not name."""
    expect = case.expect
    named = {*(entry.name for entry in expect.alerts), *expect.silent, *expect.ignore, ALWAYS_FIRING}
    known = {rule.name for rule in case.rules} | {evaluated.alert for evaluated in case.seen(RuleEvaluated)}
    known |= {alert.alert for notification in case.notifications for alert in case.notified(notification)}
    known |= {held.alert for held in case.held} | {episode.alert for episode in case.episodes}
    return tuple(sorted(known - named))


def _each_once(episodes: tuple[Episode, ...]) -> tuple[Episode, ...]:
    """The first firing episode of each alert instance."""
    first: dict[tuple[str, object], Episode] = {}
    for episode in episodes:
        if episode.fired:
            first.setdefault((episode.alert, episode.labels), episode)
    return tuple(first.values())


def _blind(case: Case, sight: Sight, alert: str) -> tuple[Finding, ...]:
    """The finding on an alert whose silence says nothing, or nothing."""
    rules = case.named(alert)
    if not rules:
        message = f"{alert} was seen and is not among the rules read, so its silence says nothing"
        return (_finding(Word.UNOBSERVED, message, alert),)
    reason = next((reason for reason in map(sight.blindness, rules) if reason), None)
    if reason is None:
        return ()
    return (_finding(Word.UNOBSERVED, f"{alert} was blind, not silent: {reason}", alert),)


def _finding(word: Word, message: str, alert: str = "") -> Finding:
    return Finding(expectation=PLACE, alert=alert, word=word, message=message, expected="no other alert fires")
