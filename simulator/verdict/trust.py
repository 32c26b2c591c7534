"""What every run owes before anything can pass: watched to its end, by the right engine, and asked something."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.telemetry.observations import (
    AlertObserved,
    FaultEdge,
    Gap,
    RuleEvaluated,
    SelectorObserved,
    TargetObserved,
)
from simulator.units import MINUTE, SECOND
from simulator.verdict.case import Case
from simulator.verdict.document import Evidence, Finding, Word
from simulator.verdict.facts import Mode
from simulator.verdict.wording import span

EDGE_TOLERANCE_MS = 5 * SECOND
"""A fault's edge may be journalled this far from the profile's instant: loops take turns."""

WATCHED_FROM_MS = MINUTE
"""Prometheus must have been seen at the latest this long after the run's start (or before the first fault)."""


def judge_trust(case: Case) -> tuple[Finding, ...]:
    """Every reason not to trust the run as a whole; nothing when there is none."""
    checks = (_asked, _engine, _names, _gaps, _watched, _faults)
    return tuple(finding for check in checks for finding in check(case))


def _asked(case: Case) -> Iterator[Finding]:
    expect = case.expect
    if not expect.alerts and not expect.silent and not expect.no_other_alerts:
        yield _unobserved("nothing was asked: expect names no alert and allows every other", place="expect")
    if not expect.reviewed:
        message = "a tool drafted this block; read it, then remove the line `reviewed: false`"
        yield _unobserved(message, place="expect.reviewed")
    if case.facts.mode is Mode.STAGING and case.facts.run_label is None:
        yield _unobserved("no label tells the run's own series from real ones, so any alert may be of real data")
    if case.facts.mode is Mode.STAGING and case.manifest.profile.silences:
        yield _unobserved("the profile's silences were not set: a running stack is left as it is", place="silences")


def _engine(case: Case) -> Iterator[Finding]:
    facts = case.facts
    for lacking in facts.lacking:
        yield _unobserved(f"this engine lacks what the rules or routes use: {lacking}")
    if facts.accept_engine_difference:
        return
    for server, ours, theirs in (
        ("Prometheus", facts.prometheus_version, facts.production_prometheus_version),
        ("Alertmanager", facts.alertmanager_version, facts.production_alertmanager_version),
    ):
        if theirs is not None and _major(ours) != _major(theirs):
            message = f"judged by {server} {ours or '(version unknown)'}, but production runs {theirs}"
            yield _unobserved(f"{message}: another major version; accept the difference or judge by that one")


def _names(case: Case) -> Iterator[Finding]:
    facts = case.facts
    if not facts.strict:
        return
    if facts.catalogue is None:
        yield _unobserved("--strict: the catalogue's names were not compared with your /metrics")
    elif facts.catalogue.differences:
        count = facts.catalogue.differences
        yield _unobserved(
            f"--strict: {count} of the catalogue's names differ from your /metrics ({facts.catalogue.date})"
        )


def _gaps(case: Case) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for gap in case.seen(Gap):
        if (gap.source, gap.reason) not in told:
            told.add((gap.source, gap.reason))
            evidence = Evidence(when=case.moment(gap.at_ms), source=gap.source, what=gap.reason)
            message = f"{gap.source} could not be observed at {case.offset(gap.at_ms)}: {gap.reason}"
            yield _unobserved(message, evidence=(evidence,))


def _watched(case: Case) -> Iterator[Finding]:
    if not case.seen(RuleEvaluated):
        yield _unobserved("nobody saw Prometheus evaluate an alerting rule, so no silence says anything")
    if case.watched_until_ms < case.ends_ms:
        early = span(case.ends_ms - max(case.watched_until_ms, case.started_ms))
        yield _unobserved(f"the run was stopped {early} before its end")
    if case.facts.mode is Mode.VIRTUAL:
        return
    looks = [
        observation.at_ms
        for observation in case.journal
        if isinstance(observation, RuleEvaluated | AlertObserved | TargetObserved | SelectorObserved)
    ]
    onset_ms = case.first_onset_ms
    latest_ms = min(case.started_ms + WATCHED_FROM_MS, case.ends_ms if onset_ms is None else onset_ms)
    if looks and min(looks) > latest_ms:
        yield _unobserved(
            f"Prometheus was first looked at at {case.offset(min(looks))}: what it was before nobody knows"
        )


def _faults(case: Case) -> Iterator[Finding]:
    edges = case.seen(FaultEdge)
    for fault in case.manifest.profile.faults:
        acts = case.span_of(fault)
        for edge, at_ms, how in (("onset", acts.start_ms, "began"), ("end", acts.end_ms, "ended")):
            if at_ms >= min(case.ends_ms, case.watched_until_ms):
                continue  # not due, or not any more: the run was stopped, which is told by itself
            seen = [e.at_ms for e in edges if (e.fault, e.edge) == (fault.id, edge)]
            if not seen:
                yield _unobserved(f"nobody recorded that {fault.id} {how} (due at {case.offset(at_ms)})")
            elif abs(seen[0] - at_ms) > EDGE_TOLERANCE_MS:
                when = f"{case.offset(seen[0])}, not at {case.offset(at_ms)} as the profile says"
                yield _unobserved(f"{fault.id} {how} at {when}")
    known = {fault.id for fault in case.manifest.profile.faults}
    for stray in sorted({edge.fault for edge in edges} - known):
        yield _unobserved(f"the journal tells of a fault {stray!r} that the profile does not have")


def _major(version: str) -> str:
    return version.lstrip("v").split(".")[0]


def _unobserved(message: str, *, place: str = "run", evidence: tuple[Evidence, ...] = ()) -> Finding:
    return Finding(expectation=place, word=Word.UNOBSERVED, message=message, evidence=evidence)
