"""A running stack: only the run's own alerts are graded, and what mixes with real data is not known."""

from __future__ import annotations

from dataclasses import replace

from simulator.telemetry.observations import SelectorObserved
from simulator.verdict import Mode, Word
from tests.verdict.scene import PASSING, Scene, must_not_pass, must_pass

STAGING = PASSING.alert(notifies=None).given(mode=Mode.STAGING, run_label=("severity", "critical"))
ERRORS = "sum by (service) (rate(http_requests_total[1m]))"


def written(scene: Scene, expr: str, *recordings: str) -> Scene:
    """The same with another expression of HighErrorRate."""
    return replace(scene, rules=(replace(scene.rules[0], expr=expr, recordings=recordings), *scene.rules[1:]))


def among_others(scene: Scene, alert: str) -> Scene:
    """The same where the alert's selectors match real series as well."""
    return scene.each(
        lambda o: replace(o, series=5, foreign=2) if isinstance(o, SelectorObserved) and o.alert == alert else o
    )


def test_series_of_its_own_alone_are_graded() -> None:
    must_pass(written(STAGING, ERRORS))


def test_an_expression_that_mixes_them_is_not_known() -> None:
    says = "mixed with real data: http_requests_total matched 3 series of this run and 2 others"
    mixed = among_others(written(STAGING, ERRORS), "HighErrorRate")
    must_not_pass(mixed, "expect.alerts[0]", Word.UNOBSERVED, says)
    recorded = among_others(written(STAGING, "errors:ratio > 0.05", "errors:ratio"), "HighErrorRate")
    must_not_pass(recorded, "expect.alerts[0]", Word.UNOBSERVED, says)


def test_an_expression_that_keeps_them_apart_is_graded() -> None:
    must_pass(among_others(written(STAGING, ERRORS.replace("service", "service, severity")), "HighErrorRate"))
    must_pass(among_others(written(STAGING, "http_requests_total > 5"), "HighErrorRate"))


def test_a_silence_that_mixes_them_says_nothing() -> None:
    rules = list(STAGING.rules)
    rules[2] = replace(rules[2], expr="avg(node_filesystem_free_bytes) < 1e9")
    mixed = among_others(replace(STAGING, rules=tuple(rules)), "DiskAlmostFull")
    must_not_pass(mixed, "expect.no_other_alerts", Word.UNOBSERVED, "blind, not silent: mixed with real data")


def test_silences_are_not_set_on_a_running_stack() -> None:
    silences = [{"matchers": ['severity="warning"'], "for": "5m"}]
    must_not_pass(STAGING.profiled(silences=silences), "silences", Word.UNOBSERVED, "were not set")
    must_pass(PASSING.profiled(silences=silences))


def test_whom_it_may_ring_is_said() -> None:
    verdict = STAGING.given(may_ring=("critical (pagerduty, slack)",)).judged()
    assert any("critical (pagerduty, slack) may have rung" in claim.text for claim in verdict.claims)
