"""Alerts that must stay silent: those named in `expect.silent`."""

from __future__ import annotations

from simulator.errors import did_you_mean
from simulator.verdict.case import Case
from simulator.verdict.document import Evidence, Finding, Word
from simulator.verdict.episodes import Episode
from simulator.verdict.sight import Sight
from simulator.verdict.wording import labelled


def judge_silent(case: Case, sight: Sight, alert: str, place: str) -> Finding:
    """Judge one entry of `expect.silent`. Silent means: watched, able to see, and not firing."""

    def finding(word: Word, message: str, evidence: tuple[Evidence, ...] = ()) -> Finding:
        observed = message if word is Word.UNEXPECTED else ""
        return Finding(
            expectation=place,
            alert=alert,
            word=word,
            message=message,
            expected="never fires",
            observed=observed,
            evidence=evidence,
        )

    rules = case.named(alert)
    if not rules:
        guess = did_you_mean(alert, {rule.name for rule in case.rules})
        return finding(Word.UNOBSERVED, f"no rule of that name{guess}: a silence that says nothing")
    too_short = next((reason for reason in map(sight.ungradable, rules) if reason), None)
    if too_short is not None:
        return finding(Word.UNOBSERVED, f"{too_short}: this run says nothing about it")
    fired = next((e for e in case.episodes if e.alert == alert and e.fired), None)
    if fired is not None:
        return judge_unexpected(case, sight, fired, place, "had to stay silent")
    heard = heard_firing(case, alert)
    if heard:
        return finding(Word.UNEXPECTED, "had to stay silent and was notified as firing", heard)
    blocked = sight.blocked(case.ends_ms)
    if blocked is not None:
        return finding(Word.UNOBSERVED, f"was not seen firing, but could not be watched: {blocked}")
    blind = next((reason for reason in map(sight.blindness, rules) if reason), None)
    if blind is not None:
        return finding(Word.UNOBSERVED, f"blind, not silent: {blind}")
    return finding(Word.MET, "stayed silent, evaluated to the end and able to see its series")


def judge_unexpected(case: Case, sight: Sight, episode: Episode, place: str, asked: str) -> Finding:
    """The finding on an alert that fired and should not have.

    Unobserved when the platform was broken from outside its profile by then: a dead emitter fires alerts as well.
    """
    at = case.offset(episode.firing_ms if episode.firing_ms is not None else episode.pending_ms)
    name = labelled(episode.alert, episode.labels)
    broken = sight.platform_broken(episode.pending_ms)
    message = f"{name} {asked} and fired at {at}"
    if broken is not None:
        message += f", but the platform was not as the profile says: {broken}"
    else:
        broken = sight.imagined(case.named(episode.alert))
        message += f", but {broken}" if broken is not None else ""
    return Finding(
        expectation=place,
        alert=episode.alert,
        labels=dict(episode.labels),
        word=Word.UNEXPECTED if broken is None else Word.UNOBSERVED,
        message=message,
        expected="never fires",
        observed=f"fired at {at}",
        evidence=case.firing_evidence(episode),
    )


def heard_firing(case: Case, alert: str) -> tuple[Evidence, ...]:
    """Signs other than Prometheus's own account that an alert fired during the run: who was told, who holds it."""
    found = []
    for notification in case.notifications:
        told = any(a.alert == alert and a.status == "firing" for a in case.notified(notification))
        if told and notification.at_ms >= case.started_ms:
            what = f"{notification.kind} to {notification.destination} (receiver {notification.receiver})"
            found.append(Evidence(when=case.moment(notification.at_ms), source="receivers", what=what))
    for held in case.held:
        if held.alert == alert:
            what = f"/api/v2/alerts: {labelled(alert, held.labels)} {held.state}"
            found.append(Evidence(when=case.moment(held.at_ms), source="alertmanager", what=what))
    return tuple(found[:5])
