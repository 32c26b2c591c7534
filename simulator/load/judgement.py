"""What a load run says: was the rate driven, did the API answer, were the profile's thresholds kept. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from simulator.errors import ExitCode
from simulator.profile.thresholds import Measure, parse_threshold
from simulator.telemetry.observations import LoadEnded, PlanKept, ThresholdResult

MOST_CPU_RATIO = 0.8
"""Share of a core above which a generator's own delays are in its latencies."""

MOST_FAILED_RATIO = 0.01
MOST_RATE_LIMITED_RATIO = 0.01


class Judged(StrEnum):
    """What one finding comes to."""

    FINE = "fine"
    BROKEN = "broken"
    UNOBSERVED = "unobserved"


@dataclass(frozen=True)
class LoadFinding:
    """One thing that was or could not be judged: what it is about, and a sentence."""

    judged: Judged
    about: str
    text: str


@dataclass(frozen=True)
class LoadJudgement:
    """All findings, the worst first."""

    findings: tuple[LoadFinding, ...]

    @property
    def outcome(self) -> ExitCode:
        """Fail where anything is broken, else inconclusive where anything is unobserved."""
        kinds = {finding.judged for finding in self.findings}
        if Judged.BROKEN in kinds:
            return ExitCode.FAIL
        return ExitCode.INCONCLUSIVE if Judged.UNOBSERVED in kinds else ExitCode.PASS


_WORST_FIRST = (Judged.BROKEN, Judged.UNOBSERVED, Judged.FINE)


def judge_load(ended: LoadEnded, *, tolerance: float, errors_expected: bool) -> LoadJudgement:
    """Judge one run. `tolerance` is the profile's; with `errors_expected` its faults broke the API on purpose."""
    found = [
        *_judge_figures(ended, tolerance),
        *_judge_accounts(ended, tolerance),
        *_judge_answers(ended, errors_expected),
        *_judge_thresholds(ended),
    ]
    return LoadJudgement(tuple(sorted(found, key=lambda finding: _WORST_FIRST.index(finding.judged))))


def _judge_figures(ended: LoadEnded, tolerance: float) -> Iterator[LoadFinding]:
    """Whether the generator did what it should."""
    if ended.problem:
        yield LoadFinding(Judged.UNOBSERVED, "figures", f"the figures cannot be trusted: {ended.problem}")
    for lost in ended.lost_workers:
        text = f"{lost}; the others took over its share of the plan. What it had not yet reported is not counted"
        yield LoadFinding(Judged.FINE, "workers", text)
    if len(ended.kept) > 1:
        yield from (_judge_plan(plan, tolerance) for plan in ended.kept)
    elif ended.achieved_ratio is None:
        yield LoadFinding(Judged.UNOBSERVED, "rate", "no requests were planned")
    else:
        kept = abs(ended.achieved_ratio - 1) <= tolerance
        done = "sent" if ended.planned_unit == "requests" else "done"
        yield LoadFinding(
            Judged.FINE if kept else Judged.UNOBSERVED,
            "rate",
            f"{ended.achieved_ratio:.1%} of the planned {ended.planned_unit} were {done} "
            f"(allowed: {tolerance:.0%} more or less)",
        )
    for plan in ended.kept:
        if plan.missed or plan.late:
            late = f"{plan.late:,} began more than 100 ms after they were due (it is in their latencies)"
            text = f"{plan.scenario}: {plan.missed:,} {plan.unit} of the plan were dropped, {late}"
            yield LoadFinding(Judged.FINE, f"arrivals of {plan.scenario}", text)
    if ended.worker_cpu_ratio is None:
        text = "too short to tell whether the generator itself was the bottleneck"
        yield LoadFinding(Judged.FINE, "generator", text)
    elif ended.worker_cpu_ratio > MOST_CPU_RATIO:
        yield LoadFinding(
            Judged.UNOBSERVED,
            "generator",
            f"the generator used {ended.worker_cpu_ratio:.0%} of a core, so its own delays are in the latencies; "
            f"take more --processes",
        )


def _judge_plan(plan: PlanKept, tolerance: float) -> LoadFinding:
    about = f"rate of {plan.scenario}"
    if plan.ratio is None:
        return LoadFinding(Judged.UNOBSERVED, about, f"{plan.scenario}: no {plan.unit} were planned")
    allowed = max(tolerance, plan.by_chance)
    kept = abs(plan.ratio - 1) <= allowed
    text = f"{plan.scenario}: {plan.ratio:.1%} of {plan.planned:,.0f} planned {plan.unit} were begun"
    return LoadFinding(
        Judged.FINE if kept else Judged.UNOBSERVED, about, f"{text} (allowed: {allowed:.0%} more or less)"
    )


def _judge_accounts(ended: LoadEnded, tolerance: float) -> Iterator[LoadFinding]:
    """Whether the API counted what was sent."""
    if ended.unaccounted:
        text = f"not held against what the API counted: {ended.unaccounted}"
        yield LoadFinding(Judged.FINE, "accounts", text)
    for account in ended.accounts:
        text = "; ".join((account.told, *account.differing))
        trusted = account.explained(tolerance) or bool(ended.problem or ended.lost_workers)
        yield LoadFinding(Judged.FINE if trusted else Judged.UNOBSERVED, f"account of {account.what}", text)


def _judge_answers(ended: LoadEnded, errors_expected: bool) -> Iterator[LoadFinding]:
    """Whether the API answered, where no threshold says what is right."""
    overall = ended.overall
    if not overall.requests:
        return
    limited = overall.rate_limited / overall.requests
    if limited > MOST_RATE_LIMITED_RATIO:
        text = f"{limited:.1%} of the requests were rate limited (429); take more --users"
        yield LoadFinding(Judged.UNOBSERVED, "rate limited", text)
    failures = f"{overall.failures / overall.requests:.2%} of the requests failed"
    if any(parse_threshold(result.text).measure is Measure.ERRORS for result in ended.thresholds):
        yield LoadFinding(Judged.FINE, "errors", f"{failures}; judged by the thresholds")
    elif errors_expected:
        yield LoadFinding(Judged.FINE, "errors", f"{failures}; not judged, as the profile breaks the API on purpose")
    else:
        over = overall.failures / overall.requests > MOST_FAILED_RATIO
        text = f"{failures} (allowed: {MOST_FAILED_RATIO:.0%})"
        yield LoadFinding(Judged.BROKEN if over else Judged.FINE, "errors", text)


def _judge_thresholds(ended: LoadEnded) -> Iterator[LoadFinding]:
    for result in ended.thresholds:
        judged = {True: Judged.FINE, False: Judged.BROKEN, None: Judged.UNOBSERVED}[result.met]
        yield LoadFinding(judged, result.text, _told(result))
    if ended.aborted_by:
        text = f"the load was ended early, as `{ended.aborted_by}` was broken (load.abort_after)"
        yield LoadFinding(Judged.BROKEN, "abort", text)
    if ended.stopped_by:
        yield LoadFinding(Judged.BROKEN, "stop", f"the load was stopped to spare its target: {ended.stopped_by}")
    if not ended.thresholds:
        text = "no thresholds in the profile: latencies were measured, not judged"
        yield LoadFinding(Judged.FINE, "thresholds", text)


def _told(result: ThresholdResult) -> str:
    if result.met is None:
        return f"`{result.text}` cannot be judged: {result.reason}"
    return f"`{result.text}` {'kept' if result.met else 'BROKEN'}: {result.told} over {result.samples:,} requests"
