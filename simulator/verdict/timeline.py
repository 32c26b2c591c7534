"""What happened when: faults, alert episodes and notifications, as a verdict lists them."""

from __future__ import annotations

from collections.abc import Collection

from simulator.profile.schema import ExpectedAlert
from simulator.verdict.case import ALWAYS_FIRING, Case
from simulator.verdict.document import AlertTimeline, FaultSpan, Heard, HeardAlert
from simulator.verdict.episodes import Episode
from simulator.verdict.routing import first_heard_ms
from simulator.verdict.wording import labelled


def faults_of(case: Case) -> tuple[FaultSpan, ...]:
    """The profile's faults on the wall."""
    return tuple(
        FaultSpan(
            id=fault.id,
            kind=fault.kind,
            onset=case.moment(case.span_of(fault).start_ms),
            end=case.moment(case.span_of(fault).end_ms),
            intensity=fault.intensity,
        )
        for fault in case.manifest.profile.faults
    )


def alerts_of(case: Case, not_graded: Collection[str]) -> tuple[AlertTimeline, ...]:
    """Every episode of the run, by its beginning."""
    return tuple(_timeline(case, episode, not_graded) for episode in case.episodes)


def heard_of(case: Case) -> tuple[Heard, ...]:
    """Every notification, by the time it came."""
    return tuple(
        Heard(
            when=case.moment(notification.at_ms),
            kind=notification.kind.value,
            receiver=notification.receiver,
            destination=notification.destination,
            status=notification.status,
            alerts=tuple(
                HeardAlert(alert=a.alert, status=a.status, labels=dict(a.labels)) for a in case.notified(notification)
            ),
            title=notification.title,
            text=notification.text,
            problem=notification.problem,
        )
        for notification in case.notifications
    )


def alert_notes(case: Case) -> tuple[str, ...]:
    """Alerts that were on their way to firing when the run ended."""
    return tuple(
        f"{labelled(episode.alert, episode.labels)} was still pending when the run ended, "
        f"since {case.offset(episode.pending_ms)}"
        for episode in case.episodes
        if not episode.fired and episode.resolved_ms is None
    )


def notification_notes(case: Case) -> tuple[str, ...]:
    """Notifications that their real service would have refused."""
    return tuple(
        f"{n.kind.value} to {n.destination} at {case.offset(n.at_ms)}: {n.problem}"
        for n in case.notifications
        if n.problem
    )


def _timeline(case: Case, episode: Episode, not_graded: Collection[str]) -> AlertTimeline:
    expected = _expected(case, episode)
    fault = case.fault(expected.caused_by) if expected and expected.caused_by else None
    onset_ms = case.span_of(fault).start_ms if fault else None
    heard_ms = first_heard_ms(case, episode)
    firing_ms, resolved_ms = episode.firing_ms, episode.resolved_ms
    return AlertTimeline(
        alert=episode.alert,
        labels=dict(episode.labels),
        standing=_standing(case, episode, expected, not_graded),
        pending=case.moment(episode.pending_ms),
        firing=case.moment(firing_ms) if firing_ms is not None else None,
        resolved=case.moment(resolved_ms) if resolved_ms is not None else None,
        caused_by=fault.id if fault else None,
        detect_ms=firing_ms - onset_ms if onset_ms is not None and firing_ms is not None else None,
        notified_ms=heard_ms - onset_ms if onset_ms is not None and heard_ms is not None else None,
    )


def _expected(case: Case, episode: Episode) -> ExpectedAlert | None:
    fitting = [e for e in case.expect.alerts if e.name == episode.alert and episode.carries(e.labels)]
    judged_by = [entry for entry in fitting if episode in case.firings_of(entry)]
    return next(iter(judged_by or fitting), None)


def _standing(case: Case, episode: Episode, expected: ExpectedAlert | None, not_graded: Collection[str]) -> str:
    if expected is not None:
        return "expected"
    if episode.alert in case.expect.silent:
        return "unexpected"
    if episode.alert in (*case.expect.ignore, ALWAYS_FIRING) or not case.expect.no_other_alerts:
        return "ignored"
    return "not-graded" if episode.alert in not_graded else "unexpected"
