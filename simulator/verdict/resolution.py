"""An alert that must resolve in time once its fault is over, and stay resolved."""

from __future__ import annotations

from simulator.profile.schema import ExpectedAlert
from simulator.units import format_duration
from simulator.verdict.case import Case
from simulator.verdict.document import Evidence, Finding, Word
from simulator.verdict.sight import Sight
from simulator.verdict.wording import labelled, span


def judge_resolution(case: Case, sight: Sight, expected: ExpectedAlert, place: str) -> tuple[Finding, ...]:
    """Judge `resolves_within` of an alert that fired; nothing when it was not asked for.

    Measured from the end of the fault that causes it; without `caused_by`, from the end of the last fault.
    """
    if expected.resolves_within is None:
        return ()
    fault = case.fault(expected.caused_by) if expected.caused_by else None
    faults = (fault,) if fault else case.manifest.profile.faults
    if not faults:
        message = "no fault ends, so there is no instant to measure its resolution from"
        return (_finding(expected, place, Word.UNOBSERVED, message, ""),)
    last = max(faults, key=lambda f: f.end)
    end_ms = case.span_of(last).end_ms
    deadline_ms = end_ms + expected.resolves_within
    asked = f"resolved within {format_duration(expected.resolves_within)} after {last.id} ended"
    mine = case.firings_of(expected)
    until_ms = min(deadline_ms, case.ends_ms)
    # Firing at the deadline, or firing again later: neither is resolved.
    still = next((e for e in mine if e.resolved_ms is None or e.resolved_ms > until_ms), None)
    blocked = sight.blocked(until_ms)
    evidence = (
        Evidence(when=case.moment(until_ms), source="prometheus", what=f'ALERTS{{alertname="{expected.name}"}}'),
    )
    if still is not None and deadline_ms <= case.ends_ms:
        if blocked is not None:
            message = f"was not seen resolving, but could not be watched: {blocked}"
            return (_finding(expected, place, Word.UNOBSERVED, message, asked),)
        how = "still fires" if still.resolved_ms is None else f"resolved at {case.offset(still.resolved_ms)}"
        if still.firing_ms is not None and still.firing_ms > deadline_ms:
            how = f"fired again at {case.offset(still.firing_ms)}"
        name = labelled(still.alert, still.labels)
        message = f"{name} {how}; it had to be resolved by {case.offset(deadline_ms)}"
        return (_finding(expected, place, Word.UNRESOLVED, message, asked, evidence),)
    if still is not None:
        message = f"still fired when the run ended, before its time was over ({case.offset(deadline_ms)})"
        return (_finding(expected, place, Word.UNOBSERVED, message, asked),)
    if blocked is not None:
        message = f"was seen resolved, but could not be watched until {case.offset(until_ms)}: {blocked}"
        return (_finding(expected, place, Word.UNOBSERVED, message, asked),)
    gone_ms = max(e.resolved_ms for e in mine if e.resolved_ms is not None)
    message = (
        f"resolved at {case.offset(gone_ms)}, {span(abs(gone_ms - end_ms))} {_side(gone_ms, end_ms)} {last.id} ended"
    )
    return (_finding(expected, place, Word.MET, message, asked, evidence),)


def _side(at_ms: int, end_ms: int) -> str:
    return "before" if at_ms < end_ms else "after"


def _finding(
    expected: ExpectedAlert, place: str, word: Word, message: str, asked: str, evidence: tuple[Evidence, ...] = ()
) -> Finding:
    return Finding(
        expectation=f"{place}.resolves_within",
        alert=expected.name,
        labels=dict(expected.labels),
        word=word,
        message=message,
        expected=asked,
        observed=message if evidence else "",
        evidence=evidence,
    )
