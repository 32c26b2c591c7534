"""Alertmanager in compressed time: does a model of it at full length agree with what was heard?

Where they differ in the outcome nobody can say what production would do, and the finding is unobserved. Where they
differ only in the time, the finding says so. Nothing here applies to a run in which Alertmanager kept real time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from simulator.profile.schema import ExpectedAlert
from simulator.telemetry.observations import NotificationKind, NotificationReceived, NotifiedAlert
from simulator.verdict.case import Case
from simulator.verdict.facts import Compression
from simulator.verdict.wording import counted, listed, span

DECIDES = "--alertmanager-scale 1 decides"


def contradiction(
    case: Case,
    expected: ExpectedAlert,
    since_ms: int,
    heard: NotificationReceived | None,
    may_be: Callable[[NotificationReceived], bool],
) -> str | None:
    """Why `heard` (None: nothing) may not be what comes at full length, or None where the model agrees.

    `may_be` says of a foretold notification whether it can go to the addressee in question.
    """
    compression = case.facts.compression
    if compression is None:
        return None
    real = {(n.kind, n.receiver) for n in case.notifications if n.at_ms >= since_ms and _tells(n, expected)}
    for model in compression.foretold:
        mine = [n for n in model if n.at_ms >= since_ms and _tells(n, expected)]
        if heard is not None and not any((n.kind, n.receiver) == (heard.kind, heard.receiver) for n in mine):
            return f"a model of Alertmanager at full length does not tell {heard.kind} of receiver {heard.receiver}"
        missed = next((n for n in mine if may_be(n) and (n.kind, n.receiver) not in real), None)
        if heard is None and missed is not None:
            at = case.offset(missed.at_ms)
            return f"a model of Alertmanager at full length tells {missed.kind} of receiver {missed.receiver} at {at}"
    return None


def unconfirmed(case: Case, why: str) -> str:
    """The end of a message on a finding that compression leaves open."""
    compression = case.facts.compression
    factor = compression.factor if compression else 1.0
    return f"{why}; not confirmed by Alertmanager at {factor:.4g} times the speed: {DECIDES}"


def differing_time(case: Case, expected: ExpectedAlert, since_ms: int, heard: NotificationReceived) -> str:
    """What the model says of the time of something heard, where that differs; else nothing."""
    compression = case.facts.compression
    if compression is None:
        return ""
    firsts = [
        next(
            (
                n.at_ms
                for n in model
                if n.at_ms >= since_ms and (n.kind, n.receiver) == (heard.kind, heard.receiver) and _tells(n, expected)
            ),
            heard.at_ms,
        )
        for model in compression.foretold
    ]
    if min(firsts) - compression.tolerance_ms <= heard.at_ms <= max(firsts) + compression.tolerance_ms:
        return ""
    times = " or ".join(case.offset(at_ms) for at_ms in sorted(set(firsts)))
    return f"; at full length {times} by the model, {DECIDES}"


def held_back_by(case: Case, expected: ExpectedAlert, since_ms: int) -> tuple[str, ...]:
    """What the model says kept an alert quiet, each reason once."""
    compression = case.facts.compression
    if compression is None:
        return ()
    reasons = (
        held.reason
        for held in compression.held_back
        if held.at_ms >= since_ms and held.alert == expected.name and _carries(dict(held.labels), expected)
    )
    return tuple(dict.fromkeys(reasons))


def compression_notes(case: Case) -> tuple[str, ...]:
    """For each integration of a receiver, the alerts that only Alertmanager or only the model told it."""
    compression = case.facts.compression
    if compression is None:
        return ()
    return tuple(_differences(case, compression))


def compression_claim(case: Case) -> str:
    """How exact the times of notifications are."""
    compression = case.facts.compression
    if compression is None:
        return ""
    text = f"; Alertmanager ran {compression.factor:.4g} times as fast as time: notifications ±"
    text += f"{span(compression.tolerance_ms)}, --alertmanager-scale 1 for real time"
    if not compression.in_proportion:
        text += f"; its shortest timers bear no more than {compression.fastest:.4g} times and were kept longer: "
        text += f"--alertmanager-scale {math.floor(compression.fastest)} waits for them"
    return text


def _differences(case: Case, compression: Compression) -> Iterator[str]:
    real = _told(case.notifications)
    failed = {(n.kind, n.receiver) for n in case.notifications if n.problem}  # by themselves, at any speed
    models = [_told(model) for model in compression.foretold]
    for kind, receiver in sorted({*real, *(key for model in models for key in model)}):
        heard = real.get((kind, receiver), frozenset())
        expected = [model.get((kind, receiver), frozenset()) for model in models]
        is_left_out = not heard and receiver in case.facts.removed_receivers
        if heard in expected or is_left_out or (kind, receiver) in failed:
            continue
        only = sorted(heard.symmetric_difference(expected[0]))
        yield (
            f"compression may have changed what {kind} of receiver {receiver} heard: {counted(len(only), 'alert')} "
            f"({listed(only)}) only {'there' if heard - expected[0] else 'in a model of it at full length'}; {DECIDES}"
        )


def _told(notifications: Iterable[NotificationReceived]) -> dict[tuple[NotificationKind, str], frozenset[str]]:
    told: dict[tuple[NotificationKind, str], frozenset[str]] = {}
    for one in notifications:
        names = {alert.alert for alert in one.alerts if alert.status == "firing"}
        if names and not one.problem:
            told[one.kind, one.receiver] = told.get((one.kind, one.receiver), frozenset()) | names
    return told


def _tells(notification: NotificationReceived, expected: ExpectedAlert) -> bool:
    return any(_is(alert, expected) and alert.status == "firing" for alert in notification.alerts)


def _is(alert: NotifiedAlert, expected: ExpectedAlert) -> bool:
    return alert.alert == expected.name and _carries(dict(alert.labels), expected)


def _carries(labels: dict[str, str], expected: ExpectedAlert) -> bool:
    return all(labels.get(name) == value for name, value in expected.labels.items())
