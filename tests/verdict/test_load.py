"""Load that was not what was planned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.observations import LoadEnded, LoadMeasured, ThresholdResult
from simulator.units import SECOND
from simulator.verdict import Word
from tests.verdict.scene import (
    FAULT_END,
    ONSET,
    OUTAGE,
    PASSING,
    Scene,
    load_ended,
    must_not_pass,
    must_pass,
    no,
    totals,
)


def ending(**fields: object) -> Scene:
    """The passing run with another last word of the load generator."""
    return PASSING.without(no(LoadEnded)).plus(load_ended(**fields))


ROWS: dict[str, tuple[Scene, Word, str]] = {
    "load never ended": (PASSING.without(no(LoadEnded)), Word.UNOBSERVED, "totals never came"),
    "load was not measured": (PASSING.without(no(LoadMeasured)), Word.UNOBSERVED, "not measured"),
    "too little load": (ending(achieved_ratio=0.79), Word.UNOBSERVED, "load reached 79% of its plan"),
    "too much load": (ending(achieved_ratio=1.21), Word.UNOBSERVED, "load reached 121% of its plan"),
    "load's ratio is not a number": (ending(achieved_ratio=float("nan")), Word.UNOBSERVED, "load reached nan%"),
    "load's ratio is unknown": (ending(achieved_ratio=None), Word.UNOBSERVED, "nobody can say"),
    "the generator says that it failed": (ending(problem="a worker was lost"), Word.UNOBSERVED, "a worker was lost"),
    "no request was sent": (ending(overall=totals(0)), Word.UNOBSERVED, "no request was sent"),
    "the rate limiter answered": (ending(overall=totals(10_000, 101)), Word.UNOBSERVED, "were answered 429"),
    "load stood still for a while": (
        PASSING.each(
            lambda o: replace(o, requests=0) if no(LoadMeasured)(o) and ONSET < o.at_ms <= ONSET + 30 * SECOND else o
        ),
        Word.UNOBSERVED,
        "stood still from +2m to",
    ),
}

TWINS: dict[str, Scene] = {
    "an outage explains a lack of requests": OUTAGE.each(
        lambda o: replace(o, requests=0) if isinstance(o, LoadMeasured) and ONSET < o.at_ms <= FAULT_END else o
    ).each(lambda o: replace(o, achieved_ratio=0.6) if isinstance(o, LoadEnded) else o),
    "load at the edge of its tolerance": ending(achieved_ratio=0.8),
    "no load planned": PASSING.without(no(LoadEnded)).without(no(LoadMeasured)).given(load_planned=False),
    "a busy generator is a note": ending(worker_cpu_ratio=0.95),
}


@pytest.mark.parametrize(("scene", "word", "says"), ROWS.values(), ids=ROWS)
def test_a_run_whose_load_was_not_as_planned(scene: Scene, word: Word, says: str) -> None:
    must_not_pass(scene, "load", word, says)


@pytest.mark.parametrize("scene", TWINS.values(), ids=TWINS)
def test_the_twin_passes(scene: Scene) -> None:
    must_pass(scene)


def test_load_measured_in_an_outage_does_not_count() -> None:
    half = OUTAGE.each(lambda o: replace(o, requests=80) if isinstance(o, LoadMeasured) and o.at_ms <= ONSET else o)
    assert half.judged().load.achieved_ratio == pytest.approx((11 * 80 + 36 * 160) / (47 * 160))


LIMIT = {"thresholds": ["http p95 < 300ms"]}
KEPT = ThresholdResult("http p95 < 300ms", True, 0.2, "200ms", 5_000)


def limited(*results: ThresholdResult, **fields: object) -> Scene:
    return ending(thresholds=results, **fields).profiled(load=LIMIT)


def test_a_kept_threshold_is_met_and_told() -> None:
    must_pass(limited(KEPT))
    verdict = limited(KEPT).judged()
    assert ("load.thresholds[0]", Word.MET) in [(f.expectation, f.word) for f in verdict.findings]
    (claim,) = (claim.text for claim in verdict.claims if claim.title == "Load on something")
    assert claim.endswith("1 threshold judged")


def test_a_threshold_that_is_broken_fails_the_run() -> None:
    broken = replace(KEPT, met=False, observed=0.4, told="400ms")
    must_not_pass(limited(broken), "load.thresholds[0]", Word.BROKEN, "400ms over 5,000 requests")
    aborted = limited(broken, aborted_by=broken.text)
    must_not_pass(aborted, "load.thresholds[0]", Word.BROKEN, "the load was ended early")


def test_a_threshold_that_nobody_could_judge_is_inconclusive() -> None:
    few = replace(KEPT, met=None, reason="only 7 requests were timed")
    must_not_pass(limited(few), "load.thresholds[0]", Word.UNOBSERVED, "only 7 requests were timed")
    must_not_pass(limited(), "load.thresholds[0]", Word.UNOBSERVED, "the load's totals never came")
    busy = limited(KEPT, worker_cpu_ratio=0.95)
    must_not_pass(busy, "load.thresholds[0]", Word.UNOBSERVED, "95% of its core")
    unobserved = {one.expectation for one in limited(few).judged().findings if one.word is Word.UNOBSERVED}
    assert unobserved == {"load.thresholds[0]"}, "the load was as planned, so alerts can be judged all the same"
