"""What every run owes, whatever it asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.observations import (
    AlertObserved,
    FaultEdge,
    Gap,
    RuleEvaluated,
    SelectorObserved,
    TargetObserved,
)
from simulator.units import MINUTE, SECOND
from simulator.verdict import CatalogueComparison, Mode, Word
from tests.verdict.scene import DISK_FIRED, END, ONSET, PASSING, QUIET, Scene, must_not_pass, must_pass, no

ROWS: dict[str, tuple[Scene, str, Word, str]] = {
    "something could not be observed": (
        PASSING.plus(Gap(ONSET, "loki", "gone")),
        "run",
        Word.UNOBSERVED,
        "loki could not be observed at +2m: gone",
    ),
    "the run was stopped early": (
        PASSING.without(lambda o: o.at_ms > END - MINUTE),
        "run",
        Word.UNOBSERVED,
        "was stopped 1m before its end",
    ),
    "the journal is empty": (replace(PASSING, journal=()), "run", Word.UNOBSERVED, "was stopped 12m before"),
    "Prometheus was looked at only after the fault began": (
        PASSING.without(
            lambda o: (
                isinstance(o, RuleEvaluated | AlertObserved | TargetObserved | SelectorObserved) and o.at_ms <= ONSET
            )
        ),
        "run",
        Word.UNOBSERVED,
        "what it was before nobody knows",
    ),
    "no rule was evaluated": (PASSING.without(no(RuleEvaluated)), "run", Word.UNOBSERVED, "nobody saw Prometheus"),
    "the fault's onset was not recorded": (
        PASSING.without(no(FaultEdge, edge="onset")),
        "run",
        Word.UNOBSERVED,
        "nobody recorded that errors began",
    ),
    "the fault's end was not recorded": (
        PASSING.without(no(FaultEdge, edge="end")),
        "run",
        Word.UNOBSERVED,
        "nobody recorded that errors ended",
    ),
    "the fault began at another time": (
        PASSING.each(lambda o: replace(o, at_ms=o.at_ms + 6 * SECOND) if no(FaultEdge, edge="onset")(o) else o),
        "run",
        Word.UNOBSERVED,
        "errors began at +2m6s, not at +2m",
    ),
    "the journal tells of a fault that the profile does not have": (
        PASSING.plus(FaultEdge(ONSET, "outage", "outage", "onset")),
        "run",
        Word.UNOBSERVED,
        "a fault 'outage'",
    ),
    "nothing was asked": (QUIET.expecting(no_other_alerts=False), "expect", Word.UNOBSERVED, "nothing was asked"),
    "nobody reviewed the draft": (
        PASSING.expecting(reviewed=False),
        "expect.reviewed",
        Word.UNOBSERVED,
        "reviewed: false",
    ),
    "production runs another major version of Prometheus": (
        PASSING.given(production_prometheus_version="3.5.0"),
        "run",
        Word.UNOBSERVED,
        "production runs 3.5.0",
    ),
    "production runs another major version of Alertmanager": (
        PASSING.given(production_alertmanager_version="1.0.0"),
        "run",
        Word.UNOBSERVED,
        "production runs 1.0.0",
    ),
    "the engine lacks a feature": (
        PASSING.given(lacking=("x.yml:3: keep_firing_for needs ≥ 2.42",)),
        "run",
        Word.UNOBSERVED,
        "needs ≥ 2.42",
    ),
    "strict, and names were not compared": (PASSING.given(strict=True), "run", Word.UNOBSERVED, "were not compared"),
    "strict, and names differ": (
        PASSING.given(strict=True, catalogue=CatalogueComparison("2026-01-01", 2)),
        "run",
        Word.UNOBSERVED,
        "2 of the catalogue's names differ",
    ),
    "staging, and nothing tells the run's own series": (
        PASSING.given(mode=Mode.STAGING),
        "run",
        Word.UNOBSERVED,
        "no label tells",
    ),
}

TWINS: dict[str, Scene] = {
    "errors": PASSING,
    "quiet": QUIET,
    "the same major version": PASSING.given(production_prometheus_version="2.53.1"),
    "a differing version that was accepted": PASSING.given(
        production_prometheus_version="3.5.0", accept_engine_difference=True
    ),
    "strict, compared and equal": PASSING.given(strict=True, catalogue=CatalogueComparison("2026-01-01", 0)),
    "staging, with the run's label": PASSING.alert(notifies=None)
    .expecting(silent=["APIServiceDown"])
    .given(mode=Mode.STAGING, run_label=("severity", "critical"))
    .plus(*DISK_FIRED),
}


@pytest.mark.parametrize(("scene", "place", "word", "says"), ROWS.values(), ids=ROWS)
def test_a_run_that_cannot_be_trusted(scene: Scene, place: str, word: Word, says: str) -> None:
    must_not_pass(scene, place, word, says)


@pytest.mark.parametrize("scene", TWINS.values(), ids=TWINS)
def test_the_twin_passes(scene: Scene) -> None:
    must_pass(scene)
