"""What this run has no metric for: neither a silence nor an alert says anything about production."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.observations import Observation, SelectorObserved
from simulator.verdict import Word
from simulator.verdict.facts import CatalogueComparison
from tests.verdict.scene import FACTS, PASSING, RULES, SILENT, Scene, must_not_pass

COMPARED = replace(FACTS, catalogue=CatalogueComparison("2026-01-01", 0)).catalogue
DIFFERENT = replace(FACTS, catalogue=CatalogueComparison("2026-01-01", 3)).catalogue
SAYS = "nothing in this run exposes http_requests_total"
EXPECTED = "expect.alerts[0]"


def unknown(observation: Observation) -> Observation:
    """A selector of HighErrorRate that nothing in this run exposes."""
    if isinstance(observation, SelectorObserved) and observation.alert == "HighErrorRate":
        return replace(observation, series=0, unknown=observation.selector.partition("{")[0])
    return observation


def test_an_expected_alert_that_stays_silent_is_not_missing() -> None:
    must_not_pass(SILENT.each(unknown), EXPECTED, Word.UNOBSERVED, SAYS)
    must_not_pass(SILENT.each(unknown).given(catalogue=DIFFERENT), EXPECTED, Word.UNOBSERVED, "crybsim catalog learn")


def test_it_is_missing_where_the_catalogue_is_known_to_have_all_that_the_platform_has() -> None:
    must_not_pass(SILENT.each(unknown).given(catalogue=COMPARED), EXPECTED, Word.MISSING, "stayed silent")


def test_an_expected_alert_that_fires_for_want_of_all_it_looks_at_is_not_met() -> None:
    must_not_pass(PASSING.each(unknown), EXPECTED, Word.UNOBSERVED, f"but it fires because {SAYS}")


@pytest.mark.parametrize("absence", [True, False])
def test_an_unexpected_alert_that_fires_for_want_of_a_metric_is_no_fault_of_the_team(absence: bool) -> None:
    """`absent(x)`, or `(sum(x) or vector(0)) < 1`, over an x that nobody here exposes."""
    scene = PASSING.expecting(alerts=[], silent=["HighErrorRate"]).each(unknown)
    selectors = tuple(replace(one, absence=absence) for one in RULES[0].selectors)
    scene = replace(scene, rules=(replace(RULES[0], selectors=selectors), *RULES[1:]))
    must_not_pass(scene, "expect.silent[0]", Word.UNOBSERVED, f"but it fires because {SAYS}")


def test_an_unexpected_alert_that_saw_some_of_what_it_looks_at_is_unexpected() -> None:
    def partly(observation: Observation) -> Observation:
        of_errors = isinstance(observation, SelectorObserved) and "500" in observation.selector
        return unknown(observation) if of_errors else observation

    scene: Scene = PASSING.expecting(alerts=[], silent=["HighErrorRate"]).each(partly)
    must_not_pass(scene, "expect.silent[0]", Word.UNEXPECTED, "had to stay silent")


def test_blind_selectors_are_told_by_metric_and_with_what_to_do() -> None:
    scene = SILENT.expecting(alerts=[], silent=["HighErrorRate"]).each(unknown)
    must_not_pass(scene, "expect.silent[0]", Word.UNOBSERVED, f"blind, not silent: {SAYS}; `crybsim catalog learn`")


def test_what_only_larger_platforms_have_is_told_so() -> None:
    def left_out(observation: Observation) -> Observation:
        seen = unknown(observation)
        return replace(seen, unknown="prometheus_tsdb_wal_corruptions_total") if seen is not observation else seen

    scene = SILENT.expecting(alerts=[], silent=["HighErrorRate"]).each(left_out)
    must_not_pass(scene, "expect.silent[0]", Word.UNOBSERVED, "crybsim catalog learn")
    small = scene.profiled(platform={"size": "tiny"})
    must_not_pass(small, "expect.silent[0]", Word.UNOBSERVED, "total; a platform of `size: tiny` leaves that out")
