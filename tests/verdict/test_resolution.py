"""An alert that must resolve."""

from __future__ import annotations

import pytest

from simulator.telemetry.observations import AlertObserved, AlertState, Gap
from simulator.units import MINUTE, SECOND
from simulator.verdict import Word
from tests.verdict.scene import END, FAULT_END, ONSET, PASSING, Scene, fired, moved, must_not_pass, must_pass, no

ROWS: dict[str, tuple[Scene, Word, str]] = {
    "it resolved, and Prometheus had been away": (
        PASSING.plus(Gap(ONSET, "prometheus", "refused")),
        Word.UNOBSERVED,
        "was seen resolved, but could not be watched",
    ),
    "it resolved late": (moved(PASSING, 2 * MINUTE + 1, AlertState.INACTIVE), Word.UNRESOLVED, "by +9m"),
    "it never resolved": (
        PASSING.without(no(AlertObserved, state=AlertState.INACTIVE)),
        Word.UNRESOLVED,
        "still fires",
    ),
    "it fired again after its time": (
        PASSING.plus(*fired("HighErrorRate", END - 2 * MINUTE - 30 * SECOND, END - 20 * SECOND)),
        Word.UNRESOLVED,
        "fired again",
    ),
    "it never resolved, and Prometheus died": (
        PASSING.without(no(AlertObserved, state=AlertState.INACTIVE)).plus(Gap(FAULT_END, "prometheus", "refused")),
        Word.UNOBSERVED,
        "could not be watched",
    ),
    "it fired on when the run ended before its time was over": (
        PASSING.without(no(AlertObserved, state=AlertState.INACTIVE)).alert(resolves_within="8m"),
        Word.UNOBSERVED,
        "before its time was over",
    ),
}

TWINS: dict[str, Scene] = {
    "resolves within, to the millisecond": moved(PASSING, 2 * MINUTE, AlertState.INACTIVE),
    "resolution is measured from the last fault where no fault is named": PASSING.alert(
        caused_by=None, fires_within="6m"
    ),
}


@pytest.mark.parametrize(("scene", "word", "says"), ROWS.values(), ids=ROWS)
def test_a_run_in_which_it_did_not_resolve(scene: Scene, word: Word, says: str) -> None:
    must_not_pass(scene, "expect.alerts[0].resolves_within", word, says)


@pytest.mark.parametrize("scene", TWINS.values(), ids=TWINS)
def test_the_twin_passes(scene: Scene) -> None:
    must_pass(scene)
