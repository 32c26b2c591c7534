"""Scrape targets: down for a fault's reason, or down while nobody was to take them down."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.profile import presence
from simulator.profile.schema import Fault
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import TargetObserved
from simulator.units import SECOND
from simulator.verdict.case import Case
from simulator.verdict.document import Evidence, Finding, Word
from simulator.verdict.facts import Mode
from simulator.verdict.wording import listed

STARTING_MS = 5 * SECOND
"""A process may take this long to listen again after its outage; then the next scrapes must find it."""


@dataclass(frozen=True)
class Unscraped:
    """A target that could not be scraped over a span."""

    job: str
    instance: str
    span: Interval
    health: str
    error: str

    def __str__(self) -> str:
        return f"{self.job}/{self.instance}"


def unexplained(case: Case) -> tuple[Unscraped, ...]:
    """Targets that were not scraped although no fault of the profile says so, each span once."""
    spans = _unscraped(case)
    grace_ms = STARTING_MS + 2 * case.facts.scrape_interval_ms
    found: list[Unscraped] = []
    for unscraped in spans:
        service = case.facts.job_services.get(unscraped.job)
        if unscraped.health == "unknown" and unscraped.span.end_ms <= case.started_ms + grace_ms:
            continue  # not scraped yet
        if service is None or not _within_outages(case, service, unscraped, grace_ms):
            found.append(unscraped)
            continue
        together = sum(
            unscraped.span.start_ms in other.span
            for other in spans
            if case.facts.job_services.get(other.job) == service and other.job == unscraped.job
        )
        if together > _allowed_down(case, service, unscraped.span.start_ms, grace_ms):
            found.append(unscraped)
    return tuple(found)


def judge_targets(case: Case) -> tuple[Finding, ...]:
    """Whether every target was watched, and up unless a fault took it down. Virtual runs have no scrapes."""
    if case.facts.mode is Mode.VIRTUAL:
        return ()
    seen = case.seen(TargetObserved)
    if not seen:
        message = "no scrape target was ever observed, so nobody knows whether the platform was scraped"
        return (Finding(expectation="run", word=Word.UNOBSERVED, message=message),)
    findings = []
    for unscraped in unexplained(case):
        until = "the run's end" if unscraped.span.end_ms >= case.ends_ms else case.offset(unscraped.span.end_ms)
        because = f" ({unscraped.error})" if unscraped.error else ""
        findings.append(
            Finding(
                expectation="run",
                word=Word.UNOBSERVED,
                message=f"target {unscraped} was {unscraped.health} from {case.offset(unscraped.span.start_ms)} "
                f"to {until} and no fault explains it{because}",
                expected="up, unless a fault takes it down",
                observed=unscraped.health,
                evidence=(
                    Evidence(
                        when=case.moment(unscraped.span.start_ms),
                        source="prometheus",
                        what=f'up{{job="{unscraped.job}",instance="{unscraped.instance}"}}',
                    ),
                ),
            )
        )
    absent = sorted(set(case.facts.job_services) - {target.job for target in seen})
    if absent:
        message = f"Prometheus never showed a target of {listed(absent)}"
        findings.append(Finding(expectation="run", word=Word.UNOBSERVED, message=message))
    return tuple(findings)


def _unscraped(case: Case) -> tuple[Unscraped, ...]:
    """Spans of the run in which a target was not up, by target."""
    by_target: dict[tuple[str, str], list[TargetObserved]] = {}
    for target in case.seen(TargetObserved):
        by_target.setdefault((target.job, target.instance), []).append(target)
    spans = []
    for (job, instance), changes in by_target.items():
        ends = [*(change.at_ms for change in changes[1:]), max(case.ends_ms, case.watched_until_ms)]
        for change, end_ms in zip(changes, ends, strict=True):
            start_ms = max(change.at_ms, case.started_ms)
            end_ms = min(end_ms, case.ends_ms)
            if change.health != "up" and start_ms < end_ms:
                spans.append(Unscraped(job, instance, Interval(start_ms, end_ms), change.health, change.error))
    return tuple(spans)


def _outages(case: Case, service: str) -> tuple[Fault, ...]:
    """The faults that may let scrapes of a service fail."""
    return tuple(fault for fault in case.manifest.profile.faults if _struck(case, fault, service))


def _struck(case: Case, fault: Fault, service: str) -> frozenset[str]:
    """The instances of a service whose scrapes a fault may let fail; jobs that an overlay added say so themselves."""
    struck = presence.unscraped(case.manifest.profile, fault, service)
    for overlay in case.manifest.overlays:
        job = overlay.content.jobs.get(service)
        if job is not None and {fault.id, fault.kind} & set(job.down_during):
            struck |= {f"{service}-{number}" for number in range(1, job.instances + 1)}
    return struck


def _within_outages(case: Case, service: str, unscraped: Unscraped, grace_ms: int) -> bool:
    """Whether outages of the service, each with its grace, cover the whole span."""
    covered_ms = unscraped.span.start_ms
    for span in sorted(case.span_of(fault) for fault in _outages(case, service)):
        if span.start_ms <= covered_ms:
            covered_ms = max(covered_ms, span.end_ms + grace_ms)
    return covered_ms >= unscraped.span.end_ms and covered_ms > unscraped.span.start_ms


def _allowed_down(case: Case, service: str, at_ms: int, grace_ms: int) -> int:
    """How many instances of a service may be down at an instant."""
    hit: frozenset[str] = frozenset()
    for fault in _outages(case, service):
        span = case.span_of(fault)
        if span.start_ms <= at_ms < span.end_ms + grace_ms:
            hit |= _struck(case, fault, service)
    return len(hit)
