"""What terminal and Markdown say alike: headings, marks, lines. Plain text; each report escapes for itself."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.telemetry.observations import unanswered_told
from simulator.verdict import wording
from simulator.verdict.document import (
    RUN_LEVEL,
    AlertTimeline,
    BurnPrediction,
    Finding,
    Heard,
    Moment,
    Outcome,
    RequestFigures,
    Verdict,
    Word,
)

HEADLINE = {Outcome.PASS: "PASS", Outcome.FAIL: "FAIL", Outcome.INCONCLUSIVE: "INCONCLUSIVE"}
NOTHING = "–"


def mark(finding: Finding) -> str:
    """✓ met, ✗ broken, ? nobody could look."""
    if finding.word is Word.MET:
        return "✓"
    return "✗" if finding.word.is_failure else "?"


def offset(moment: Moment | None) -> str:
    """`+3m15s` after the run's start, or a dash."""
    return NOTHING if moment is None else wording.offset(moment.offset_ms, 0)


def span(milliseconds: int | None) -> str:
    """A span to the second, or a dash."""
    return NOTHING if milliseconds is None else wording.span(milliseconds)


def subject(finding: Finding) -> str:
    """What a finding is about: its alert, or the part of the run."""
    return finding.alert or {"run": "the run", "load": "load"}.get(finding.expectation, finding.expectation)


def by_weight(findings: Sequence[Finding]) -> list[Finding]:
    """What is broken first, then what nobody could see (and first why), then what was met; else as the profile asks."""

    def weight(finding: Finding) -> tuple[bool, bool, bool]:
        is_why = finding.word is Word.UNOBSERVED and finding.expectation in RUN_LEVEL
        return finding.word is Word.MET, not finding.word.is_failure, not is_why

    return sorted(findings, key=weight)


def standing(verdict: Verdict, *standings: str) -> list[AlertTimeline]:
    """Episodes of alerts that fired, of these standings."""
    return [alert for alert in verdict.alerts if alert.firing is not None and alert.standing in standings]


def heard_alerts(heard: Heard) -> str:
    """`HighErrorRate firing, APIServiceDown resolved`: names only, each once; the title where nobody can say which."""
    names = dict.fromkeys(f"{alert.alert} {alert.status}" for alert in heard.alerts)
    return ", ".join(names) or heard.title or NOTHING


def latency(seconds: float | None) -> str:
    """`182 ms` or `1.25 s`, or a dash."""
    if seconds is None:
        return NOTHING
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def run_again(verdict: Verdict) -> str:
    """The command that runs it again."""
    run = verdict.run
    return run.rerun or f"crybsim rehearse {run.profile_path} --mode {run.mode} --seed {run.seed}"


def load_figures(verdict: Verdict) -> list[tuple[str, str]]:
    """The load's totals as (name, value)."""
    if verdict.load is None:
        return []
    load, total = verdict.load, verdict.load.overall
    failed = f" ({total.failures / total.requests:.2%})" if total.requests else ""
    ratio = NOTHING if load.achieved_ratio is None else f"{load.achieved_ratio:.0%}"
    return [
        ("requests", f"{total.requests:,}"),
        ("errors", f"{total.failures:,}{failed}"),
        ("without an answer", unanswered(total) or "0"),
        ("answered 429", f"{total.rate_limited:,}"),
        ("p50", latency(total.p50_seconds)),
        ("p95", latency(total.p95_seconds)),
        ("p99", latency(total.p99_seconds)),
        ("of the planned rate", ratio),
        ("target", load.target),
    ]


def load_accounts(verdict: Verdict) -> list[str]:
    """What was sent against what the API counted, a sentence each."""
    return [] if verdict.load is None else [account.told for account in verdict.load.accounts]


def unanswered(figures: RequestFigures) -> str:
    """`12 refused, 3 timed out`; empty where all were answered."""
    return unanswered_told(figures.refused, figures.timed_out, figures.aborted, figures.no_connection)


PREDICTION_HEADINGS = ("alert", "true errors", "to detect", "foretold", "Workbook", "to reset", "foretold", "Workbook")
"""Of a table of predictions, and of a row of `prediction_row`."""


def prediction_row(prediction: BurnPrediction, verdict: Verdict) -> tuple[str, ...]:
    """One prediction beside what was measured; a dash is "not within the run"."""
    ratio = NOTHING if prediction.error_ratio is None else f"{prediction.error_ratio:.3%}"
    spans = (
        prediction.detect_ms,
        prediction.predicted_detect_ms,
        prediction.steady_detect_ms,
        prediction.reset_ms,
        prediction.predicted_reset_ms,
        prediction.steady_reset_ms,
    )
    twins = [one for one in verdict.predictions if one.alert == prediction.alert]
    name = prediction.alert if len(twins) == 1 else wording.labelled(prediction.alert, prediction.labels)
    return (name, ratio, *map(span, spans))


def predicted(verdict: Verdict) -> list[BurnPrediction]:
    """The alerts on an error budget for which there is a prediction."""
    return [prediction for prediction in verdict.predictions if not prediction.reason]
