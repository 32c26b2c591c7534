"""Alerts that must stay silent: silent is not blind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.observations import Gap, NotificationKind, NotifiedAlert, RuleEvaluated, SelectorObserved
from simulator.units import HOUR, MINUTE, SECOND
from simulator.verdict import Word
from tests.verdict.scene import (
    END,
    FIRED,
    ONSET,
    PASSING,
    RULES,
    START,
    Scene,
    fired,
    must_not_pass,
    must_pass,
    no,
    told,
)

ROWS: dict[str, tuple[Scene, Word, str]] = {
    "its rule had failed when the run began": (
        PASSING.plus(
            RuleEvaluated(START - 5 * SECOND, "g", "APIServiceDown", "err", "boom", START - 5 * SECOND, RULES[1].labels)
        ),
        Word.UNOBSERVED,
        "its evaluation failed: boom",
    ),
    "a silent alert fired": (
        PASSING.plus(*fired("APIServiceDown", ONSET, ONSET + MINUTE)),
        Word.UNEXPECTED,
        "had to stay silent",
    ),
    "a silent alert was notified, though never seen firing": (
        PASSING.plus(
            told(NotificationKind.SLACK, "critical", "#x", FIRED, alerts=(NotifiedAlert("APIServiceDown", "firing"),))
        ),
        Word.UNEXPECTED,
        "was notified as firing",
    ),
    "a silent alert has no rule": (
        PASSING.expecting(silent=["APIServicesDown"]),
        Word.UNOBSERVED,
        "did you mean 'APIServiceDown'?",
    ),
    "a silent alert of absence was never seen matching": (
        PASSING.each(lambda o: replace(o, series=0, possible=True) if no(SelectorObserved, absence=True)(o) else o),
        Word.UNOBSERVED,
        "asks for absence",
    ),
    "a silent alert of absence was seen matching only after the fault began": (
        PASSING.without(lambda o: no(SelectorObserved, absence=True)(o) and o.at_ms < ONSET),
        Word.UNOBSERVED,
        "before the first fault",
    ),
    "a silent alert was never evaluated": (
        PASSING.without(no(RuleEvaluated, alert="APIServiceDown", health="ok")),
        Word.UNOBSERVED,
        "was never evaluated",
    ),
    "nobody looked at a silent alert's rule": (
        PASSING.without(no(RuleEvaluated, alert="APIServiceDown")),
        Word.UNOBSERVED,
        "nobody saw its rule being evaluated",
    ),
    "a silent alert's rule was evaluated in another group only": (
        PASSING.each(lambda o: replace(o, group="h") if no(RuleEvaluated, alert="APIServiceDown")(o) else o),
        Word.UNOBSERVED,
        "nobody saw its rule being evaluated",
    ),
    "a silent alert failed once": (
        PASSING.plus(RuleEvaluated(ONSET, "g", "APIServiceDown", "err", "boom", ONSET, RULES[1].labels)),
        Word.UNOBSERVED,
        "its evaluation failed: boom",
    ),
    "a silent alert's rule was not evaluated to the end": (
        PASSING.each(
            lambda o: (
                replace(o, last_evaluation_ms=END - 2 * MINUTE) if no(RuleEvaluated, alert="APIServiceDown")(o) else o
            )
        ),
        Word.UNOBSERVED,
        "was last evaluated at +10m",
    ),
    "a silent alert looks back further than there are data": (
        PASSING.expecting(silent=["SLOAvailabilityFastBurn"]),
        Word.UNOBSERVED,
        "looks back 6h",
    ),
    "Prometheus died in the last minute": (
        PASSING.plus(Gap(END - MINUTE, "prometheus", "refused")),
        Word.UNOBSERVED,
        "refused",
    ),
}

TWINS: dict[str, Scene] = {
    "its rule failed before the run, and was well when it began": PASSING.plus(
        RuleEvaluated(START - 20 * SECOND, "g", "APIServiceDown", "err", "boom", START - 20 * SECOND, RULES[1].labels),
        RuleEvaluated(START - 5 * SECOND, "g", "APIServiceDown", "ok", "", START - 5 * SECOND, RULES[1].labels),
    ),
    "long windows with history": PASSING.given(history_start_ms=START - 7 * HOUR).expecting(
        silent=["SLOAvailabilityFastBurn", "APIServiceDown"]
    ),
}


@pytest.mark.parametrize(("scene", "word", "says"), ROWS.values(), ids=ROWS)
def test_a_run_in_which_it_was_not_silent(scene: Scene, word: Word, says: str) -> None:
    must_not_pass(scene, "expect.silent[0]", word, says)


@pytest.mark.parametrize("scene", TWINS.values(), ids=TWINS)
def test_the_twin_passes(scene: Scene) -> None:
    must_pass(scene)
