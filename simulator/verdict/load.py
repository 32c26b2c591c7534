"""Load: was it what the profile plans, and can its figures be trusted?"""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import pairwise

from simulator.profile.presence import taken_away
from simulator.profile.thresholds import Measure, parse_threshold
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import LoadEnded, LoadMeasured, RequestTotals, ThresholdResult
from simulator.units import SECOND
from simulator.verdict.case import Case
from simulator.verdict.document import Evidence, Finding, LoadAccount, LoadSummary, RequestFigures, Word
from simulator.verdict.facts import Mode

BUSIEST_WORKER = 0.8
"""Share of one core above which a generator's own waiting enters its latencies (cli.md, "Load on something")."""
MOST_RATE_LIMITED = 0.01
"""Share of 429 above which the load met the API's rate limiter instead of the API."""
STALL_PLANNED = 20
"""Requests planned in a row without one being sent: chance leaves such a hole once in e^20."""


def judge_load(case: Case) -> tuple[Finding, ...]:
    """Whether the load was the load that was planned, then the profile's thresholds."""
    if not _planned(case):
        return ()
    return (*judge_rate(case), *_judge_thresholds(case))


def judge_rate(case: Case) -> tuple[Finding, ...]:
    """Everything that keeps the load from being the load that was planned, one met finding when nothing does. With
    another load than planned nobody can say what ought to have fired."""
    if not _planned(case):
        return ()
    ended = _ended(case)
    if ended is None:
        return (_finding("load was planned and its totals never came: the generator did not end as it should"),)
    problems = []
    if ended.problem:
        problems.append(f"load: {ended.problem}")
    tolerance = case.manifest.profile.load.tolerance
    ratio = achieved_ratio(case)
    if ratio is None:
        problems.append("nobody can say how much of the planned load was sent")
    elif not abs(ratio - 1) <= tolerance:  # also true of NaN
        problems.append(f"load reached {ratio:.0%} of its plan; ±{tolerance:.0%} is tolerated (load.tolerance)")
    if ended.overall.requests == 0:
        problems.append("no request was sent")
    elif ended.overall.rate_limited > MOST_RATE_LIMITED * ended.overall.requests:
        share = ended.overall.rate_limited / ended.overall.requests
        problems.append(f"{share:.1%} of requests were answered 429: the load met the rate limiter, not the platform")
    if not ended.problem and not ended.lost_workers:
        problems += [f"not all is accounted for: {one.told}" for one in ended.accounts if not one.explained(tolerance)]
    if not case.seen(LoadMeasured):
        problems.append("load was not measured while the run went on")
    stall = _stall(case)
    if stall is not None:
        problems.append(f"load stood still from {case.offset(stall[0])} to {case.offset(stall[1])}")
    if problems:
        return tuple(_finding(problem) for problem in problems)
    message = f"load kept to its plan: {ended.overall.requests:,} requests, {ratio:.0%} of those planned"
    evidence = Evidence(when=case.moment(ended.at_ms), source="load", what="totals of the load generator")
    return (
        Finding(
            expectation="load",
            word=Word.MET,
            message=message,
            expected=f"within ±{tolerance:.0%} of the planned rate",
            observed=f"{ratio:.0%}",
            evidence=(evidence,),
        ),
    )


def _judge_thresholds(case: Case) -> tuple[Finding, ...]:
    """One finding for each threshold. Latencies of a generator that was too busy to send in time say nothing."""
    ended = _ended(case)
    findings = []
    for number, text in enumerate(case.manifest.profile.load.thresholds):
        result = ended.thresholds[number] if ended and number < len(ended.thresholds) else None
        if result is None:
            result = ThresholdResult(text, None, reason="the load's totals never came")
        elif ended and _too_busy(ended) and parse_threshold(text).measure is Measure.LATENCY:
            result = replace(result, met=None, reason=f"the generator used {ended.worker_cpu_ratio:.0%} of its core")
        findings.append(_threshold_finding(case, f"load.thresholds[{number}]", result, ended))
    return tuple(findings)


def _threshold_finding(case: Case, where: str, result: ThresholdResult, ended: LoadEnded | None) -> Finding:
    word = {True: Word.MET, False: Word.BROKEN, None: Word.UNOBSERVED}[result.met]
    if result.met is None:
        message = f"`{result.text}` cannot be judged: {result.reason}"
    else:
        message = f"`{result.text}`: {result.told} over {result.samples:,} requests"
        if ended and ended.aborted_by == result.text:
            message += ", so the load was ended early (load.abort_after)"
    what = "totals of the load generator, warm-up left out"
    evidence = [Evidence(when=case.moment(ended.at_ms), source="load", what=what)] if ended else []
    return Finding(
        expectation=where,
        word=word,
        message=message,
        expected=result.text,
        observed=result.told,
        evidence=tuple(evidence),
    )


def achieved_ratio(case: Case) -> float | None:
    """Requests sent over requests planned. Where the profile takes the API down, outages are left out of both."""
    ended = _ended(case)
    outages = _outages(case)
    if not outages or ended is None or ended.achieved_ratio is None:
        return ended.achieved_ratio if ended else None
    sent, planned = 0, 0.0
    for start_ms, measured in _intervals(case):
        if not any(start_ms < span.end_ms and span.start_ms < measured.at_ms for span in outages):
            sent += measured.requests
            planned += measured.target_per_second * (measured.at_ms - start_ms) / SECOND
    return sent / planned if planned else ended.achieved_ratio


def load_notes(case: Case) -> tuple[str, ...]:
    """What a reader of the latencies should know."""
    ended = _ended(case)
    if ended is None:
        return ()
    notes = [f"{text}; the others took over its share" for text in ended.lost_workers]
    if ended.unaccounted:
        notes.append(f"the load was not held against what the API counted: {ended.unaccounted}")
    for account in ended.accounts:
        notes += [f"the load's account of {account.what} has a residue: {text}" for text in account.differing]
    if _too_busy(ended):
        notes.append(f"a load generator used {ended.worker_cpu_ratio:.0%} of its core: take latencies as inconclusive")
    return tuple(notes)


def load_summary(case: Case) -> LoadSummary | None:
    """The generator's totals, or None where there are none."""
    ended = _ended(case)
    if ended is None:
        return None
    return LoadSummary(
        overall=_figures(ended.overall),
        by_name=tuple(_figures(totals) for totals in ended.totals),
        achieved_ratio=achieved_ratio(case),
        worker_cpu_ratio=ended.worker_cpu_ratio,
        target=case.facts.load_target,
        accounts=tuple(LoadAccount(**asdict(account), told=account.told) for account in ended.accounts),
    )


def _planned(case: Case) -> bool:
    return case.facts.load_planned and case.facts.mode is not Mode.VIRTUAL


def _ended(case: Case) -> LoadEnded | None:
    return next(reversed(case.seen(LoadEnded)), None)


def _too_busy(ended: LoadEnded) -> bool:
    return ended.worker_cpu_ratio is not None and ended.worker_cpu_ratio > BUSIEST_WORKER


def _outages(case: Case) -> list[Interval]:
    """The spans of faults that take the API away, or some of it."""
    profile = case.manifest.profile
    return [case.span_of(fault) for fault in profile.faults if taken_away(profile, fault, "api")]


def _intervals(case: Case) -> tuple[tuple[int, LoadMeasured], ...]:
    """Each measurement with the beginning of its interval; the first has none to be measured by."""
    measured = case.seen(LoadMeasured)
    return tuple((before.at_ms, after) for before, after in pairwise(measured))


def _stall(case: Case) -> tuple[int, int] | None:
    """The first hole in the load outside outages, or None."""
    outages = _outages(case)
    began: int | None = None
    missing = 0.0
    for start_ms, measured in _intervals(case):
        if measured.requests or any(start_ms < s.end_ms and s.start_ms < measured.at_ms for s in outages):
            began, missing = None, 0.0
            continue
        began = start_ms if began is None else began
        missing += measured.target_per_second * (measured.at_ms - start_ms) / SECOND
        if missing >= STALL_PLANNED:
            return began, measured.at_ms
    return None


def _figures(totals: RequestTotals) -> RequestFigures:
    return RequestFigures(
        name=totals.name,
        requests=totals.requests,
        failures=totals.failures,
        rate_limited=totals.rate_limited,
        p50_seconds=totals.p50_seconds,
        p95_seconds=totals.p95_seconds,
        p99_seconds=totals.p99_seconds,
        max_seconds=totals.max_seconds,
        refused=totals.refused,
        timed_out=totals.timed_out,
        aborted=totals.aborted,
        no_connection=totals.no_connection,
    )


def _finding(message: str) -> Finding:
    return Finding(expectation="load", word=Word.UNOBSERVED, message=message)
