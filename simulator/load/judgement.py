"""What a load run says as far as it can be judged without thresholds: was the rate driven, did the API answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.errors import ExitCode
from simulator.telemetry.observations import LoadEnded

MOST_CPU_RATIO = 0.8
"""Share of a core above which a generator's own delays are in its latencies."""

MOST_FAILED_RATIO = 0.01
MOST_RATE_LIMITED_RATIO = 0.01


@dataclass(frozen=True)
class LoadJudgement:
    """The outcome as an exit code, and a sentence for each thing that was or could not be judged."""

    outcome: ExitCode
    findings: tuple[str, ...]


def judge_load(ended: LoadEnded, *, tolerance: float, errors_expected: bool) -> LoadJudgement:
    """Judge one run. `tolerance` is the profile's; with `errors_expected` its faults broke the API on purpose."""
    unobserved: list[str] = []
    failed: list[str] = []
    fine: list[str] = []
    overall = ended.overall
    if ended.problem:
        unobserved.append(f"the figures cannot be trusted: {ended.problem}")
    if ended.achieved_ratio is None:
        unobserved.append("no requests were planned")
    else:
        (fine if abs(ended.achieved_ratio - 1) <= tolerance else unobserved).append(
            f"{ended.achieved_ratio:.1%} of the planned requests were sent (allowed: {tolerance:.0%} more or less)"
        )
    if ended.worker_cpu_ratio is None:
        fine.append("too short to tell whether the generator itself was the bottleneck")
    elif ended.worker_cpu_ratio > MOST_CPU_RATIO:
        unobserved.append(
            f"the generator used {ended.worker_cpu_ratio:.0%} of a core, so its own delays are in the latencies; "
            f"take more --processes"
        )
    if overall.requests:
        limited = overall.rate_limited / overall.requests
        if limited > MOST_RATE_LIMITED_RATIO:
            unobserved.append(f"{limited:.1%} of the requests were rate limited (429); take more --users")
        failures = f"{overall.failures / overall.requests:.2%} of the requests failed"
        if errors_expected:
            fine.append(f"{failures}; not judged, as the profile breaks the API on purpose")
        else:
            over = overall.failures / overall.requests > MOST_FAILED_RATIO
            (failed if over else fine).append(f"{failures} (allowed: {MOST_FAILED_RATIO:.0%})")
    fine.append("no thresholds in the profile: latencies were measured, not judged")
    outcome = ExitCode.FAIL if failed else ExitCode.INCONCLUSIVE if unobserved else ExitCode.PASS
    return LoadJudgement(outcome, (*failed, *unobserved, *fine))
