"""Who must hear of an alert: did each of them, and was what they got fit to be read?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.profile.schema import ExpectedAlert
from simulator.telemetry.observations import (
    AlertmanagerObserved,
    NotificationKind,
    NotificationReceived,
    NotifiedAlert,
)
from simulator.verdict.case import Case
from simulator.verdict.compression import contradiction, differing_time, held_back_by, unconfirmed
from simulator.verdict.document import Evidence, Finding, Word
from simulator.verdict.episodes import Episode
from simulator.verdict.facts import Mode
from simulator.verdict.sight import POLL_MS, Sight
from simulator.verdict.wording import labelled, listed, span
from simulator.wire.notifications import STAND_IN_SILENT, UNKNOWN_ALERTS

_CHANNELS = frozenset({NotificationKind.SLACK, NotificationKind.ROCKETCHAT, NotificationKind.MATTERMOST})


@dataclass(frozen=True)
class Addressee:
    """One entry of `notifies`: `#channel`, an e-mail address, an integration's name, or `receiver:NAME`."""

    entry: str

    def is_addressed_by(self, notification: NotificationReceived) -> bool:
        """Whether a notification went to this addressee."""
        if self.entry.startswith("receiver:"):
            return notification.receiver == self.entry.removeprefix("receiver:")
        if self.entry.startswith("#") or "@" in self.entry:
            destinations = re.split(r"[,;\s]+", notification.destination.casefold())
            return self.entry.casefold() in destinations
        return notification.kind.value == self.entry.casefold()

    def may_be_addressed_by(self, failed: NotificationReceived) -> bool:
        """Whether a notification that never left Alertmanager, of which only the integration is known, can be its."""
        if self.entry.startswith("#"):
            return failed.kind in _CHANNELS
        return failed.kind is NotificationKind.EMAIL if "@" in self.entry else self.is_addressed_by(failed)

    def may_be(self, receiver: str) -> bool:
        """Whether an Alertmanager receiver of that name could be meant; only `receiver:NAME` tells for certain."""
        return not self.entry.startswith("receiver:") or self.entry.removeprefix("receiver:") == receiver


def judge_routing(
    case: Case, sight: Sight, expected: ExpectedAlert, place: str, episode: Episode
) -> tuple[Finding, ...]:
    """Judge every entry of `notifies` of an alert whose `episode` fired; one finding for each."""
    return tuple(
        _judge_entry(case, sight, expected, f"{place}.notifies[{number}]", Addressee(entry), episode)
        for number, entry in enumerate(expected.notifies)
    )


def first_heard_ms(case: Case, episode: Episode) -> int | None:
    """When anybody first heard of an episode, or None."""
    heard = (
        notification.at_ms
        for notification in case.notifications
        if notification.at_ms >= _heard_from_ms(case, episode)
        and (episode.resolved_ms is None or notification.at_ms <= episode.resolved_ms)
        and any(
            a.alert == episode.alert and a.status == "firing" and set(episode.labels) <= set(a.labels)
            for a in case.notified(notification)
        )
    )
    return min(heard, default=None)


def _judge_entry(
    case: Case, sight: Sight, expected: ExpectedAlert, place: str, to: Addressee, episode: Episode
) -> Finding:
    firing_ms = episode.firing_ms if episode.firing_ms is not None else episode.pending_ms

    def finding(word: Word, message: str, heard: NotificationReceived | None = None) -> Finding:
        evidence: tuple[Evidence, ...] = ()
        if heard is not None:
            what = f"{heard.kind} to {heard.destination} (receiver {heard.receiver})"
            evidence = (Evidence(when=case.moment(heard.at_ms), source="receivers", what=what),)
        return Finding(
            expectation=place,
            alert=expected.name,
            labels=dict(expected.labels),
            word=word,
            message=message,
            expected=f"{to.entry} hears of it",
            observed=evidence[0].what if evidence else "nothing heard",
            evidence=evidence or case.firing_evidence(episode),
        )

    since_ms = _heard_from_ms(case, episode)
    later = [notification for notification in case.notifications if notification.at_ms >= since_ms]
    mine = [notification for notification in later if to.is_addressed_by(notification)]
    unreadable = next((n for n in mine if n.problem and _about(case, n, expected)), None)
    if unreadable is not None:
        return finding(Word.MISROUTED, f"{to.entry} got what it could not have read: {unreadable.problem}", unreadable)
    heard = next((n for n in mine if any(a.status == "firing" for a in _about(case, n, expected))), None)
    if heard is not None:
        delay = span(max(heard.at_ms - firing_ms, 0))
        message = f"{to.entry} heard of it {delay} after it fired ({case.offset(heard.at_ms)})"
        doubt = contradiction(case, expected, since_ms, heard, to.may_be_addressed_by)
        if doubt is not None:
            return finding(Word.UNOBSERVED, unconfirmed(case, f"{message}, but {doubt}"), heard)
        unsaid = sight.unsaid(expected)
        if unsaid is not None:
            return finding(Word.UNOBSERVED, f"{message}, but not in production's words: {unsaid}", heard)
        return finding(Word.MET, message + differing_time(case, expected, since_ms, heard), heard)
    held = tuple(a for a in case.held if a.alert == expected.name and _carries(a.labels, expected))
    failed = next((n for n in later if n.problem and _failed_for(to, n, held)), None)
    if failed is not None and failed.problem == UNKNOWN_ALERTS:
        return finding(Word.UNOBSERVED, f"{to.entry} heard something: {failed.problem}", failed)
    if failed is not None and failed.problem.startswith(STAND_IN_SILENT):
        return finding(Word.UNOBSERVED, f"{to.entry} could not be told: {failed.problem}", failed)
    if failed is not None:
        return finding(Word.MISROUTED, f"{to.entry} heard nothing of it: {failed.problem}", failed)
    unheard = _why_unheard(case, sight, to, expected, firing_ms, held)
    if unheard is not None:
        return finding(Word.UNOBSERVED, f"{to.entry} was not heard: {unheard}")
    doubt = contradiction(case, expected, since_ms, None, to.may_be_addressed_by)
    if doubt is not None:
        return finding(Word.UNOBSERVED, unconfirmed(case, f"{to.entry} heard nothing of it, but {doubt}"))
    why = _why_misrouted(case, expected, mine, later, held, since_ms)
    return finding(Word.MISROUTED, f"{to.entry} heard nothing of it{why}")


def _failed_for(to: Addressee, failed: NotificationReceived, held: tuple[AlertmanagerObserved, ...]) -> bool:
    """Whether a notification of which nobody can say what alerts it held was to tell an addressee of these."""
    if failed.alerts:
        return False
    if failed.destination:
        return to.is_addressed_by(failed)
    return to.may_be_addressed_by(failed) and any(failed.receiver in alert.receivers for alert in held)


def _why_unheard(
    case: Case,
    sight: Sight,
    to: Addressee,
    expected: ExpectedAlert,
    firing_ms: int,
    held: tuple[AlertmanagerObserved, ...],
) -> str | None:
    """Why nobody can say that a notification did not come, or None when one can."""
    if case.facts.mode is Mode.STAGING:
        routed = sorted({receiver for alert in held for receiver in alert.receivers})
        return f"receivers of a staging stack are real; Alertmanager routed it to {listed(routed) or 'nobody'}"
    removed = case.facts.removed_receivers
    routed_away = {receiver for alert in held for receiver in alert.receivers if to.may_be(receiver)} & removed.keys()
    named = to.entry.removeprefix("receiver:")
    if to.entry.startswith("receiver:") and named in removed:
        routed_away = {named}
    if routed_away:
        return listed([f"receiver {name} is left out: {removed[name]}" for name in sorted(routed_away)], most=2)
    deaf = sight.deaf(case.ends_ms)
    if deaf is not None:
        return deaf
    left_ms = case.ends_ms - firing_ms
    wait_ms = case.facts.group_waits_ms.get(to.entry.casefold(), case.facts.group_wait_ms)
    if left_ms < wait_ms + _slack_ms(case, expected):
        return f"it fired {span(left_ms)} before the run ended, and its group waits {span(wait_ms)}"
    return None


def _slack_ms(case: Case, expected: ExpectedAlert) -> int:
    """How late a notification can be that nothing holds back: an alert is sent by an evaluation, seen by polls, and
    compressed time is only so exact."""
    intervals = [rule.interval_ms for rule in case.rules if rule.name == expected.name]
    compression = case.facts.compression
    inexact_ms = compression.tolerance_ms if compression else 0
    return 2 * max(intervals, default=case.facts.resolution_ms) + POLL_MS + inexact_ms


def _why_misrouted(
    case: Case,
    expected: ExpectedAlert,
    mine: list[NotificationReceived],
    later: list[NotificationReceived],
    held: tuple[AlertmanagerObserved, ...],
    since_ms: int,
) -> str:
    """Where it went instead, or what kept it quiet."""
    if any(_about(case, notification, expected) for notification in mine):
        return " while it fired: only that it was resolved"
    other_labels = [a for n in mine for a in case.notified(n) if a.alert == expected.name and a.status == "firing"]
    if other_labels:
        return f"; it heard of {labelled(expected.name, other_labels[0].labels)}, without the labels asked for"
    quiet = [alert for alert in held if alert.state == "suppressed"]
    if quiet:
        names = {alert.fingerprint: alert.alert for alert in case.held}
        inhibitors = sorted({names.get(f, f) for alert in quiet for f in alert.inhibited_by})
        if inhibitors:
            return f": Alertmanager held it back, inhibited by {listed(inhibitors)}"
        if any(alert.silenced_by for alert in quiet):
            return ": Alertmanager held it back, silenced"
        muting = sorted({name for alert in quiet for name in alert.muted_by})
        return f": Alertmanager held it back, muted by time interval {listed(muting) or '(not told which)'}"
    reasons = held_back_by(case, expected, since_ms)
    if reasons:
        return f": Alertmanager held it back, {listed(reasons)}"
    told = sorted({n.destination for n in later if any(a.status == "firing" for a in _about(case, n, expected))})
    if told:
        return f"; {listed(told)} did"
    routed = sorted({receiver for alert in held for receiver in alert.receivers})
    if routed:
        return f": Alertmanager routed it to receiver {listed(routed)}"
    return ", nor did anybody else"


def _heard_from_ms(case: Case, episode: Episode) -> int:
    """From when on a notification can be of this episode: its firing may have been seen one evaluation late."""
    if episode.firing_ms is None:
        return episode.pending_ms
    return min(episode.pending_ms, episode.firing_ms - case.facts.evaluation_interval_ms)


def _about(case: Case, notification: NotificationReceived, expected: ExpectedAlert) -> tuple[NotifiedAlert, ...]:
    """The alerts in a notification that are the expected one."""
    return tuple(a for a in case.notified(notification) if a.alert == expected.name and _carries(a.labels, expected))


def _carries(labels: tuple[tuple[str, str], ...], expected: ExpectedAlert) -> bool:
    own = dict(labels)
    return all(own.get(name) == value for name, value in expected.labels.items())
