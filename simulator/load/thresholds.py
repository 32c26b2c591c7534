"""Thresholds against what was measured: met, broken, or too little to say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator.errors import did_you_mean
from simulator.profile.load_names import SCENARIOS, SHORT, Kind
from simulator.profile.thresholds import Measure, Threshold
from simulator.telemetry.observations import ThresholdResult
from simulator.wire.load_report import Tally, sum_tallies


def judge_thresholds(
    thresholds: Iterable[Threshold], tallies: Mapping[str, Tally], dropped: int
) -> tuple[ThresholdResult, ...]:
    """One result for each threshold, in their order. `dropped` are requests of the plan that nobody was free to send.

    A quantile q needs 10/(1−q) requests (10/q below the median) to be more than a guess; a ratio is judged by any.
    """
    return tuple(_judge(threshold, tallies, dropped) for threshold in thresholds)


def _judge(threshold: Threshold, tallies: Mapping[str, Tally], dropped: int) -> ThresholdResult:
    if threshold.measure is Measure.DROPPED and tallies:
        return _result(threshold, dropped, str(dropped), sum(tally.requests for tally in tallies.values()))
    covered = {name: tally for name, tally in tallies.items() if threshold.covers(name)}
    if not covered:
        return ThresholdResult(threshold.text, None, reason=_nobody(threshold, tallies))
    tally = sum_tallies(covered)
    if threshold.quantile is None:
        count = tally.failures if threshold.measure is Measure.ERRORS else tally.rate_limited
        share = count / tally.requests
        return _result(threshold, share, f"{share:.3%}".replace("%", " %"), tally.requests)
    timed = len(tally.latency)
    if timed < threshold.fewest_samples:
        counted = "requests were timed" if threshold.kind is Kind.LATENCY else "values were measured"
        reason = f"only {timed} {counted}; it takes {threshold.fewest_samples} to tell"
        return ThresholdResult(threshold.text, None, samples=timed, reason=reason)
    (value,) = tally.latency.quantiles_seconds((threshold.quantile,))
    assert value is not None
    return _result(threshold, value, tell(value, threshold.kind), timed)


def tell(value: float, kind: Kind) -> str:
    """A measured value for people: `412ms`, `3.91`, `0.31 %`."""
    match kind:
        case Kind.LATENCY:
            return f"{value * 1000:.4g}ms"
        case Kind.SCORE:
            return f"{value:.2f}"
        case Kind.SHARE:
            return f"{100 * value:.2f} %"


def _result(threshold: Threshold, observed: float, told: str, samples: int) -> ThresholdResult:
    return ThresholdResult(threshold.text, threshold.holds(observed), observed, told, samples)


def _nobody(threshold: Threshold, tallies: Mapping[str, Tally]) -> str:
    if not tallies:
        return "no request was measured"
    named = SHORT.get(threshold.subject, threshold.subject)
    if threshold.subject in SHORT or threshold.subject in SCENARIOS:
        return f"nothing of {named!r} was measured; does the profile's load.scenarios have it?"
    return f"no request is named {threshold.subject!r}{did_you_mean(threshold.subject, tallies)}"
