"""Alerts that were evaluated on another past than production's: what they did says nothing for certain."""

from __future__ import annotations

from simulator.verdict.case import ALWAYS_FIRING, Case
from simulator.verdict.document import Finding, Word

PLACE = "density"
"""What `Finding.expectation` says: nobody asks for it, every virtual run owes it."""


def judge_doubtful(case: Case) -> tuple[Finding, ...]:
    """One unobserved finding for each alert that is judged at all and that a denser past might decide otherwise."""
    expect = case.expect
    exempt = {*expect.ignore, ALWAYS_FIRING}
    named = {*(entry.name for entry in expect.alerts), *expect.silent}
    first: dict[str, str] = {}
    for alert, reason in case.facts.doubtful:
        if alert not in exempt and (alert in named or expect.no_other_alerts):
            first.setdefault(alert, reason)
    return tuple(
        Finding(
            expectation=PLACE,
            alert=alert,
            word=Word.UNOBSERVED,
            message=reason,
        )
        for alert, reason in first.items()
    )
